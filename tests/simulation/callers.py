"""The clients of a simulated gateway, and what each of them saw, byte by byte.

They speak raw HTTP over sockets, so that what they report is what was on the wire.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import gzip
import json
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import h11

from tests.simulation.accounts import token_of
from tests.simulation.plan import BODY_BYTES_MAX, Call, Flaw, Manner, Visit

PATH = "/v1/chat/completions"
TAG_HEADER = "x-tag"
WRONG_KEY = "a-key-that-nobody-has-0123456789"
# What a reader of this world holds before it stops its socket.
HELD_BYTES_MAX = 512


class End(enum.Enum):
    """How a request ended for its client."""

    WHOLE = "a whole response"
    CUT = "a connection that ended before its response"
    LEFT = "its own leaving"
    NO_CONNECTION = "no connection"


@dataclass(slots=True)
class Seen:
    """What a client saw of one request. Instants are seconds of the world's time."""

    call: Call
    began_at: float
    end: End = End.CUT
    ended_at: float = 0.0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)

    @property
    def is_event_stream(self) -> bool:
        """Whether an answer has begun as a stream."""
        return self.headers.get("content-type", "").startswith("text/event-stream")


def question_of(call: Call) -> str:
    """What a request asks; its tag is in front."""
    return f"{call.tag}: tell me a story, 讲个故事 {'x' * (call.tag % 7)}"


def find_tag(question: str) -> int:
    """The tag of a question."""
    return int(question.partition(":")[0])


# As clients do: a server may give up an older connection at the moment in which it is used again.
REUSED_S = 60.0


