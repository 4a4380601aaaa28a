"""An upstream and a load generator that need nothing but Python, for the check in CI.

Both live on one event loop, in one process of their own, so what they cost is not in the measured
program's CPU time. They are too slow to measure speed with: `python -m bench` has C tools.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import ssl
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Self, TypeVar

# One of these in each frame's text and nowhere else: counting it survives any split of the bytes.
FRAME_MARK = "~"
TEXT = f"{FRAME_MARK} twenty bytes of it"
END_OF_REQUEST = b"\r\n\r\n"
END_OF_CHUNKS = b"\r\n0\r\n\r\n"
# A request of ours ends here; so does the prompt, which carries the work.
WORK_MARK = b"@@"


Result = TypeVar("Result")


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run on uvloop where there is one, as the gateway does."""
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if importlib.util.find_spec("uvloop"):
        import uvloop  # noqa: PLC0415 - not installed everywhere (Windows)

        loop_factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main)


def _chunk(payload: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(payload), payload)


def _envelope(flags: int, payload: bytes) -> bytes:
    return bytes([flags]) + len(payload).to_bytes(4, "big") + payload


def _head(content_type: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode()


def _event(value: dict[str, object], name: str = "") -> bytes:
    line = f"event: {name}\n" if name else ""
    return f"{line}data: {json.dumps(value)}\n\n".encode()


LAST_CHUNK = b"0\r\n\r\n"


class Wire(NamedTuple):
    """What an answer is made of. `whole` is one in one piece, where that is another thing."""

    head: bytes
    begin: bytes
    frame: bytes
    end: bytes
    whole: bytes = b""


def _openai() -> Wire:
    same: dict[str, object] = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "bench",
    }

    def chunk(delta: dict[str, str], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return _event({**same, "choices": [choice]})

    usage = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
    end = chunk({}, "stop") + _event({**same, "choices": [], "usage": usage})
    message = {"role": "assistant", "content": TEXT}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = json.dumps({**same, "choices": [choice], "usage": usage}).encode()
    return Wire(
        _head("text/event-stream"),
        _chunk(chunk({"role": "assistant", "content": ""})),
        _chunk(chunk({"content": TEXT})),
        _chunk(end + b"data: [DONE]\n\n") + LAST_CHUNK,
        _head("application/json") + _chunk(body) + LAST_CHUNK,
    )


def _anthropic() -> Wire:
    def event(kind: str, **fields: object) -> bytes:
        return _event({"type": kind, **fields}, kind)

    usage = {"input_tokens": 9, "output_tokens": 1}
    message = {"id": "msg_1", "role": "assistant", "model": "bench", "content": [], "usage": usage}
    text = {"type": "text", "text": ""}
    end = event("content_block_stop", index=0)
    end += event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 5})
    return Wire(
        _head("text/event-stream"),
        _chunk(
            event("message_start", message=message)
            + event("content_block_start", index=0, content_block=text)
        ),
        _chunk(event("content_block_delta", index=0, delta={"type": "text_delta", "text": TEXT})),
        _chunk(end + event("message_stop")) + LAST_CHUNK,
    )


STREAM_CHAT = Wire(
    b"HTTP/1.1 200 OK\r\nContent-Type: application/connect+proto\r\n"
    b"Connect-Content-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"",
    _chunk(_envelope(0, bytes([0x0A, len(TEXT)]) + TEXT.encode())),
    _chunk(_envelope(2, b"{}")) + LAST_CHUNK,
)
# By the path of a request.
WIRES = {b"/v1/chat/completions": _openai(), b"/v1/messages": _anthropic()}
STREAMED = b'"stream":true'


def chat_body(frames: int, *, is_stream: bool) -> bytes:
    """A chat request that this upstream answers with so many frames."""
    stream = b',"stream":true' if is_stream else b""
    return b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"@@%d@@"}]%b}' % (
        frames,
        stream,
    )


