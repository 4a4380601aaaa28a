"""A request that is written for an upstream of this dialect says the same when it is read again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from cursor_api.dialects.anthropic_messages.request import parse_request
from cursor_api.dialects.anthropic_messages.upstream import WriteOptions, encode_request
from cursor_api.domain.chat import (
    ChatRequest,
    Choice,
    Parameters,
    Sampling,
    Tool,
    ToolChoice,
)
from cursor_api.domain.content import (
    CacheMark,
    Document,
    Image,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish

OPTIONS = WriteOptions(is_cached=False)
MODEL = "claude-sonnet-4-5"

T = TypeVar("T")


def made(
    kind: Callable[..., T], *given: st.SearchStrategy[Any], **named: st.SearchStrategy[Any]
) -> st.SearchStrategy[T]:
    """Of these and no other fields: `builds` makes up what a named tuple has defaults for."""

    def make(*values: Any, **more: Any) -> T:
        return kind(*values, **more)

    return st.builds(make, *given, **named)


# What says nothing is left out when it is written.
texts = st.text('\n\u2028"\\:} d😀中', max_size=8).map(lambda text: f"x{text}")
ids = st.text("abC09_-", min_size=1, max_size=6)
marks = st.none() | st.sampled_from([CacheMark(), CacheMark(300), CacheMark(3600)])
objects = st.dictionaries(texts, texts, max_size=2).map(lambda found: json.dumps(found).encode())
text_parts = made(Text, texts)
# Of no type that is known by its first bytes, so that the stated one is kept.
image_data = st.binary(max_size=9).map(b"\0".__add__)
images = made(Image, image_data, st.just("image/png"))
pdf = st.just("application/pdf")
documents = made(Document, pdf, ids, name=st.just("") | texts) | made(
    Document, pdf, url=ids.map("https://example.test/{}".format)
)
results = made(
    ToolResult,
    ids,
    st.one_of(
        st.tuples(), st.tuples(text_parts), st.tuples(images), st.tuples(text_parts, documents)
    ),
    st.booleans(),
)
asked: st.SearchStrategy[tuple[Part, ...]] = st.one_of(
    st.tuples(text_parts),
    st.tuples(results, results, text_parts),
    st.tuples(images, documents, text_parts),
)
thoughts = made(Thinking, texts, texts) | made(Thinking, texts, st.just(""), st.just(True))
said: st.SearchStrategy[tuple[Part, ...]] = st.one_of(
    st.tuples(text_parts),
    st.tuples(thoughts, text_parts, made(ToolUse, ids, ids, objects)),
    st.tuples(thoughts, thoughts, text_parts),
)
rounds = st.lists(st.tuples(asked, said), max_size=3)
tools = st.lists(
    made(Tool, ids, texts, st.just(b'{"type":"object"}'), cache=marks), min_size=1, max_size=3
).map(tuple)
choices = st.one_of(
    made(ToolChoice, st.sampled_from([Choice.AUTO, Choice.ANY]), is_parallel=st.booleans()),
    made(ToolChoice, st.just(Choice.NAMED), ids, st.booleans()),
    st.just(ToolChoice(Choice.NONE)),
)
samplings = made(
    Sampling,
    temperature=st.none() | st.floats(0, 1),
    top_k=st.none() | st.integers(1, 100),
    output_count_max=st.integers(1, 1000),
    stop=st.lists(texts, max_size=2).map(tuple),
)
parameters = made(
    Parameters, tools, st.none() | choices, sampling=samplings, user=st.none() | texts
)


@settings(max_examples=100, deadline=None)
@given(st.none() | texts, rounds, asked, parameters)
def test_what_is_written_is_what_is_read(
    system: str | None,
    before: list[tuple[tuple[Part, ...], tuple[Part, ...]]],
    question: tuple[Part, ...],
    wanted: Parameters,
) -> None:
    """Turns, blocks, calls, seals, tools and numbers."""
    messages = [Message(Role.SYSTEM, (Text(system),))] if system else []
    for one, other in before:
        messages += [Message(Role.USER, one), Message(Role.ASSISTANT, other)]
    messages.append(Message(Role.USER, question))
    given_request = ChatRequest(MODEL, tuple(messages), is_stream=True, parameters=wanted)
    body = finish(encode_request(given_request, MODEL, OPTIONS))
    parsed = finish(parse_request(body, RequestLimits()))
    assert parsed.ignored == ()
    assert parsed.chat == given_request
