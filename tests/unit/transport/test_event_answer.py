"""One answer over HTTP, of an API that has nothing of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest, Native, Origin
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Secret
from cursor_api.domain.deltas import Delta, Finished, FinishReason, NativeBatch, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.client import HttpAnswer, HttpClient, HttpOptions, Timeouts
from cursor_api.transport.event_answer import EventAnswer
from cursor_api.transport.keys import HEADERS
from cursor_api.transport.refusals import FaultContext, tell_status
from cursor_api.wire.sse import Event
from tests.scripted_server import Handler, ScriptedServer, Turn

END = Finished(FinishReason.STOP)


class Words:
    """Each event is a word, and any body's end is the answer's; see transport.events.Reading."""

    is_stated = False

    def take_event(self, event: Event, deltas: list[Delta]) -> bool:
        """A word; from `last` on the answer is whole."""
        self.is_stated = event.data == "last"
        deltas.append(TextDelta(event.data))
        return False

    def hides(self, event: Event) -> bool:
        """Nothing but one word."""
        return event.data == "hidden"

    def take_whole(self, body: bytes, deltas: list[Delta]) -> None:
        """One word."""
        deltas.append(TextDelta(body.decode()))

    def finish(self, deltas: list[Delta]) -> None:
        """Always whole."""
        deltas.append(END)


class Api:
    """The smallest EventApi."""

    dialect = "words"

    def __init__(self, http: HttpClient, url: str) -> None:
        self.http, self.url = http, url

    async def ask(self, _request: ChatRequest, model: str, _secret: Secret) -> HttpAnswer:
        """The model is the body."""
        return self.http.open_post(self.url, HEADERS, model.encode(), Timeouts(5, 5))

    def context(self, secret: Secret) -> FaultContext:
        """Nothing special."""
        return FaultContext("somewhere", secret, lambda: 0.0)

    def reading(self, _request: ChatRequest, _context: FaultContext) -> Words:
        """A new one."""
        return Words()

    def refusal(
        self, status: int, headers: Mapping[str, str], body: bytes, context: FaultContext
    ) -> Fault:
        """Its status."""
        return tell_status(FaultKind.UPSTREAM_ERROR, status, headers, body, context)


async def ask(
    handler: Handler, dialect: str = "another", *, is_stream: bool = True
) -> list[Sequence[Delta]]:
    """All batches of an answer to a request of this dialect."""
    said = (Message(Role.USER, (Text("hi"),)),)
    request = ChatRequest("any", said, is_stream=is_stream, origin=Origin(Native(dialect, b"{}")))
    async with ScriptedServer(handler) as server, HttpClient(HttpOptions()) as http:
        api = Api(http, server.url)
        async with EventAnswer(api, request, Route("x", "m"), Secret("k")) as batches:
            found = [batch async for batch in batches]
        assert server.requests[0].body == b"m"
    return found


@pytest.mark.parametrize("content_type", ["text/event-stream", ""])
async def test_events_are_read_as_they_come(content_type: str) -> None:
    """Also from a server that states no type; how it hangs up after its end does not matter."""

    async def handler(turn: Turn) -> None:
        await turn.head(content_type=content_type)
        await turn.chunk(b"data: a\n\ndata: last\n\n")
        turn.close()

    assert await ask(handler) == [[TextDelta("a"), TextDelta("last")], [END]]


async def test_one_piece_is_read_as_one() -> None:
    """From a server that knows no streams."""

    async def handler(turn: Turn) -> None:
        await turn.answer(b"a", content_type="application/json; charset=utf-8")

    assert await ask(handler) == [[TextDelta("a"), END]]


@pytest.mark.parametrize(
    ("status", "content_type", "kind"),
    [
        (500, "text/event-stream", FaultKind.UPSTREAM_ERROR),
        (200, "text/html", FaultKind.PROTOCOL_ERROR),
    ],
)
async def test_what_is_no_answer_is_a_fault(
    status: int, content_type: str, kind: FaultKind
) -> None:
    """By its status, or by its type."""

    async def handler(turn: Turn) -> None:
        await turn.answer(b"a", status, content_type=content_type)

    with pytest.raises(Fault) as caught:
        await ask(handler)
    assert caught.value.kind is kind


@pytest.mark.parametrize("dialect", ["words", "another"])
@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json"])
async def test_what_came_goes_on_where_it_is_what_the_caller_wants(
    content_type: str, dialect: str, *, is_stream: bool
) -> None:
    """In the caller's dialect, and in one piece or in events as the caller has asked."""

    async def handler(turn: Turn) -> None:
        await turn.answer(b"data: hidden\n\ndata: last\n\n", content_type=content_type)

    batches = await ask(handler, dialect, is_stream=is_stream)
    is_wanted = dialect == "words" and is_stream == (content_type == "text/event-stream")
    assert [isinstance(batch, NativeBatch) for batch in batches] == [is_wanted] * len(batches)
    if is_wanted:
        body = b"".join(batch.body for batch in batches if isinstance(batch, NativeBatch))
        assert body == (b"data: last\n\n" if is_stream else b"data: hidden\n\ndata: last\n\n")
