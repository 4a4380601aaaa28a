"""Whatever bytes a caller sends, the dialect answers with a request or with a clear refusal."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from cursor_api.dialects.openai.faults import render_fault
from cursor_api.dialects.openai_chat.request import parse_request
from cursor_api.domain.content import Message, ToolResult
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.images import measure
from cursor_api.wire.limits import RequestLimits
from tests.examples import examples
from tests.steps import finish

LIMITS = RequestLimits(messages_max=20, image_bytes_max=100, model_chars_max=20)

# No deadline: a busy machine is no failure.
MANY = examples(300)

# Also what Python's json writes and no JSON reader takes: NaN, Infinity, halves of pairs.
texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.sampled_from(["user", "tool", "text", "image_url", "data:image/png;base64,aGk="])
)


def objects(values: st.SearchStrategy[Any], *names: str) -> st.SearchStrategy[Any]:
    """Objects with some of these fields, or of any other shape."""
    known = st.fixed_dictionaries({}, optional=dict.fromkeys(names, values))
    return known | st.dictionaries(texts, values, max_size=3)


anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
parts = objects(anything, "type", "text", "refusal", "image_url") | anything
calls = objects(objects(anything, "name", "arguments") | anything, "id", "function", "custom")
messages = st.builds(
    lambda known, content, called: {**known, **content, **called},
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "tool", "x"]) | anything}),
    st.fixed_dictionaries({}, optional={"content": texts | st.lists(parts, max_size=4) | anything}),
    st.fixed_dictionaries(
        {},
        optional={
            "tool_calls": st.lists(calls, max_size=3) | anything,
            "tool_call_id": anything,
            "reasoning_content": anything,
            "reasoning": anything,
            "cache_control": anything,
            "name": anything,
            "refusal": anything,
        },
    ),
)
requests = st.fixed_dictionaries(
    {"model": texts | anything, "messages": st.lists(messages, max_size=4) | anything},
    optional={
        "stream": anything,
        "stream_options": anything,
        "n": anything,
        "temperature": anything,
        "tools": anything,
        "metadata": anything,
    },
)


def parse_or_refuse(body: bytes) -> ParsedRequest | Fault:
    """The one property: a request, or a REQUEST fault that can be told; nothing else."""
    try:
        parsed = finish(parse_request(body, LIMITS))
    except Fault as caught:
        fault = caught
    else:
        check_request(parsed)
        return parsed
    assert fault.kind is FaultKind.INVALID_REQUEST
    assert fault.scope is Scope.REQUEST
    rendered = render_fault(fault)
    error = json.loads(rendered.body)["error"]
    assert rendered.status == 400
    assert error["message"]
    assert error["code"]
    # A message names places and types; it does not hand the prompt back.
    assert len(error["message"]) < 500
    return fault


def check_request(parsed: ParsedRequest) -> None:
    """What the domain promises of a request: within limits, and text that can be encoded."""
    assert 0 < len(parsed.chat.messages) <= LIMITS.messages_max
    for message in parsed.chat.messages:
        message.text.encode()


@MANY
@given(st.binary())
@example(b"")
@example(b"\xff\xfe")
@example(b"[" * 100_000)
@example(b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}')
def test_arbitrary_bytes(body: bytes) -> None:
    """No bytes lead to another exception."""
    parse_or_refuse(body)


@MANY
@given(anything)
def test_arbitrary_json(value: object) -> None:
    """No JSON leads to another exception."""
    parse_or_refuse(json.dumps(value).encode())


@MANY
@given(value=requests, is_ascii=st.booleans())
def test_nearly_right_requests(value: object, *, is_ascii: bool) -> None:
    """Right field names with any values; characters raw or escaped."""
    body = json.dumps(value, ensure_ascii=is_ascii).encode(errors="surrogatepass")
    parse_or_refuse(body)


WHOLE = json.dumps(
    {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "Sei kurz. 你好 😀"}]},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}],
            },
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": "data:image/png;base64,aGk="}],
            },
        ],
        "stream": True,
        "tools": [{"type": "function"}],
    },
).encode()


def test_a_request_cut_at_any_offset_is_refused() -> None:
    """Half a request is never taken for a whole one."""
    assert isinstance(parse_or_refuse(WHOLE), ParsedRequest)
    for end in range(len(WHOLE)):
        assert isinstance(parse_or_refuse(WHOLE[:end]), Fault)


@MANY
@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=3), st.integers(0, 5))
def test_a_mutated_request(at: int, inserted: bytes, removed_count: int) -> None:
    """Bytes replaced, inserted or taken out anywhere."""
    parse_or_refuse(WHOLE[:at] + inserted + WHOLE[at + removed_count :])


def spoken_by(message: Message) -> str:
    """The role as a client spells it."""
    if any(isinstance(part, ToolResult) for part in message.parts):
        return "tool"
    return message.role.value


@MANY
@given(st.lists(st.tuples(st.sampled_from(["user", "system", "tool"]), st.text()), min_size=1))
def test_texts_arrive_as_they_were_written(turns: list[tuple[str, str]]) -> None:
    """String or parts, escaped or raw: the same text, untrimmed."""
    spelled = [
        [{"role": role, "content": text} for role, text in turns],
        [{"role": role, "content": [{"type": "text", "text": text}]} for role, text in turns],
    ]
    for messages_in in spelled:
        for is_ascii in (True, False):
            body = json.dumps({"model": "m", "messages": messages_in}, ensure_ascii=is_ascii)
            parsed = finish(parse_request(body.encode(), RequestLimits()))
            assert [(spoken_by(m), m.text) for m in parsed.chat.messages] == turns


@MANY
@given(
    st.sampled_from(
        [b"", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"GIF89a", b"\xff\xd8", b"\xff\xd8\xff\xe0\0\x04ab"]
        + [b"RIFFaaaaWEBP" + kind for kind in (b"VP8 ", b"VP8L", b"VP8X")]
    ),
    st.binary(max_size=60),
)
def test_any_image_header_gives_a_size_or_none(start: bytes, rest: bytes) -> None:
    """Both sides or neither, and what fits the upstream's int32."""
    width, height = measure(start + rest)
    assert (width == 0) == (height == 0)
    assert 0 <= width < 2**31
    assert 0 <= height < 2**31
