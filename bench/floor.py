"""The floor: the least work that still translates OpenAI chat to StreamChat and back.

usage: python -m bench.floor PORT UPSTREAM_URL

It stands on the libraries that such a thing is usually built of (uvicorn's raw ASGI, uvloop,
httptools, aiohttp, msgspec) and leaves out all that makes a gateway: no keys, no routes, no
credentials, no limits, no time-outs, no errors, no log, no usage, no care for callers who leave.
What it costs is the price of those libraries and of the kernel. The gateway's own server and client
cost less, so that a frame of the gateway, with everything on, may be below the floor.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import msgspec
import uvicorn

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

ENVELOPE_HEAD_BYTES = 5
END_STREAM_FLAG = 2
VARINT_MORE = 0x80
CONTINUED = 0x7F
UPSTREAM_HEADERS = {
    "Content-Type": "application/connect+proto",
    "Connect-Protocol-Version": "1",
    "Authorization": "Bearer floor",
}
EVENT_HEAD = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,'
    b'"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":'
)
EVENT_TAIL = b'},"finish_reason":null}]}\n\n'
LAST_EVENTS = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,'
    b'"model":"gpt-4o-mini","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    b"data: [DONE]\n\n"
)
ANSWER_HEAD = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4o-mini",'
    b'"choices":[{"index":0,"message":{"role":"assistant","content":'
)
ANSWER_TAIL = (
    b'},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,'
    b'"total_tokens":2}}'
)
STREAM_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream; charset=utf-8")],
}


class Message(msgspec.Struct):
    """One message of the conversation."""

    role: str
    content: str


class ChatBody(msgspec.Struct):
    """What the floor reads of a chat request."""

    model: str
    messages: list[Message]
    stream: bool = False


decode_body = msgspec.json.Decoder(ChatBody).decode
encode_json = msgspec.json.Encoder().encode


def length_prefixed(tag: int, value: bytes) -> bytes:
    """A protobuf field of wire type 2 whose tag fits in one byte."""
    size, prefix = len(value), bytearray((tag,))
    while size > CONTINUED:
        prefix.append(size & CONTINUED | VARINT_MORE)
        size >>= 7
    prefix.append(size)
    return bytes(prefix) + value


def encode_request(body: ChatBody) -> bytes:
    """The envelope of a GetChatRequest: its messages (field 2) and its model (field 7)."""
    parts = [
        length_prefixed(0x12, length_prefixed(0x0A, message.content.encode()) + b"\x10\x01")
        for message in body.messages
    ]
    parts.append(length_prefixed(0x3A, length_prefixed(0x0A, body.model.encode())))
    payload = b"".join(parts)
    return b"\0" + len(payload).to_bytes(4, "big") + payload


def text_of(payload: bytes) -> str:
    """The text (field 1) of a StreamChatResponse that holds nothing else."""
    at = 1
    while payload[at] & VARINT_MORE:
        at += 1
    return payload[at + 1 :].decode()


async def texts_by_read(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[list[str], bool]]:
    """The texts that came with each network read, and whether they are the last."""
    rest, is_over = b"", False
    async for data in answer.content.iter_any():
        rest += data
        at, texts = 0, []
        while len(rest) - at >= ENVELOPE_HEAD_BYTES:
            end = at + ENVELOPE_HEAD_BYTES + int.from_bytes(rest[at + 1 : at + 5], "big")
            if len(rest) < end:
                break
            if rest[at] & END_STREAM_FLAG:
                is_over = True
            else:
                texts.append(text_of(rest[at + ENVELOPE_HEAD_BYTES : end]))
            at = end
        rest = rest[at:]
        if texts or is_over:
            yield texts, is_over


class Floor:
    """The ASGI application."""

    def __init__(self, upstream_url: str) -> None:
        self._url = f"{upstream_url}/aiserver.v1.AiService/StreamChat"
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or live from start-up to shutdown."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = decode_body(await read_body(receive))
        if self._session is None:
            raise RuntimeError("served before the lifespan began")
        async with self._session.post(
            self._url, data=encode_request(body), headers=UPSTREAM_HEADERS
        ) as answer:
            await (stream if body.stream else fold)(answer, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout()
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._session.close()
        await send({"type": "lifespan.shutdown.complete"})


async def read_body(receive: Receive) -> bytes:
    """The whole request body."""
    body = bytearray()
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            return bytes(body)


async def stream(answer: aiohttp.ClientResponse, send: Send) -> None:
    """One write per upstream read."""
    await send(STREAM_START)
    async for texts, is_over in texts_by_read(answer):
        events = b"".join([EVENT_HEAD + encode_json(text) + EVENT_TAIL for text in texts])
        if is_over:
            events += LAST_EVENTS
        await send({"type": "http.response.body", "body": events, "more_body": not is_over})


async def fold(answer: aiohttp.ClientResponse, send: Send) -> None:
    """The whole answer as one JSON body."""
    texts = [text async for batch, _ in texts_by_read(answer) for text in batch]
    body = ANSWER_HEAD + encode_json("".join(texts)) + ANSWER_TAIL
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve until SIGTERM."""
    port, upstream_url = int(sys.argv[1]), sys.argv[2]
    uvicorn.run(
        Floor(upstream_url),
        host="127.0.0.1",
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        backlog=4096,
    )


if __name__ == "__main__":
    main()
