"""A long request says what a short one says: taken apart or not, the same comes out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cursor_api.dialects.openai_chat import decode as openai_decode
from cursor_api.dialects.openai_chat.request import parse_request
from cursor_api.domain.content import Message, Part, Text, Thinking, ToolResult
from cursor_api.domain.errors import Fault
from cursor_api.domain.value import replace
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire import json_texts
from cursor_api.wire.json_texts import cut_text
from cursor_api.wire.limits import RequestLimits
from tests.property.test_openai_dialect import LIMITS, MANY, requests
from tests.steps import finish

# A piece has to be longer than what a cut may go back.
PIECE_BYTES = 24
# What a cut must not go through, in all spellings.
spellings = st.sampled_from(
    ["a", "\\\\", "\\n", '\\"', "\\/", "\\u4e2d", "\\ud83d\\ude00", "\\u005c", "é", "中", "😀"]
)
strings = st.lists(spellings, max_size=60).map("".join)

types = st.sampled_from(['"text"', '"x"', "1"])
long_parts = (
    st.builds('{{"type":{},"text":"{}"}}'.format, types, strings)
    | strings.map('{{"type":"refusal","refusal":"{}","text":null}}'.format)
    | strings.map(
        '{{"type":"image_url","text":"{}","image_url":"data:image/png;base64,aA=="}}'.format
    )
    | st.just('{"type":"image_url","image_url":"https://example.com/a/long/address.png"}')
)


@contextmanager
def everything_is_long() -> Iterator[None]:
    """From a few bytes on."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(openai_decode, "LONG_BYTES", 8)
        patched.setattr(json_texts, "LONG_BYTES", 8)
        patched.setattr(json_texts, "PIECE_BYTES", PIECE_BYTES)
        patched.setattr(json_texts, "ITEM_BYTES", 1)
        yield


def joined(parts: Iterable[Part]) -> Iterator[Part]:
    """With the texts that follow each other as one, and the thoughts."""
    for kind, group in groupby(parts, type):
        same = list(group)
        if kind is Text or kind is Thinking:
            last = same[-1]
            yield replace(last, text="".join(one.text for one in same))  # type: ignore[union-attr]
        else:
            for part in same:
                if isinstance(part, ToolResult):
                    yield replace(part, parts=tuple(joined(part.parts)))
                else:
                    yield part


def outcome(body: bytes, limits: RequestLimits = LIMITS) -> object:
    """The request, or what is said of it."""
    try:
        parsed: ParsedRequest = finish(parse_request(body, limits))
    except Fault as fault:
        return fault.kind, fault.message, fault.param
    chat = parsed.chat
    messages = tuple(Message(one.role, tuple(joined(one.parts))) for one in chat.messages)
    return messages, chat.model, chat.is_stream, chat.parameters, parsed.style


@MANY
@given(strings)
@example("a" * (PIECE_BYTES - 3) + "\\ud83d\\ude00")
@example("\\\\" * 40)
@example("a" + "\\\\" * 40)
def test_a_text_is_cut_where_it_can_be(text: str) -> None:
    """In the middle of no character, no escape and no pair of them."""
    encoded = f'"{text}"'.encode()
    pieces = list(cut_text(memoryview(encoded), PIECE_BYTES))
    assert "".join(pieces) == json.loads(encoded)
    assert all(pieces)
    assert len(pieces) >= len(encoded[1:-1]) / PIECE_BYTES
    assert len(pieces) <= 1 + len(encoded) / (PIECE_BYTES - 14)


@MANY
@given(value=requests, is_ascii=st.booleans())
def test_it_means_the_same(value: object, *, is_ascii: bool) -> None:
    """Whatever it is, faults and their places included."""
    body = json.dumps(value, ensure_ascii=is_ascii).encode(errors="surrogatepass")
    expected = outcome(body)
    with everything_is_long():
        assert outcome(body) == expected


@MANY
@given(
    st.lists(long_parts, max_size=4).map(",".join).map("[{}]".format) | strings.map('"{}"'.format)
)
@example('[{"type":"text","text":"' + "a" * 200 + '"},{"type":"nothing of the kind"}]')
def test_long_parts_mean_the_same(content: str) -> None:
    """Texts, parts that are none, and parts with a text that nobody reads; pieces do not count."""
    body = f'{{"model":"m","messages":[{{"role":"user","content":{content}}}]}}'.encode()
    for limits in (LIMITS, RequestLimits(parts_max=2)):
        expected = outcome(body, limits)
        with everything_is_long():
            assert outcome(body, limits) == expected
