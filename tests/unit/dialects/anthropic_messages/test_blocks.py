"""Content blocks to the domain's parts."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from cursor_api.dialects.anthropic_messages.blocks import IGNORED_MAX
from cursor_api.dialects.anthropic_messages.request import parse_request
from cursor_api.domain.content import (
    CacheMark,
    Document,
    Image,
    LinkedImage,
    Part,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.domain.errors import Fault
from cursor_api.domain.features import Feature, RequestedFeature
from cursor_api.domain.value import replace
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.limits import RequestLimits
from cursor_api.wire.work_units import STEP_UNITS
from tests.steps import count_steps, finish

DATA = base64.b64encode(b"GIF89a\x02\x00\x03\x00").decode()
BODY = (Text("body"), Text("\n"))
SOURCE = {"type": "base64", "media_type": "image/gif", "data": DATA}
GIF = Image(b"GIF89a\x02\x00\x03\x00", "image/gif", 2, 3)
MARK = {"type": "ephemeral"}
YES = {"role": "assistant", "content": "yes"}


def parse(*messages: Any, limits: RequestLimits | None = None) -> ParsedRequest:
    """A request with these messages; a list is the content of a user's."""
    given = [{"role": "user", "content": one} if isinstance(one, list) else one for one in messages]
    body = json.dumps({"model": "m", "messages": given}).encode()
    return finish(parse_request(body, limits or RequestLimits()))


@pytest.mark.parametrize(
    ("block", "parts"),
    [
        ({"type": "text", "text": "a"}, (Text("a"),)),
        ({"type": "text", "text": ""}, ()),
        ({"type": "text", "text": "a", "cache_control": MARK}, (Text("a", CacheMark()),)),
        ({"type": "text", "text": "a", "citations": None}, (Text("a"),)),
        ({"type": "image", "source": SOURCE}, (GIF,)),
        (
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
            (LinkedImage("https://example.com/a.png"),),
        ),
        (
            {"type": "image", "source": SOURCE, "cache_control": {**MARK, "ttl": "1h"}},
            (replace(GIF, cache=CacheMark(3600)),),
        ),
        ({"type": "thinking", "thinking": "Hm.", "signature": "s"}, (Thinking("Hm.", "s"),)),
        ({"type": "thinking", "thinking": "", "signature": "s"}, (Thinking("", "s"),)),
        ({"type": "thinking", "thinking": "", "signature": ""}, ()),
        ({"type": "redacted_thinking", "data": "x"}, (Thinking("x", is_redacted=True),)),
        (
            {"type": "tool_use", "id": "a", "name": "ls", "input": {"p": 1}},
            (ToolUse("a", "ls", b'{"p": 1}'),),
        ),
        ({"type": "tool_use", "id": "a", "name": "ls"}, (ToolUse("a", "ls", b""),)),
        ({"type": "tool_result", "tool_use_id": "a"}, (ToolResult("a", ()),)),
        (
            {"type": "tool_result", "tool_use_id": "a", "content": "no", "is_error": True},
            (ToolResult("a", (Text("no"),), is_error=True),),
        ),
        (
            {
                "type": "tool_result",
                "tool_use_id": "a",
                "content": [{"type": "text", "text": "x"}, {"type": "image", "source": SOURCE}],
                "cache_control": MARK,
            },
            (ToolResult("a", (Text("x"), GIF), cache=CacheMark()),),
        ),
        (
            {
                "type": "document",
                "title": "T",
                "source": {"type": "text", "media_type": "text/plain", "data": "body"},
            },
            (Text("T\n"), Text("body"), Text("\n")),
        ),
        ({"type": "document", "source": {"type": "content", "content": "body"}}, BODY),
        (
            {
                "type": "document",
                "source": {"type": "content", "content": [{"type": "text", "text": "body"}]},
            },
            BODY,
        ),
        (
            {
                "type": "document",
                "title": "T",
                "cache_control": MARK,
                "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
            },
            (Document("application/pdf", "AA==", name="T", cache=CacheMark()),),
        ),
        (
            {"type": "document", "source": {"type": "url", "url": "https://a/b.pdf"}},
            (Document("application/pdf", url="https://a/b.pdf"),),
        ),
        # Only an upstream of this dialect can read it.
        ({"type": "document", "source": {"type": "file", "file_id": "f"}}, ()),
        (
            {
                "type": "search_result",
                "title": "T",
                "source": "https://a",
                "content": [{"type": "text", "text": "x"}],
            },
            (Text("T\n"), Text("https://a\n"), Text("x"), Text("\n")),
        ),
        (
            {
                "type": "tool_result",
                "tool_use_id": "a",
                "content": [{"type": "tool_reference", "tool_name": "Read"}],
            },
            (ToolResult("a", (Text("Read\n"),)),),
        ),
    ],
)
def test_every_kind_of_block(block: dict[str, Any], parts: tuple[Part, ...]) -> None:
    """By itself."""
    assert parse([block]).chat.messages[0].parts == parts


UNKNOWN = {"type": "server_tool_use", "id": "a", "name": "web_search", "input": {}}


