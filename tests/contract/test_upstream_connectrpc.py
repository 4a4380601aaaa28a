"""StreamChat against a Connect server that is not ours: connectrpc, with Google's protobuf."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from connectrpc.code import Code
from connectrpc.compat import google_protobuf_codecs
from connectrpc.compression.gzip import GzipCompression
from connectrpc.errors import ConnectError, ErrorDetail
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.server import ConnectASGIApplication, Endpoint

# The wheel has no types; what comes out of it goes through JSON at once.
from google.protobuf import json_format  # type: ignore[import-untyped]
from protobuf.wkt import Any as Packed

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Image, Message, Role, Text
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import (
    Citation,
    CitationDelta,
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    StatusDelta,
    TextDelta,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.upstreams.cursor.chat import CursorChat
from cursor_api.upstreams.cursor.options import CursorOptions
from tests.contract.connect_clients import SERVICE, FindMessage, build_schema, messages_of
from tests.fakes import TickingClock
from tests.serving import serve
from tests.waiting import until

Json = dict[str, Any]
# What the server says: messages in protobuf's JSON form, errors, and waits.
Line = Json | ConnectError | asyncio.Event

DONE = Finished(FinishReason.STOP)
CREDENTIAL = Credential("me", Secret("a.b.c"), "checksum")
HELLO = ChatRequest("any", (Message(Role.USER, (Text("hi"),)),))
WORDS = ["Hello", " ", "世界", "\n    indented\n", "🙂" * 600, "."]


@dataclass(slots=True)
class Service:
    """What the server plays, and what it was asked."""

    find: FindMessage
    lines: list[Line] = field(default_factory=list)
    requests: list[Json] = field(default_factory=list)
    left_count: int = 0

    async def stream_chat(self, request: Any, _context: Any) -> AsyncIterator[Any]:
        """The call."""
        self.requests.append(json_format.MessageToDict(request))
        try:
            for line in self.lines:
                if isinstance(line, ConnectError):
                    raise line
                if isinstance(line, asyncio.Event):
                    await line.wait()
                else:
                    yield json_format.ParseDict(line, self.find("StreamChatResponse")())
        finally:
            self.left_count += 1


class Application(ConnectASGIApplication[Service]):
    """What generated code would be."""

    def __init__(self, service: Service, *, is_compressing: bool) -> None:
        method: MethodInfo[Any, Any] = MethodInfo(
            name="StreamChat",
            service_name=SERVICE,
            input=service.find("GetChatRequest"),
            output=service.find("StreamChatResponse"),
            idempotency_level=IdempotencyLevel.UNKNOWN,
            stream_type=StreamType.SERVER_STREAM,
        )
        super().__init__(
            service=service,
            endpoints=lambda its: {
                f"/{SERVICE}/StreamChat": Endpoint.server_stream(method, its.stream_chat)
            },
            codecs=google_protobuf_codecs(),
            compressions=[GzipCompression()] if is_compressing else [],
        )

    @property
    def path(self) -> str:
        """Where the service stands."""
        return f"/{SERVICE}"


@pytest.fixture(scope="module")
def find(tmp_path_factory: pytest.TempPathFactory) -> FindMessage:
    """A message class by its name."""
    return messages_of(build_schema(tmp_path_factory.mktemp("schema")))


@pytest.fixture
def service(find: FindMessage) -> Service:
    """A service with nothing to say yet."""
    return Service(find)


@asynccontextmanager
async def asking(
    service: Service, path: str = "", *, is_compressing: bool = True
) -> AsyncIterator[CursorChat]:
    """The upstream in front of this service."""
    application = Application(service, is_compressing=is_compressing)
    async with serve(application) as port, HttpClient(HttpOptions()) as client:
        options = CursorOptions(base_url=f"http://127.0.0.1:{port}{path}")
        yield CursorChat(client, options, TickingClock())


async def ask(chat: CursorChat, request: ChatRequest = HELLO, model: str = "gpt-4o") -> list[Delta]:
    """All deltas of an answer."""
    async with chat.open(request, Route("cursor", model), CREDENTIAL) as batches:
        return [delta async for batch in batches for delta in batch]


def refusal(service: Service, number: int, title: str, detail: str) -> ConnectError:
    """An error as the private API sends it."""
    details = {"error": number, "details": {"title": title, "detail": detail}}
    message = json_format.ParseDict(details, service.find("ErrorDetails")())
    packed = Packed(
        type_url="type.googleapis.com/aiserver.v1.ErrorDetails", value=message.SerializeToString()
    )
    return ConnectError(Code.RESOURCE_EXHAUSTED, "Error", [ErrorDetail(packed)])


async def test_the_server_reads_what_was_asked(service: Service) -> None:
    """Every field arrives where the published definition has it."""
    request = ChatRequest(
        "any",
        (
            Message(Role.SYSTEM, (Text("Be brief."),)),
            Message(Role.USER, (Text("look"), Image(b"\x89PNG", "image/png", 640, 480))),
            Message(Role.ASSISTANT, (Text("at what? 🙂"),)),
            Message(Role.USER, (Text("  that\n"),)),
        ),
    )
    async with asking(service) as chat:
        await ask(chat, request, "gpt-4o-128k")
    (asked,) = service.requests
    ids = [asked.pop("requestId"), asked.pop("conversationId")]
    ids += [turn.pop("bubbleId") for turn in asked["conversation"]]
    assert [str(uuid.UUID(text, version=4)) for text in ids] == ids
    assert len(set(ids)) == 5
    human, ai = "MESSAGE_TYPE_HUMAN", "MESSAGE_TYPE_AI"
    image = {"data": "iVBORw==", "dimension": {"width": 640, "height": 480}}
    assert asked == {
        "conversation": [
            {"text": "look", "type": human, "images": [image]},
            {"text": "at what? 🙂", "type": ai},
            {"text": "  that\n", "type": human},
        ],
        "explicitContext": {"context": "Be brief."},
        "workspaceRootPath": "/path/to/project",
        "modelDetails": {"modelName": "gpt-4o-128k"},
        "longContextMode": True,
    }


@pytest.mark.parametrize("is_compressing", [False, True])
async def test_its_answer_is_read_whole(service: Service, *, is_compressing: bool) -> None:
    """Plain, and with every message and the end-of-stream gzipped."""
    service.lines = [
        {"statusUpdates": {"updates": [{"message": "Reading links"}]}},
        {"webCitation": {"references": [{"url": "https://a/", "title": "A", "chunk": "page"}]}},
        {"statusUpdates": {}},
        {"documentCitation": {}, "filledPrompt": "<|BEGIN_SYSTEM|>" * 200},
        {},
        *({"text": text} for text in ["<think>\n", "hm", "\n</think>\n\n", *WORDS]),
    ]
    async with asking(service, is_compressing=is_compressing) as chat:
        assert await ask(chat) == [
            StatusDelta("Reading links"),
            CitationDelta((Citation("https://a/", "A"),)),
            StatusDelta(""),
            ReasoningDelta("hm"),
            *map(TextDelta, WORDS),
            DONE,
        ]


@pytest.mark.parametrize("is_compressing", [False, True])
@pytest.mark.parametrize("said", [[], WORDS])
async def test_its_errors_are_faults(
    service: Service, said: list[str], *, is_compressing: bool
) -> None:
    """With details packed by another implementation, before the first text and behind the last."""
    service.lines = [*({"text": text} for text in said), refusal(service, 50, "Slow", "Down.")]
    async with asking(service, is_compressing=is_compressing) as chat:
        with pytest.raises(Fault) as caught:
            await ask(chat)
    assert caught.value.kind is FaultKind.RATE_LIMITED
    assert caught.value.message.endswith(": Slow. Down.")
    assert caught.value.upstream_code == "ERROR_RATE_LIMITED"


async def test_an_outdated_client_is_recognised_by_its_title(service: Service) -> None:
    """Under the number of a rate limit, as it was seen."""
    service.lines = [refusal(service, 28, "Update Required", "Please update.")]
    async with asking(service) as chat:
        with pytest.raises(Fault) as caught:
            await ask(chat)
    assert caught.value.kind is FaultKind.CLIENT_OUTDATED


async def test_an_unknown_address_is_not_an_empty_answer(service: Service) -> None:
    """The server's plain 404 is a call that it does not serve."""
    async with asking(service, "/elsewhere") as chat:
        with pytest.raises(Fault) as caught:
            await ask(chat)
    assert caught.value.kind is FaultKind.CLIENT_OUTDATED


async def test_answers_one_after_another_and_at_once_are_all_whole(service: Service) -> None:
    """On connections that are kept, and on many at a time."""
    service.lines = [{"text": text} for text in WORDS]
    async with asking(service) as chat:
        for _ in range(3):
            assert (await ask(chat))[-1] == DONE
        answers = await asyncio.gather(*(ask(chat) for _ in range(20)))
    assert all(answer == [*map(TextDelta, WORDS), DONE] for answer in answers)


async def test_leaving_early_ends_the_call_there(service: Service) -> None:
    """The server's method is cancelled within a moment."""
    service.lines = [{"text": "x"}, asyncio.Event()]
    async with asking(service) as chat:
        async with chat.open(HELLO, Route("cursor", "gpt-4o"), CREDENTIAL) as batches:
            assert await anext(batches) == [TextDelta("x")]
        await until(lambda: service.left_count)
