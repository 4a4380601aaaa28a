"""Requests by hand, and a client that shows the raw bytes: what other clients hide is tested."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import h11

from cursor_api.simulator.cursor.messages import ChatAsk
from cursor_api.simulator.request import RawRequest
from cursor_api.wire.checksum import new_checksum
from cursor_api.wire.connect import encode_envelope
from cursor_api.wire.protobuf import field_bytes, field_string, field_varint

PATH = "/aiserver.v1.AiService/StreamChat"
NOW_S = 1769525000.0
READ_TIMEOUT_S = 10.0
GOOD = "opaque"

# gpt-4o, one user message "hi", instructions "Be brief.": a request decoded from public bytes.
REQUEST_VECTOR = bytes.fromhex(
    "00000000a3122c0a02686910016a2431313131313131312d313131312d343131312d383131312d31313131313131"
    "3131313131220b0a0942652062726965662e2a102f706174682f746f2f70726f6a6563743a080a066770742d346f"
    "4a2432323232323232322d323232322d343232322d383232322d3232323232323232323232327a24333333333333"
    "33332d333333332d343333332d383333332d333333333333333333333333"
)


def encode_ask(ask: ChatAsk) -> bytes:
    """A `GetChatRequest`, written field by field."""
    turns = b"".join(
        field_bytes(
            2,
            field_string(1, turn.text)
            + field_varint(2, turn.speaker)
            + field_string(13, turn.bubble_id),
        )
        for turn in ask.turns
    )
    links = b"".join(field_bytes(21, field_string(1, url)) for url in ask.links)
    return (
        turns
        + field_bytes(4, field_string(1, ask.instructions))
        + field_string(5, ask.project_path)
        + field_bytes(7, field_string(1, ask.model))
        + field_string(9, ask.request_id)
        + field_string(15, ask.conversation_id)
        + links
    )


def good_headers(token: str = GOOD, now_s: float = NOW_S) -> dict[str, str]:
    """The headers of a good request."""
    return {
        "host": "simulator",
        "authorization": f"Bearer {token}",
        "content-type": "application/connect+proto",
        "connect-protocol-version": "1",
        "connect-accept-encoding": "gzip,br",
        "x-cursor-client-version": "0.42.5",
        "x-cursor-checksum": new_checksum(bytes, now_s),
    }


def raw_request(
    body: bytes = REQUEST_VECTOR,
    *,
    method: str = "POST",
    target: str = PATH,
    changes: Mapping[str, str | None] | None = None,
) -> RawRequest:
    """A good request, but for the header changes; None leaves one out."""
    headers: dict[str, str | None] = {**good_headers(), **(changes or {})}
    kept = {name: value for name, value in headers.items() if value is not None}
    return RawRequest(method, target, kept, body)


def ask_request(ask: ChatAsk, token: str = GOOD) -> RawRequest:
    """A good request that says this."""
    return raw_request(
        encode_envelope(encode_ask(ask)), changes={"authorization": f"Bearer {token}"}
    )


class Close(enum.Enum):
    """How an answer's connection was left."""

    KEPT = "kept"
    FIN = "fin"  # closed where the HTTP answer was not over
    RST = "rst"


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer as it came: every byte, and what HTTP makes of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    raw: bytes
    close: Close


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int) -> Client:
        """To the loopback."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_details: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave."""
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            return

    def send(self, request: RawRequest) -> None:
        """Write a request, with its length."""
        head = [f"{request.method} {request.target} HTTP/1.1"]
        head += [f"{name}: {value}" for name, value in request.headers.items()]
        if "transfer-encoding" not in request.headers:
            head.append(f"content-length: {len(request.body)}")
        self.writer.write("\r\n".join([*head, "", ""]).encode("latin-1") + request.body)

    async def hear(self) -> Heard:
        """Read one answer to its end, or to the end of the connection."""
        http = h11.Connection(h11.CLIENT)
        http.send(h11.Request(method="POST", target="/", headers=[("host", "x")]))
        http.send(h11.EndOfMessage())
        raw, body, status = bytearray(), bytearray(), 0
        headers: dict[str, str] = {}
        close = Close.KEPT
        while True:
            try:
                event = http.next_event()
            except h11.RemoteProtocolError:
                close = Close.FIN
                break
            if event is h11.NEED_DATA:
                try:
                    async with asyncio.timeout(READ_TIMEOUT_S):
                        data = await self.reader.read(65_536)
                except ConnectionResetError:
                    close = Close.RST
                    break
                raw += data
                http.receive_data(data)
            elif isinstance(event, h11.Response):
                status = event.status_code
                headers = {name.decode(): value.decode() for name, value in event.headers}
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                break
        return Heard(status, headers, bytes(body), bytes(raw), close)


async def hear_one(port: int, request: RawRequest) -> Heard:
    """Ask once, on a connection of its own."""
    async with await Client.connect(port) as client:
        client.send(request)
        return await client.hear()