class Client:
    """One connection to the gateway, and the requests on it."""

    def __init__(self, port: int, note: Callable[[Seen], None]) -> None:
        self._port = port
        self._note = note
        self._loop = asyncio.get_running_loop()
        self._opened_at = 0.0
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def visit(self, visit: Visit) -> None:
        """All requests of a visit; a connection that is gone is made anew."""
        http: h11.Connection | None = None
        for call in visit.calls:
            await asyncio.sleep(call.wait_s)
            seen = Seen(call, self._loop.time())
            is_old = self._loop.time() - self._opened_at > REUSED_S
            if http is not None and (is_old or self._reader.at_eof()):
                self._writer.close()
                http = None
            if http is None:
                try:
                    self._reader, self._writer = await asyncio.open_connection(
                        "127.0.0.1", self._port, limit=HELD_BYTES_MAX
                    )
                except OSError:
                    self._finish(seen, End.NO_CONNECTION)
                    continue
                self._opened_at = self._loop.time()
                http = h11.Connection(h11.CLIENT)
            is_kept = await self._call(http, seen)
            if is_kept:
                http.start_next_cycle()
            else:
                http = None
        if http is not None:
            self._writer.close()

    async def _call(self, http: h11.Connection, seen: Seen) -> bool:
        """One request; whether the connection can take another one."""
        call = seen.call
        try:
            async with asyncio.timeout(call.leaves_after_s):
                is_kept = await self._exchange(http, seen)
        except TimeoutError:
            self._leave(call)
            self._finish(seen, End.LEFT)
            return False
        except (OSError, h11.RemoteProtocolError):
            self._leave(call)
            self._finish(seen, End.CUT)
            return False
        if not is_kept:
            self._leave(call)
        return is_kept

    async def _exchange(self, http: h11.Connection, seen: Seen) -> bool:
        sending = asyncio.create_task(self._send(http, seen.call))
        try:
            is_kept = await self._receive(http, seen)
            return is_kept and sending.done()
        finally:
            sending.cancel()
            # The answer, or its absence, is what counts: sending may fail in its own way.
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await sending

    async def _send(self, http: h11.Connection, call: Call) -> None:
        head, body = _render(http, call)
        self._writer.write(head)
        if call.manner is Manner.DRIBBLED or call.flaw is Flaw.HALF_SENT:
            if call.flaw is Flaw.HALF_SENT:
                body = body[: len(body) // 2]
            step = max(1, len(body) // 5)
            for at in range(0, len(body), step):
                self._writer.write(body[at : at + step])
                await asyncio.sleep(0.2)
        else:
            self._writer.write(body)
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    async def _receive(self, http: h11.Connection, seen: Seen) -> bool:
        call = seen.call
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                if call.read_pause_s and seen.status is not None:
                    await asyncio.sleep(call.read_pause_s)
                http.receive_data(await self._reader.read(call.read_bytes))
            elif isinstance(event, h11.Response):
                seen.status = event.status_code
                seen.headers = {name.decode(): value.decode() for name, value in event.headers}
            elif isinstance(event, h11.Data):
                seen.body += event.data
                if (
                    call.leaves_after_bytes is not None
                    and len(seen.body) >= call.leaves_after_bytes
                ):
                    self._finish(seen, End.LEFT)
                    return False
            elif isinstance(event, h11.EndOfMessage):
                self._finish(seen, End.WHOLE)
                is_done = http.our_state is h11.DONE and http.their_state is h11.DONE
                return is_done and call.flaw is not Flaw.HALF_SENT
            else:
                # The other side closed before it said anything.
                self._finish(seen, End.CUT)
                return False

    def _leave(self, call: Call) -> None:
        if call.leaves_rudely:
            made = self._writer.get_extra_info("socket")
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
        else:
            self._writer.close()

    def _finish(self, seen: Seen, end: End) -> None:
        seen.end, seen.ended_at = end, self._loop.time()
        self._note(seen)


def _render(http: h11.Connection, call: Call) -> tuple[bytes, bytes]:
    """Head and body, as they go onto the wire."""
    body = _body(call)
    headers = {"host": "gateway", "content-type": "application/json", TAG_HEADER: str(call.tag)}
    if call.flaw is not Flaw.NO_KEY:
        headers["authorization"] = f"Bearer {_key(call)}"
    if call.pinned or call.flaw is Flaw.WRONG_PIN:
        headers["x-credential"] = call.pinned if call.flaw is Flaw.NONE else "nobody"  # type: ignore[assignment]  # set here
    if call.conversation:
        headers["x-conversation-id"] = call.conversation
    if call.manner is Manner.GZIP:
        headers["content-encoding"] = "gzip"
        body = gzip.compress(body, mtime=0)
    if call.manner is Manner.CHUNKED:
        headers["transfer-encoding"] = "chunked"
    else:
        headers["content-length"] = str(len(body))
    method = "GET" if call.flaw is Flaw.GET else "POST"
    head = http.send(h11.Request(method=method, target=PATH, headers=list(headers.items())))
    sent = (http.send(h11.Data(data=body)) or b"") + (http.send(h11.EndOfMessage()) or b"")
    return head or b"", sent


def _key(call: Call) -> str:
    if call.flaw is Flaw.WRONG_KEY:
        return WRONG_KEY
    return ",".join(f"{alias}::{token_of(alias)}" for alias in call.own) or call.key


def _body(call: Call) -> bytes:
    messages = [{"role": "user", "content": question_of(call)}]
    if call.tag % 3 == 0:
        messages.insert(0, {"role": "system", "content": "Be brief."})
    if call.flaw is Flaw.TOO_LARGE:
        messages[-1]["content"] += "y" * BODY_BYTES_MAX
    model = "gpt-44o" if call.flaw is Flaw.WRONG_MODEL else call.model
    body: dict[str, Any] = {"model": model, "messages": messages, "stream": call.is_stream}
    if call.is_stream and call.includes_usage:
        body["stream_options"] = {"include_usage": True}
    if call.flaw is Flaw.NO_MESSAGES:
        del body["messages"]
    encoded = json.dumps(body, ensure_ascii=False).encode()
    return encoded[:-1] if call.flaw is Flaw.BAD_JSON else encoded
