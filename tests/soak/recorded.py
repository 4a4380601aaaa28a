"""The simulator's answers, played from memory: `python -m tests.soak.recorded`.

Where thousands of answers a second or megabytes a reader are wanted, the simulator itself would be
what limits the figures. Here it makes each answer once, for the first request with that `/sim`
line and that `sim-` credential, and its bytes are played to all others. Announces its address on
standard output, as the simulator does.
"""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h11

from cursor_api.simulator.cursor.responder import CursorResponder
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.plain import status_phrase
from cursor_api.simulator.request import RawRequest, join_headers
from cursor_api.simulator.steps import Data, Ending, Head, Pause, Step
from tests.soak.stand import run_fast

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
# What makes one answer different from another: a scripted credential, the first directive.
SCRIPT = re.compile(rb"\r\nauthorization: bearer (sim-[^\r]*)", re.IGNORECASE)
DIRECTIVE = b"/sim "
WRITE_BYTES = 65_536
LINGER_ZERO = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing for so long."""

    seconds: float


Act = bytes | Wait | Ending


class Recorder:
    """Knows the answers that were asked for so far."""

    def __init__(self) -> None:
        self._responder = CursorResponder(SimulatorOptions(requests_kept_max=1))
        self._known: dict[tuple[bytes, bytes], tuple[Act, ...]] = {}

    def acts(self, request: bytes) -> tuple[Act, ...]:
        """What to do for this whole request."""
        script = SCRIPT.search(request, 0, request.find(HEAD_END))
        at = request.find(DIRECTIVE)
        directive = b"" if at < 0 else request[at : request.find(b"\n", at)]
        key = (script[1] if script else b"", directive)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = tuple(_joined(self._record(request)))
        return known

    def _record(self, request: bytes) -> Iterator[Act]:
        http = h11.Connection(h11.SERVER)
        http.receive_data(request)
        head = http.next_event()
        assert isinstance(head, h11.Request), head
        body = bytearray()
        while isinstance(part := http.next_event(), h11.Data):
            body += part.data
        raw = RawRequest(
            head.method.decode(), head.target.decode(), join_headers(head.headers), bytes(body)
        )
        for step in self._responder.respond(raw).steps:
            yield from _acts_of(step, http)


def _acts_of(step: Step, http: h11.Connection) -> Iterator[Act]:
    match step:
        case Head():
            head = h11.Response(
                status_code=step.status,
                headers=list(step.headers),
                reason=status_phrase(step.status),
            )
            yield http.send(head) or b""
        case Data():
            yield http.send(h11.Data(data=step.data)) or b""
            if step.pace_s:
                yield Wait(step.pace_s)
        case Pause():
            if step.seconds:
                yield Wait(step.seconds)
        case Ending.COMPLETE:
            yield http.send(h11.EndOfMessage()) or b""
            yield step
        case _:
            yield step


def _joined(acts: Iterator[Act]) -> Iterator[Act]:
    """Bytes that leave together, as pieces of a size that a socket takes."""
    held = bytearray()
    for act in acts:
        if isinstance(act, bytes):
            held += act
        if held and (len(held) >= WRITE_BYTES or not isinstance(act, bytes)):
            yield bytes(held)
            held.clear()
        if not isinstance(act, bytes):
            yield act
    assert not held


class Player(asyncio.Protocol):
    """One connection: a whole request, its answer, the next request."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        # uvloop's transports are no subclass of asyncio's.
        self._transport: Any = None
        self._data = bytearray()
        self._need_bytes = 0
        self._acts: Iterator[Act] = iter(())
        self._is_paused = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what to write to."""
        self._transport = transport

    def connection_lost(self, _exc: Exception | None) -> None:
        """Play no further."""
        self._acts = iter(())
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        """The gateway does not read."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """It reads again."""
        self._is_paused = False
        if self._timer is None:
            self._play()

    def data_received(self, data: bytes) -> None:
        """More of a request."""
        self._data += data
        if not self._need_bytes:
            end = self._data.find(HEAD_END)
            if end < 0:
                return
            found = LENGTH.search(self._data, 0, end)
            self._need_bytes = end + len(HEAD_END) + (int(found[1]) if found else 0)
        if len(self._data) >= self._need_bytes:
            request = bytes(self._data[: self._need_bytes])
            del self._data[: self._need_bytes]
            self._need_bytes = 0
            self._acts = iter(self._recorder.acts(request))
            self._play()

    def _go_on(self) -> None:
        self._timer = None
        if not self._is_paused:
            self._play()

    def _play(self) -> None:
        for act in self._acts:
            if isinstance(act, bytes):
                self._transport.write(act)
                if self._is_paused:
                    return
            elif isinstance(act, Wait):
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(act.seconds, self._go_on)
                return
            else:
                self._end(act)

    def _end(self, ending: Ending) -> None:
        if ending is Ending.RESET:
            made: socket.socket = self._transport.get_extra_info("socket")
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
            self._transport.abort()
        elif ending is Ending.HALF_CLOSE:
            self._transport.write_eof()


async def serve() -> None:
    """Until SIGTERM."""
    loop = asyncio.get_running_loop()
    recorder = Recorder()
    server = await loop.create_server(lambda: Player(recorder), "127.0.0.1", 0, backlog=2048)
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await over.wait()
    server.close()


if __name__ == "__main__":
    run_fast(serve())
