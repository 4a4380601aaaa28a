"""Answers of OpenAI's Responses, taken apart and checked against the types of OpenAI's own SDK."""

from __future__ import annotations

import json
from typing import Any, Final

from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from cursor_api.dialects.openai_responses.answer import EventRenderer
from cursor_api.dialects.openai_responses.request import Style, parse_request
from cursor_api.domain.deltas import (
    Citation,
    CitationDelta,
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    ReasoningSealed,
    RefusalDelta,
    StatusDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
    Usage,
    UsageSource,
)
from cursor_api.ports.dialect import AnswerHead, ParsedRequest
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish

Json = dict[str, Any]

EVENT: Final[TypeAdapter[Any]] = TypeAdapter(ResponseStreamEvent)
HEAD: Final = AnswerHead("0123", "m", 1_700_000_000)
USAGE: Final = Usage(70, 30, UsageSource.UPSTREAM, 64, 2, 20)
END: Final = Finished(FinishReason.STOP, USAGE, is_stated=True)
# One of everything.
RICH: Final[tuple[Delta, ...]] = (
    StatusDelta("Reading"),
    ReasoningDelta("First "),
    ReasoningDelta("this."),
    ReasoningSealed("c2VhbA=="),
    ReasoningSealed("", "aGlkZGVu"),
    TextDelta('Say "hi"\n'),
    TextDelta("in\u2028Zürich 🎉"),
    CitationDelta((Citation("https://example.test/", "A page", 2, 6),)),
    RefusalDelta("No more."),
    ToolCallBegun(0, "call_a", "weather"),
    ToolCallBegun(1, "call_b", "patch"),
    ToolArgumentsDelta(0, '{"place": '),
    ToolArgumentsDelta(1, "*** Begin"),
    ToolArgumentsDelta(0, '"Zürich"}'),
    TextDelta("Wait."),
    Finished(FinishReason.TOOL_CALLS, USAGE, is_stated=True),
)
STYLE: Final = Style(frozenset({"patch"}))


def parse(limits: RequestLimits | None = None, /, **body: Any) -> ParsedRequest:
    """The request of a body."""
    given = json.dumps({"model": "m", "input": "hi", **body}).encode()
    return finish(parse_request(given, limits or RequestLimits()))


def style_of(**body: Any) -> Style:
    """What a body says of the spelling of its answer."""
    style: Style = parse(**body).style
    return style


def stream(*deltas: Delta, style: Style | None = None) -> bytes:
    """A whole streamed answer, each delta a write of its own."""
    renderer = EventRenderer(HEAD, style or style_of())
    return b"".join([renderer.render([delta]) for delta in deltas]) + renderer.finish()


def events(body: bytes) -> list[Json]:
    """The events of a stream: named as they say, numbered from 0, and valid by the SDK's types."""
    found: list[Json] = []
    for block in body.decode().removesuffix("\n\n").split("\n\n"):
        if block.startswith(":"):
            continue
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        assert event["sequence_number"] == len(found)
        EVENT.validate_python(event)
        found.append(event)
    return found


def whole(body: bytes) -> Json:
    """A response object, valid by the SDK's types."""
    found: Json = json.loads(body)
    Response.model_validate(found)
    return found