@pytest.mark.parametrize(
    ("messages", "ignored"),
    [
        ([[UNKNOWN, {"type": "text", "text": "x"}], YES, ["x"]], "messages.0.content.0"),
        (
            [[{"type": "tool_result", "tool_use_id": "a", "content": [UNKNOWN]}], YES],
            "messages.0.content.0.content.0",
        ),
    ],
)
def test_what_is_not_known_is_left_out_of_what_was_said_before(
    messages: list[Any], ignored: str
) -> None:
    """And named: no client takes it out again."""
    given = [[{"type": "text", "text": "q"}] if one == ["x"] else one for one in messages]
    assert parse(*given).ignored == (ignored,)


def test_only_so_many_places_are_named() -> None:
    """They have to fit into a header."""
    assert len(parse([UNKNOWN] * 100, YES).ignored) == IGNORED_MAX


def image(**source: object) -> dict[str, Any]:
    """An image with another source."""
    return {"type": "image", "source": {**SOURCE, **source}}


def test_a_document_s_text_has_lines_of_its_own() -> None:
    """What is said before it and after does not run into it."""
    document = {"type": "document", "source": {"type": "text", "data": "body"}}
    (message,) = parse(
        [{"type": "text", "text": "a"}, document, {"type": "text", "text": "b"}]
    ).chat.messages
    assert message.text == "a\nbody\nb"


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ({"type": "tool_result", "tool_use_id": "a", "content": 5}, ".content"),
        ({"type": "text"}, ".text"),
        ({"type": "thinking"}, ".thinking"),
        ({"type": "redacted_thinking"}, ".data"),
        ({"type": "image"}, ".source"),
        ({"type": "image", "source": 5}, ".source"),
        (image(type="url"), ".source.url"),
        (image(type="url", url="file:///etc/passwd"), ".source.url"),
        (image(type="url", url="https://a/" + "x" * 8000), ".source.url"),
        (image(data=None), ".source.data"),
        (image(data=""), ".source.data"),
        (image(data="%%"), ".source.data"),
        (image(data="aGVsbG8gaGVsbG8gaGVsbG8="), ".source.data"),
        (image(media_type="text/html"), ".source.media_type"),
        (image(media_type=None), ".source.media_type"),
        ({"type": "document"}, ".source"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(block: dict[str, Any], place: str) -> None:
    """In Anthropic's spelling."""
    with pytest.raises(Fault) as caught:
        parse(YES, [block], limits=RequestLimits(image_bytes_max=16))
    assert caught.value.param == f"messages.1.content.0{place}"


@pytest.mark.parametrize(
    ("block", "place"),
    [
        (UNKNOWN, "messages.1.content.0"),
        (
            {"type": "tool_result", "tool_use_id": "a", "content": [UNKNOWN]},
            "messages.1.content.0.content.0",
        ),
        (image(type="file", file_id="f"), "messages.1.content.0"),
    ],
)
def test_a_block_of_an_unknown_type_in_the_question_needs_an_upstream_of_this_dialect(
    block: dict[str, Any], place: str
) -> None:
    """Without it the question would be another one."""
    features = parse(YES, [block]).chat.origin.features
    assert features == (RequestedFeature(Feature.OTHER_CONTENT, place),)


@pytest.mark.parametrize(
    "block",
    [
        UNKNOWN,
        image(type="file", file_id="f"),
        {"type": "document", "source": {"type": "file", "file_id": "f"}},
    ],
)
def test_what_nobody_else_can_read_is_left_out_of_the_past(block: dict[str, Any]) -> None:
    """No client takes it out again; the answer names it."""
    result = {"type": "tool_result", "tool_use_id": "a", "content": [block]}
    parsed = parse([{"type": "text", "text": "a"}, block], YES, [result], YES, [block])
    assert parsed.ignored == ("messages.0.content.1", "messages.2.content.0.content.0")
    (feature,) = parsed.chat.origin.features
    assert feature.param == "messages.4.content.0"


@pytest.mark.parametrize("block", [{"type": "image", "source": SOURCE}, UNKNOWN])
def test_system_is_text(block: dict[str, Any]) -> None:
    """What else it holds goes to an upstream of this dialect alone; it is no history."""
    body = {"model": "m", "system": [block], "messages": [{"role": "user", "content": "x"}, YES]}
    parsed = finish(parse_request(json.dumps(body).encode(), RequestLimits()))
    assert parsed.chat.origin.features == (RequestedFeature(Feature.OTHER_CONTENT, "system.0"),)


def test_the_work_stops_after_so_many_blocks() -> None:
    """Others have their turn in between."""
    texts = [{"type": "text", "text": "a"}] * (3 * STEP_UNITS)
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": texts}]}).encode()
    parsed, step_count = count_steps(parse_request(body, RequestLimits()))
    assert len(parsed.chat.messages[0].parts) == 3 * STEP_UNITS
    assert step_count > 3


def test_blocks_inside_of_results_count_as_well() -> None:
    """Otherwise a result would be the way around the limit."""
    inner = {
        "type": "tool_result",
        "tool_use_id": "a",
        "content": [{"type": "text", "text": "x"}] * 3,
    }
    parse([inner], limits=RequestLimits(parts_max=4))
    with pytest.raises(Fault) as caught:
        parse([inner], limits=RequestLimits(parts_max=3))
    assert caught.value.param == "messages"
