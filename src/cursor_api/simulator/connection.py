"""One connection of the simulator: HTTP/1.1 by h11, and a hand on the socket under it.

h11 parses requests and frames answers; this file decides when bytes leave and how the connection
ends. Rules: a connection serves one request after another; while an answer is played the other
side is watched, so its leaving ends the answer at once; nothing is waited for without bound.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterable

import h11

from cursor_api.simulator.kind import PlannedAnswer
from cursor_api.simulator.ledger import Ledger, PlayedAnswer, PlayOutcome
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.plain import TEXT_MEDIA_TYPE, plain_answer, status_phrase
from cursor_api.simulator.request import RawRequest, join_headers
from cursor_api.simulator.steps import Data, Ending, Head, Pause, Step

READ_BYTES = 64 * 1024
# A whole header block, or requests sent ahead; about what real load balancers allow.
HEADERS_BYTES_MAX = 64 * 1024
# After a close or a half-close the other side gets this long to close too.
CLOSE_WAIT_S = 5.0
# SO_LINGER on, with a time of zero: closing sends RST.
_LINGER_ZERO = struct.pack("ii", 1, 0)


class Connection:
    """Serves one client until either side has had enough."""

    def __init__(
        self,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        respond: Callable[[RawRequest], PlannedAnswer],
        ledger: Ledger,
        options: SimulatorOptions,
    ) -> None:
        self._reader, self._writer = streams
        self._respond = respond
        self._ledger = ledger
        self._options = options
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEADERS_BYTES_MAX)
        self._body_bytes = 0
        self._due_at = 0.0
        # With this, what was written has left when drain() returns: a reset overtakes no data.
        # (Not 0: asyncio's TLS then pauses on an empty buffer and never resumes.)
        self._writer.transport.set_write_buffer_limits(high=1)

    def __repr__(self) -> str:
        states = f"client {self._http.their_state}, server {self._http.our_state}"
        return f"<Connection {states}, wrote {self._body_bytes} bytes of the body>"

    async def serve(self) -> None:
        """Answer requests until the connection is over; raises nothing but cancellation."""
        try:
            while request := await self._read_request():
                if not await self._answer(self._respond(request)):
                    return
                self._http.start_next_cycle()
        except h11.RemoteProtocolError as error:
            await self._refuse(error)
        except OSError:
            # A lost connection or a time-out: there is nobody left to tell.
            return
        except asyncio.CancelledError:
            self._writer.transport.abort()
            raise
        finally:
            self._writer.close()
            with contextlib.suppress(OSError):
                async with asyncio.timeout(CLOSE_WAIT_S):
                    await self._writer.wait_closed()

    async def _read_request(self) -> RawRequest | None:
        """The next whole request; None when the client has closed instead."""
        async with asyncio.timeout(self._options.idle_timeout_s):
            request = await self._next_event()
        if not isinstance(request, h11.Request):
            return None
        body = bytearray()
        is_oversized = False
        async with asyncio.timeout(self._options.request_timeout_s):
            while isinstance(part := await self._next_event(), h11.Data):
                is_oversized |= len(body) + len(part.data) > self._options.request_bytes_max
                if not is_oversized:
                    body += part.data
        return RawRequest(
            method=request.method.decode("latin-1"),
            target=request.target.decode("latin-1"),
            headers=join_headers(request.headers),
            body=bytes(body),
            is_oversized=is_oversized,
        )

    async def _next_event(self) -> h11.Event:
        while not isinstance(event := self._http.next_event(), h11.Event):
            # Else it is PAUSED, which h11 gives only while an answer is owed, and none is here.
            assert event is h11.NEED_DATA, event  # noqa: S101 - a broken rule of this file
            if self._http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                self._writer.write(self._http.send(go_on) or b"")
            self._http.receive_data(await self._reader.read(READ_BYTES))
        return event

    async def _answer(self, answer: PlannedAnswer) -> bool:
        """Play the answer; whether the connection can serve another request."""
        self._body_bytes = 0
        outcome = PlayOutcome.CLIENT_LEFT
        self._ledger.begin()
        playing = asyncio.create_task(self._play(answer.steps))
        watching = asyncio.create_task(self._watch())
        try:
            await asyncio.wait({playing, watching}, return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                ending = playing.result()
                outcome = PlayOutcome.PLAYED
                if ending is Ending.HALF_CLOSE:
                    await asyncio.wait({watching}, timeout=CLOSE_WAIT_S)
                return ending is Ending.COMPLETE and self._http.our_state is h11.DONE
            return False
        finally:
            for task in (playing, watching):
                task.cancel()
            await asyncio.gather(playing, watching, return_exceptions=True)
            self._ledger.end(
                PlayedAnswer(answer.ordinal, outcome, answer.mishaps, self._body_bytes)
            )

    async def _watch(self) -> None:
        """Return when the other side has closed, or sends more ahead than it may."""
        ahead_bytes = 0
        with contextlib.suppress(OSError):
            while data := await self._reader.read(READ_BYTES):
                # Kept in any case: where the answer has ended meanwhile, it is the next request's.
                self._http.receive_data(data)
                ahead_bytes += len(data)
                if ahead_bytes > HEADERS_BYTES_MAX:
                    return

    async def _play(self, steps: Iterable[Step]) -> Ending:
        for step in steps:
            match step:
                case Head():
                    reason = status_phrase(step.status)
                    head = h11.Response(
                        status_code=step.status, headers=list(step.headers), reason=reason
                    )
                    await self._send(head)
                case Data():
                    await self._send(h11.Data(data=step.data))
                    self._body_bytes += len(step.data)
                    await self._keep_pace(step.pace_s)
                case Pause():
                    if step.seconds:
                        await asyncio.sleep(step.seconds)
                case Ending():
                    await self._end(step)
                    return step
        raise AssertionError("an answer's steps have no ending")

    async def _send(self, event: h11.Event) -> None:
        self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()
        # A drain that finds the socket free does not yield, and a fast answer would starve others.
        await asyncio.sleep(0)

    async def _keep_pace(self, pace_s: float) -> None:
        """Wait as long as the model takes, measured from when it should have begun."""
        if pace_s:
            now = asyncio.get_running_loop().time()
            # At most one frame late: a stall is not made up for by a burst.
            self._due_at = max(self._due_at, now - pace_s) + pace_s
            await asyncio.sleep(self._due_at - now)

    async def _end(self, ending: Ending) -> None:
        match ending:
            case Ending.COMPLETE:
                await self._send(h11.EndOfMessage())
            case Ending.RESET:
                self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
                self._writer.transport.abort()
            case Ending.HALF_CLOSE:
                if self._writer.can_write_eof():
                    self._writer.write_eof()

    def _socket(self) -> socket.socket:
        found: socket.socket = self._writer.get_extra_info("socket")
        return found

    async def _refuse(self, error: h11.RemoteProtocolError) -> None:
        """Answer what is not HTTP, if an answer can still be sent, and let the client read it."""
        if self._http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        headers = (("content-type", TEXT_MEDIA_TYPE), ("connection", "close"))
        with contextlib.suppress(OSError):
            await self._play(plain_answer(error.error_status_hint, str(error).encode(), *headers))