class Upstream:
    """Answers chats: one-frame answers at once, longer ones a frame at each turn of a wheel.

    The wheel has as many places as an interval has milliseconds, so that streams which began
    together do not all tick together. Each answer is its connection's last unless `is_kept`.
    """

    def __init__(
        self, interval_ms: int, tls: ssl.SSLContext | None = None, *, is_kept: bool = True
    ) -> None:
        self._tls = tls
        self.is_kept = is_kept
        self._wheel: list[set[_Downstream]] = [set() for _ in range(interval_ms)]
        self._joined_count = 0
        self._turning: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        """Listen on a free port of the loopback address."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Downstream(self), "127.0.0.1", 0, backlog=1024, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._turning = loop.create_task(self._turn())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        if self._turning:
            self._turning.cancel()
        if self._server:
            self._server.close()

    def join(self, stream: _Downstream) -> None:
        """Pace a stream."""
        self._wheel[self._joined_count % len(self._wheel)].add(stream)
        self._joined_count += 1

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        due_at, tick = loop.time(), 0
        while True:
            due_at += 0.001
            await asyncio.sleep(max(0.0, due_at - loop.time()))
            place = self._wheel[tick % len(self._wheel)]
            place.difference_update([stream for stream in place if stream.tick()])
            tick += 1


class _Downstream(asyncio.Protocol):
    """One connection of the gateway to the upstream; requests come one at a time."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._transport: Any = None
        self._received = b""
        self._left_count = 0
        self._wire = STREAM_CHAT

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Begin to answer once the prompt with the work is there."""
        self._received += data
        head, mark, rest = self._received.partition(WORK_MARK)
        count, closing, _ = rest.partition(WORK_MARK)
        if not mark or not closing or END_OF_REQUEST not in head or not _is_whole(head, rest):
            return
        self._wire = wire = WIRES.get(head.split(b" ", 2)[1], STREAM_CHAT)
        is_whole = bool(wire.whole) and STREAMED not in self._received
        self._received = b""
        self._left_count = int(count)
        if is_whole:
            self._answer(wire.whole)
        elif self._left_count == 1:
            self._answer(wire.head + wire.begin + wire.frame + wire.end)
        else:
            self._transport.write(self._head_of(wire.head + wire.begin))
            self._upstream.join(self)

    def _head_of(self, answer: bytes) -> bytes:
        if self._upstream.is_kept:
            return answer
        return answer.replace(END_OF_REQUEST, b"\r\nConnection: close" + END_OF_REQUEST, 1)

    def _answer(self, whole: bytes) -> None:
        self._transport.write(self._head_of(whole))
        self._end()

    def _end(self) -> None:
        if not self._upstream.is_kept:
            self._transport.close()

    def tick(self) -> bool:
        """Write a frame; whether it was the last."""
        if self._transport.is_closing():
            return True
        self._left_count -= 1
        wire = self._wire
        if self._left_count:
            self._transport.write(wire.frame)
            return False
        self._transport.write(wire.frame + wire.end)
        self._end()
        return True


def _is_whole(head: bytes, rest: bytes) -> bool:
    """Whether the request body is all there: by its length, else by its last chunk."""
    headers, _, body = head.partition(END_OF_REQUEST)
    _, name, value = headers.lower().partition(b"content-length:")
    if not name:
        return rest.endswith(END_OF_CHUNKS)
    length = int(value.partition(b"\r\n")[0])
    return len(body) + len(WORK_MARK) + len(rest) >= length


@dataclass
class Tally:
    """What came back."""

    answers_count: int = 0
    frames_count: int = 0
    refusals: list[str] = field(default_factory=list)


class Caller(asyncio.Protocol):
    """One keep-alive connection that asks at given instants and counts the frames it gets.

    An instant that passes while an answer is still coming is made up for at once.
    """

    def __init__(self, request: bytes, ask_at: Iterator[float], tally: Tally) -> None:
        self._loop = asyncio.get_running_loop()
        self._request = request
        self._ask_at = ask_at
        self._tally = tally
        self._transport: Any = None
        self._tail = b""
        self._head = b""
        self._left_bytes: int | None = None
        self.is_done: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask at the first instant."""
        self._transport = transport
        self._loop.call_at(next(self._ask_at), self._ask)

    def _ask(self) -> None:
        self._head, self._tail, self._left_bytes = b"", b"", None
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count marks; ask again at the end of an answer."""
        if self._left_bytes is None:
            self._head += data
            head, blank, data = self._head.partition(END_OF_REQUEST)
            if not blank:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                self._tally.refusals.append(self._head.decode(errors="replace")[:300])
            _, name, value = head.lower().partition(b"content-length:")
            self._left_bytes = int(value.partition(b"\r\n")[0]) if name else -1
        self._tally.frames_count += data.count(FRAME_MARK.encode())
        if self._left_bytes >= 0:
            self._left_bytes -= len(data)
            is_over = self._left_bytes == 0
        else:
            self._tail = (self._tail + data)[-len(END_OF_CHUNKS) :]
            is_over = self._tail == END_OF_CHUNKS
        if is_over:
            self._end_answer()

    def _end_answer(self) -> None:
        self._tally.answers_count += 1
        at = None if self._tally.refusals else next(self._ask_at, None)
        if at is not None:
            self._loop.call_at(at, self._ask)
            return
        self._transport.close()
        if not self.is_done.done():
            self.is_done.set_result(None)

    def connection_lost(self, _error: Exception | None) -> None:
        """A connection that ends early is an answer that did not come."""
        if not self.is_done.done():
            self._tally.refusals.append("connection closed in mid-answer")
            self.is_done.set_result(None)


@dataclass(frozen=True)
class Errand:
    """What to ask of whom: each connection asks `asks` times, `interval_s` apart.

    Paced, because two programs that are asked as fast as they answer disturb each other unevenly.
    """

    port: int
    key: str
    frames: int
    connections: int
    asks: int = 1
    interval_s: float = 0.0
    is_stream: bool = False


async def ask(errand: Errand) -> Tally:
    """Open the connections, ask, and give what came back."""
    body = chat_body(errand.frames, is_stream=errand.is_stream)
    request = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: application/json\r\nAuthorization: Bearer %b\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (errand.key.encode(), len(body), body)
    )
    loop, tally = asyncio.get_running_loop(), Tally()
    callers, apart_s = [], errand.interval_s / errand.connections
    for number in range(errand.connections):
        begins_at = loop.time() + number * apart_s
        ask_at = iter([begins_at + turn * errand.interval_s for turn in range(errand.asks)])
        _, caller = await loop.create_connection(
            partial(Caller, request, ask_at, tally), "127.0.0.1", errand.port
        )
        callers.append(caller)
    await asyncio.gather(*(caller.is_done for caller in callers))
    return tally
