"""One connection of the simulator: HTTP/1.1, and a hand on the socket under it.

`framing` reads requests and frames answers; this file decides when bytes leave and how the
connection ends. Rules: a connection serves one request after another; while an answer is played the
other side is watched, so its leaving ends the answer at once; nothing is waited for without bound.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterable

from cursor_api.simulator.framing import (
    GO_ON,
    HEADERS_BYTES_MAX,
    AnswerFrame,
    NotHttpError,
    RequestHead,
    Requests,
)
from cursor_api.simulator.kind import PlannedAnswer
from cursor_api.simulator.ledger import Ledger, PlayedAnswer, PlayOutcome
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.plain import TEXT_MEDIA_TYPE, plain_answer, status_phrase
from cursor_api.simulator.request import RawRequest, join_headers
from cursor_api.simulator.steps import Data, Ending, Head, Pause, Step

READ_BYTES = 64 * 1024
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
        self._requests = Requests()
        self._frame = AnswerFrame(None)
        self._body_bytes = 0
        self._due_at = 0.0
        # With this, what was written has left when drain() returns: a reset overtakes no data.
        # (Not 0: asyncio's TLS then pauses on an empty buffer and never resumes.)
        self._writer.transport.set_write_buffer_limits(high=1)

    def __repr__(self) -> str:
        ahead = f"{self._requests.ahead_bytes} bytes ahead"
        return f"<Connection {ahead}, wrote {self._body_bytes} bytes of the body>"

    async def serve(self) -> None:
        """Answer requests until the connection is over; raises nothing but cancellation."""
        try:
            while request := await self._read_request():
                if not await self._answer(self._respond(request)):
                    return
        except NotHttpError as error:
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
            head = await self._read_head()
        if head is None:
            return None
        body = bytearray()
        is_oversized = False
        async with asyncio.timeout(self._options.request_timeout_s):
            while piece := await self._read_piece(head):
                is_oversized |= len(body) + len(piece) > self._options.request_bytes_max
                if not is_oversized:
                    body += piece
        self._frame = AnswerFrame(head)
        return RawRequest(
            method=head.method.decode("latin-1"),
            target=head.target.decode("latin-1"),
            headers=join_headers(head.headers),
            body=bytes(body),
            is_oversized=is_oversized,
        )

    async def _read_head(self) -> RequestHead | None:
        self._frame = AnswerFrame(None)
        try:
            while (head := self._requests.take_head()) is None:
                self._requests.feed(await self._reader.read(READ_BYTES))
        except EOFError:
            return None
        return head

    async def _read_piece(self, head: RequestHead) -> bytes:
        """The next of the body, b"" at its end."""
        is_expecting = head.is_expecting
        while (piece := self._requests.take_piece()) is None:
            if is_expecting:
                is_expecting = False
                self._writer.write(GO_ON)
            self._requests.feed(await self._reader.read(READ_BYTES))
        return piece

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
                return ending is Ending.COMPLETE and self._frame.is_kept
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
                self._requests.feed(data)
                ahead_bytes += len(data)
                if ahead_bytes > HEADERS_BYTES_MAX:
                    return

    async def _play(self, steps: Iterable[Step]) -> Ending:
        for step in steps:
            match step:
                case Head():
                    phrase = status_phrase(step.status)
                    await self._send(self._frame.head(step.status, phrase, step.headers))
                case Data():
                    await self._send(self._frame.data(step.data))
                    self._body_bytes += len(step.data)
                    await self._keep_pace(step.pace_s)
                case Pause():
                    if step.seconds:
                        await asyncio.sleep(step.seconds)
                case Ending():
                    await self._end(step)
                    return step
        raise AssertionError("an answer's steps have no ending")

    async def _send(self, data: bytes) -> None:
        self._writer.write(data)
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
                await self._send(self._frame.end())
            case Ending.RESET:
                self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
                self._writer.transport.abort()
            case Ending.HALF_CLOSE:
                if self._writer.can_write_eof():
                    self._writer.write_eof()

    def _socket(self) -> socket.socket:
        found: socket.socket = self._writer.get_extra_info("socket")
        return found

    async def _refuse(self, error: NotHttpError) -> None:
        """Answer what is not HTTP, and let the client read it."""
        self._frame = AnswerFrame(None)
        headers = (("content-type", TEXT_MEDIA_TYPE), ("connection", "close"))
        with contextlib.suppress(OSError):
            await self._play(plain_answer(error.status, str(error).encode(), *headers))
