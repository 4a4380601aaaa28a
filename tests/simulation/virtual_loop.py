"""asyncio on a clock that nobody waits for, over a network that is not there.

The loop is asyncio's own, with its own transports and timers. What is replaced is what lies under
it: the selector, which jumps to the next timer or arrival when nothing is ready, and the sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, TypeVar

from tests.simulation.virtual_network import (
    Address,
    Link,
    VirtualListener,
    VirtualNetwork,
    VirtualSocket,
)

Result = TypeVar("Result")

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class StandstillError(Exception):
    """Everybody waits, and nothing will ever happen."""


class VirtualSelector(selectors.BaseSelector):
    """Tells which virtual sockets are ready; with none, moves the time. Real ones never are."""

    def __init__(self, network: VirtualNetwork) -> None:
        self._network = network
        self._keys: dict[int, selectors.SelectorKey] = {}
        # Registered and ready when they were looked at last, in that order.
        self._ready: dict[int, None] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Look at a descriptor from now on."""
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = selectors.SelectorKey(fileobj, fd, events, data)
        self._keys[fd] = key
        self._network.changed[fd] = None
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Look at it no more; raises KeyError."""
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        self._ready.pop(fd, None)
        return self._keys.pop(fd)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """The same descriptor for other events."""
        return self.register(fileobj, events, data)

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        """What is known of a descriptor; raises KeyError."""
        return self._keys[fileobj if isinstance(fileobj, int) else fileobj.fileno()]

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """All of them."""
        return self._keys

    def close(self) -> None:
        """Forget all."""
        self._keys.clear()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now, or at the next moment at which something happens."""
        network = self._network
        network.deliver()
        found = self._look()
        if found or timeout == 0:
            return found
        arrival_at = network.next_arrival_at
        if timeout is None and arrival_at is None:
            raise StandstillError("everybody waits, and nothing will ever happen")
        moments = [arrival_at, None if timeout is None else network.now + timeout]
        network.now = min(moment for moment in moments if moment is not None)
        network.deliver()
        return self._look()

    def _look(self) -> list[tuple[selectors.SelectorKey, int]]:
        candidates = {**self._ready, **self._network.changed}
        self._network.changed.clear()
        self._ready = {}
        found = []
        for fd in candidates:
            key, one = self._keys.get(fd), self._network.sockets.get(fd)
            if key is None or one is None:
                continue
            events = (READ if one.is_readable else 0) | (WRITE if one.is_writable else 0)
            events &= key.events
            if events:
                self._ready[fd] = None
                found.append((key, events))
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which an hour costs what happens in it. There are no threads in there."""

    def __init__(self, network: VirtualNetwork) -> None:
        super().__init__(VirtualSelector(network))
        self.network = network
        # What `sock_connect` has connected: real sockets that stand for virtual ones.
        self._stand_ins: dict[int, VirtualSocket] = {}
        # Sums of floats miss a timer's moment by less than this.
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Seconds since the world began."""
        return self.network.now

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]  # none is run
        """Refuse: a thread runs on another clock."""
        raise AssertionError(f"{func} would run in a thread, {executor=}, {args=}")

    async def create_server(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], *address: Any, **more: Any
    ) -> asyncio.Server:
        """Listen on a virtual socket; port 0 takes a free one."""
        if address:
            host, port = address
            taken = self.network.listeners
            free = next(one for one in range(10_000, 20_000) if one not in taken)
            more["sock"] = VirtualListener(self.network, (host, port or free))
        return await super().create_server(protocol_factory, **more)

    async def create_connection(  # type: ignore[override]  # only what is used here
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], *address: Any, **more: Any
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Connect, to an address or with a socket that `sock_connect` has connected."""
        given: socket.socket | None = more.pop("sock", None)
        if given is not None:
            made = self._stand_ins.pop(given.fileno())
            given.close()
        else:
            made = await self._connect((address or (more.pop("host"), more.pop("port")))[1])
        # A virtual socket is one for all that asyncio asks of it.
        return await super().create_connection(protocol_factory, sock=made, **more)  # type: ignore[call-overload,no-any-return]

    async def sock_connect(self, sock: socket.socket, address: Address) -> None:  # type: ignore[override]  # no other kind here
        """Connect a virtual socket in the place of a real one; raises OSError."""
        self._stand_ins[sock.fileno()] = await self._connect(address[1])

    async def _connect(self, port: int) -> VirtualSocket:
        link = self.network.link_to(port)
        await asyncio.sleep(2 * link.latency_s)
        if self.network.closed_ports.get(port) is False:
            await asyncio.Event().wait()
        return self.network.connect(port, link)


@contextlib.contextmanager
def virtual_time(network: VirtualNetwork) -> Iterator[asyncio.Runner]:
    """A runner in virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(network)) as runner:
        yield runner


def run_virtually(main: Coroutine[Any, Any, Result], link: Link | None = None) -> Result:
    """Run it in virtual time, in a network whose connections are all alike."""
    with virtual_time(VirtualNetwork(1, lambda _port, _chance: link or Link())) as runner:
        return runner.run(main)
