"""A network without a kernel: sockets as asyncio uses them, on a clock that the loop owns.

Rules of this file:
- What asyncio's own transports see is what Linux shows them: short writes when buffers are full,
  bytes and no messages, FIN and RST behind the bytes sent before them, an RST for whoever closes
  with unread bytes or writes to a socket that is gone. test_virtual_network.py holds that against
  the kernel.
- Chance comes from one seed and a connection's number, so that one connection more changes nothing
  for the others.
"""

from __future__ import annotations

import errno
import heapq
import random
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Address = tuple[str, int]

# Behind all real descriptors, so that neither is taken for the other.
FD_FIRST = 1 << 20
CLIENT_PORT_FIRST = 40_000


@dataclass(frozen=True, slots=True)
class Link:
    """How a connection behaves, each way.

    `latency_s` from a send to its arrival. `buffer_bytes` is what may be under way or unread.
    With `is_choppy` reads give fewer bytes than there are, as small segments do.
    """

    latency_s: float = 0.0
    buffer_bytes: int = 1 << 16
    is_choppy: bool = False


class _Mark:
    """What travels behind the bytes: an orderly end, or none."""


FIN, RST = _Mark(), _Mark()


class VirtualSocket:
    """One end of a connection, as non-blocking as its kin."""

    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    def __init__(self, network: VirtualNetwork, link: Link, chance: random.Random) -> None:
        self._network = network
        self._link = link
        self._chance = chance
        self._fd = network.add(self)
        self._inbox: deque[bytes | _Mark] = deque()
        self._arrived_count = 0
        self._held_bytes = 0
        self._is_closed = self._is_write_shut = self._is_reset = False
        self._lingers = True
        self._is_write_awaited = False
        self.peer: VirtualSocket
        self.name: Address
        self.peer_name: Address

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else f"holds {self._held_bytes} bytes"
        return f"<VirtualSocket {self.name} of {self.peer_name}, {state}>"

    def fileno(self) -> int:
        """Its number; -1 once closed."""
        return -1 if self._is_closed else self._fd

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - a socket's signature
        """Only False is possible."""
        assert not flag

    def getsockname(self) -> Address:
        """Its own address."""
        return self.name

    def getpeername(self) -> Address:
        """The other side's."""
        return self.peer_name

    def getsockopt(self, _level: int, _option: int) -> int:
        """No error is pending, ever: it is raised where it is met."""
        return 0

    def setsockopt(self, _level: int, option: int, value: Any) -> None:
        """SO_LINGER with a time of zero makes a close a reset; others change nothing here."""
        if option == socket.SO_LINGER:
            self._lingers = struct.unpack("ii", value) != (1, 0)

    @property
    def is_readable(self) -> bool:
        """Whether recv() has something to say."""
        return self._arrived_count > 0 or self._is_reset

    @property
    def is_writable(self) -> bool:
        """Whether send() would take a byte, or fail."""
        return self._is_reset or self.peer._is_closed or self._room() > 0

    def recv(self, size_bytes: int) -> bytes:
        """What has arrived; b"" at the orderly end. Raises BlockingIOError, ConnectionError."""
        self._require_open()
        if self._arrived_count == 0 or (self._is_reset and self._inbox[0] is FIN):
            if self._is_reset:
                raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
            raise BlockingIOError(errno.EAGAIN, "nothing has arrived")
        if self._inbox[0] is FIN:
            return b""
        if self._link.is_choppy:
            size_bytes = min(size_bytes, self._chance.choice((1, 7, 100, 4000)))
        return self._take(size_bytes)

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Give as many bytes as there is room for. Raises BlockingIOError, ConnectionError."""
        self._require_open()
        if self._is_reset:
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        if self._is_write_shut:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        if self.peer._is_closed:
            # There is nobody any more, which the sender learns from the answer to these bytes.
            self._network.carry(self, RST, 2 * self._link.latency_s)
            return len(data)
        room = self._room()
        if room <= 0:
            raise BlockingIOError(errno.EAGAIN, "no room")
        taken = bytes(data[:room])
        self.peer._held_bytes += len(taken)
        self._network.note_bytes(self, taken)
        self._network.carry(self.peer, taken, self._link.latency_s)
        return len(taken)

    def sendmsg(self, buffers: Iterable[bytes | bytearray | memoryview]) -> int:
        """Like send(), of several pieces: what asyncio uses from Python 3.12 on."""
        return self.send(b"".join(buffers))

    def shutdown(self, how: int) -> None:
        """An orderly end of the own bytes."""
        self._require_open()
        assert how == socket.SHUT_WR
        if not self._is_write_shut:
            self._is_write_shut = True
            self._network.carry(self.peer, FIN, self._link.latency_s)

    def close(self) -> None:
        """An end of both ways; bytes that nobody read make it a reset."""
        if self._is_closed:
            return
        self._is_closed = True
        self._network.remove(self)
        has_unread = any(isinstance(item, bytes) for item in self._inbox)
        if has_unread or not self._lingers:
            self._network.carry(self.peer, RST, self._link.latency_s)
        elif not self._is_write_shut:
            self._network.carry(self.peer, FIN, self._link.latency_s)
        self._inbox.clear()
        self._network.note_change(self.peer)

    def arrive(self, item: bytes | _Mark) -> None:
        """Only for the network: something is here now."""
        if self._is_closed:
            if isinstance(item, bytes):
                self._network.carry(self.peer, RST, self._link.latency_s)
            return
        if item is RST:
            self._is_reset = True
        else:
            self._arrived_count += 1
        self._network.note_change(self)

    def queue(self, item: bytes | _Mark) -> None:
        """Only for the network: something is on its way. A reset overtakes nothing."""
        if item is not RST:
            self._inbox.append(item)

    def _room(self) -> int:
        return self._link.buffer_bytes - self.peer._held_bytes

    def _require_open(self) -> None:
        if self._is_closed:
            raise OSError(errno.EBADF, "Bad file descriptor")

    def _take(self, size_bytes: int) -> bytes:
        pieces: list[bytes] = []
        while size_bytes > 0 and self._arrived_count:
            piece = self._inbox[0]
            if isinstance(piece, _Mark):
                break
            if len(piece) > size_bytes:
                self._inbox[0] = piece[size_bytes:]
                piece = piece[:size_bytes]
            else:
                self._inbox.popleft()
                self._arrived_count -= 1
            pieces.append(piece)
            size_bytes -= len(piece)
        data = b"".join(pieces)
        self._held_bytes -= len(data)
        self._network.note_change(self)
        self._network.note_change(self.peer)
        return data


class VirtualListener:
    """A listening socket."""

    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP
    is_writable = False

    def __init__(self, network: VirtualNetwork, name: Address) -> None:
        self._network = network
        self._name = name
        self._fd = network.add(self)
        self._waiting: deque[VirtualSocket] = deque()
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<VirtualListener {self._name}, {len(self._waiting)} waiting>"

    def fileno(self) -> int:
        """Its number; -1 once closed."""
        return -1 if self._is_closed else self._fd

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - a socket's signature
        """Only False is possible."""
        assert not flag

    def getsockname(self) -> Address:
        """Its address."""
        return self._name

    def listen(self, _backlog_count: int) -> None:
        """Connections are accepted from now on."""
        self._network.listeners[self._name[1]] = self

    @property
    def is_readable(self) -> bool:
        """Whether accept() has somebody."""
        return bool(self._waiting)

    def accept(self) -> tuple[VirtualSocket, Address]:
        """The next connection; raises BlockingIOError."""
        if not self._waiting:
            raise BlockingIOError(errno.EAGAIN, "nobody is waiting")
        made = self._waiting.popleft()
        self._network.note_change(self)
        return made, made.peer_name

    def enter(self, made: VirtualSocket) -> None:
        """Only for the network: somebody has connected."""
        self._waiting.append(made)
        self._network.note_change(self)

    def close(self) -> None:
        """Nobody connects any more; who waits is reset."""
        if self._is_closed:
            return
        self._is_closed = True
        self._network.listeners.pop(self._name[1], None)
        self._network.remove(self)
        for made in self._waiting:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            made.close()


class VirtualNetwork:
    """All sockets, what is on its way between them, and the time.

    `choose_link` gives a new connection's manners from its port and a chance of its own.
    """

    def __init__(self, seed: object, choose_link: Callable[[int, random.Random], Link]) -> None:
        self.now = 0.0
        self.listeners: dict[int, VirtualListener] = {}
        self.sockets: dict[int, VirtualSocket | VirtualListener] = {}
        # What changed since the selector looked last, by descriptor, in the order of the changes.
        self.changed: dict[int, None] = {}
        # Ports that nobody answers at: True refuses, False lets wait.
        self.closed_ports: dict[int, bool] = {}
        # Sees every byte that is sent: the port of the connection's server, whether from it, bytes.
        self.tap: Callable[[int, bool, bytes], None] | None = None
        self.connection_count = 0
        self._seed = seed
        self._choose_link = choose_link
        self._fd = FD_FIRST
        self._sequence = 0
        self._under_way: list[tuple[float, int, VirtualSocket, bytes | _Mark]] = []

    def __repr__(self) -> str:
        return f"<VirtualNetwork at {self.now:.3f} s, {len(self.sockets)} sockets>"

    def add(self, made: VirtualSocket | VirtualListener) -> int:
        """Only for sockets: a descriptor."""
        self._fd += 1
        self.sockets[self._fd] = made
        return self._fd

    def remove(self, gone: VirtualSocket | VirtualListener) -> None:
        """Only for sockets: one is closed."""
        del self.sockets[gone._fd]
        self.changed.pop(gone._fd, None)

    def note_change(self, of: VirtualSocket | VirtualListener) -> None:
        """Only for sockets: what can be done with one may have changed."""
        self.changed[of._fd] = None

    def note_bytes(self, sender: VirtualSocket, data: bytes) -> None:
        """Only for sockets: bytes were sent."""
        if self.tap is not None:
            is_server = sender.peer_name[1] >= CLIENT_PORT_FIRST
            self.tap((sender.name if is_server else sender.peer_name)[1], is_server, data)

    def carry(self, to: VirtualSocket, item: bytes | _Mark, latency_s: float) -> None:
        """Only for sockets: bring something to the other side."""
        to.queue(item)
        if latency_s == 0:
            to.arrive(item)
            return
        self._sequence += 1
        heapq.heappush(self._under_way, (self.now + latency_s, self._sequence, to, item))

    def deliver(self) -> None:
        """Bring what is due by now."""
        while self._under_way and self._under_way[0][0] <= self.now:
            _, _, to, item = heapq.heappop(self._under_way)
            to.arrive(item)

    @property
    def next_arrival_at(self) -> float | None:
        """When the next thing arrives; None when nothing is on its way."""
        return self._under_way[0][0] if self._under_way else None

    def link_to(self, port: int) -> Link:
        """The manners of the next connection to a port."""
        return self._choose_link(port, self._chance())

    def connect(self, port: int, link: Link) -> VirtualSocket:
        """Both ends of a new connection, of which the caller gets his; raises OSError."""
        listener = self.listeners.get(port)
        if listener is None or self.closed_ports.get(port):
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        mine, theirs = (VirtualSocket(self, link, self._chance(side)) for side in ("a", "b"))
        mine.peer, theirs.peer = theirs, mine
        mine.name = theirs.peer_name = ("127.0.0.1", CLIENT_PORT_FIRST + self.connection_count)
        mine.peer_name = theirs.name = listener.getsockname()
        self.connection_count += 1
        listener.enter(theirs)
        return mine

    def _chance(self, side: str = "") -> random.Random:
        return random.Random(f"{self._seed}/{self.connection_count}/{side}")
