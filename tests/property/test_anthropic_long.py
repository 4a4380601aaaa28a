"""A long request says what a short one says: taken apart or not, the same comes out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cursor_api.dialects.anthropic_messages import decode
from cursor_api.dialects.anthropic_messages.request import parse_request
from cursor_api.domain.content import Message, Part, Text, Thinking, ToolResult
from cursor_api.domain.errors import Fault
from cursor_api.domain.value import replace
from cursor_api.wire import json_texts
from cursor_api.wire.limits import RequestLimits
from tests.property.test_anthropic_dialect import bodies
from tests.steps import finish


@contextmanager
def everything_is_long() -> Iterator[None]:
    """From a few bytes on. A piece has to be longer than what a cut may go back."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(decode, "LONG_BYTES", 8)
        patched.setattr(json_texts, "LONG_BYTES", 8)
        patched.setattr(json_texts, "PIECE_BYTES", 24)
        patched.setattr(json_texts, "ITEM_BYTES", 1)
        yield


def joined(parts: Iterable[Part]) -> Iterator[Part]:
    """With the texts that follow each other as one, and the thoughts up to a signature."""
    for kind, group in groupby(parts, lambda part: (type(part), getattr(part, "is_redacted", 0))):
        same = list(group)
        if kind[0] is Text or (kind[0] is Thinking and not kind[1]):
            text = "".join(one.text for one in same if isinstance(one, Text | Thinking))
            yield replace(same[-1], text=text)
            continue
        for part in same:
            if isinstance(part, ToolResult):
                yield replace(part, parts=tuple(joined(part.parts)))
            else:
                yield part


def outcome(body: bytes) -> object:
    """The request, or what is said of it."""
    try:
        parsed = finish(parse_request(body, RequestLimits()))
    except Fault as fault:
        return fault.kind, fault.message, fault.param
    chat = parsed.chat
    messages = tuple(Message(one.role, tuple(joined(one.parts))) for one in chat.messages)
    return messages, chat.model, chat.is_stream, chat.parameters, parsed.style, parsed.ignored


@settings(max_examples=80, deadline=None)
@given(body=bodies, is_ascii=st.booleans())
def test_a_long_request_says_what_a_short_one_says(*, body: object, is_ascii: bool) -> None:
    """Or is refused in the same words."""
    encoded = json.dumps(body, ensure_ascii=is_ascii).encode()
    expected = outcome(encoded)
    with everything_is_long():
        assert outcome(encoded) == expected
