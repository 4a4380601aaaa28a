"""Whatever a request asks: written in this dialect and read again it asks the same."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from cursor_api.dialects.openai_chat.families import MAX_COMPLETION_TOKENS, Family
from cursor_api.dialects.openai_chat.parameters import read_parameters
from cursor_api.dialects.openai_chat.request import parse_request
from cursor_api.dialects.openai_chat.upstream import encode_request
from cursor_api.domain.chat import (
    ChatRequest,
    Choice,
    Effort,
    OutputForm,
    Parameters,
    Reasoning,
    Sampling,
    Tool,
    ToolChoice,
)
from cursor_api.domain.content import (
    CacheMark,
    Document,
    Image,
    LinkedImage,
    Message,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.wire.cache_marks import CACHE_TTL_S
from cursor_api.wire.limits import RequestLimits
from tests.examples import examples
from tests.property.test_openai_dialect import anything
from tests.steps import finish

# No deadline: a busy machine is no failure.
MANY = examples(150)
# What loses nothing but `top_k`; no server takes all of it.
EVERYTHING = Family(
    MAX_COMPLETION_TOKENS, efforts=tuple(Effort), is_openai=True, has_cache_marks=True
)

words = st.text(st.characters(codec="utf-8"), max_size=12)
some_words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
marks = st.none() | st.sampled_from([None, *CACHE_TTL_S.values()]).map(CacheMark)
said = st.builds(Text, some_words, marks, is_refusal=st.just(False))
# So short that no header states a size, and of no type that is known by its first bytes.
data = st.binary(max_size=8).map(b"\0".__add__)
no_size = st.just(0)
images = st.builds(Image, data, st.just("image/png"), no_size, no_size, marks) | st.builds(
    LinkedImage, words.map("https://example.test/{}".format), marks
)
# One without a name is given one.
documents = st.builds(
    Document,
    st.just("application/pdf"),
    st.text("AB+/=", min_size=1, max_size=8),
    st.just(""),
    some_words,
    marks,
)
schemas = st.dictionaries(words, st.integers() | words, max_size=3).map(
    lambda schema: json.dumps({"type": "object", "properties": {}, **schema}).encode()
)


def messages_of(*parts: st.SearchStrategy[Any], role: Role) -> st.SearchStrategy[Message]:
    """Messages of these lists of parts, one behind the other."""
    return st.tuples(*parts).map(
        lambda lists: Message(role, tuple(p for one in lists for p in one))
    )


def several(parts: st.SearchStrategy[Any], count_max: int = 2) -> st.SearchStrategy[list[Any]]:
    """Some of them, or none."""
    return st.lists(parts, max_size=count_max)


objects = st.dictionaries(words, words, max_size=2).map(lambda one: json.dumps(one).encode())
results = st.builds(
    ToolResult, words, several(said).map(tuple), is_error=st.just(False), cache=marks
)
messages = st.one_of(
    messages_of(several(said | images | documents), role=Role.USER),
    messages_of(several(said), role=Role.SYSTEM),
    messages_of(results.map(lambda one: [one]), role=Role.USER),
    messages_of(
        several(st.builds(Thinking, some_words, st.just(""), st.just(False)), 1),
        several(said | st.builds(Text, some_words, marks, is_refusal=st.just(True))),
        several(st.builds(ToolUse, words, words, objects, marks)),
        role=Role.ASSISTANT,
        # Who says nothing has no message.
    ).filter(lambda message: message.parts),
)
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
counts = st.none() | st.integers(1, 10**9)
choices = st.builds(
    ToolChoice,
    st.sampled_from([choice for choice in Choice if choice is not Choice.NAMED]),
    st.just(""),
    is_parallel=st.booleans(),
) | st.builds(ToolChoice, st.just(Choice.NAMED), words, st.booleans())
parameters = st.builds(
    Parameters,
    # Several answers are asked for as they came, and how long they shall be, too.
    answers_count=st.just(1),
    verbosity=st.none(),
    tools=several(
        # One that takes any text is written as a function.
        st.builds(Tool, words, words, schemas, st.booleans(), marks)
    ).map(tuple),
    tool_choice=st.none() | choices,
    output=st.none()
    | st.just(OutputForm())
    # One without a name is given one.
    | st.builds(OutputForm, schemas, some_words, words, st.booleans()),
    sampling=st.builds(
        Sampling,
        numbers,
        numbers,
        counts,
        numbers,
        numbers,
        st.none() | st.integers(-9, 9),
        counts,
        several(words).map(tuple),
    ).map(lambda sampling: sampling._replace(top_k=None)),
    reasoning=st.none()
    # A budget in tokens goes on as an effort.
    | st.builds(Reasoning, st.sampled_from(Effort), st.none()),
    # An empty one is nobody, and gives way to the field's newer name.
    user=st.none() | some_words,
    prompt_cache_key=st.none() | words,
    # A choice without tools is left out.
).map(lambda asked: asked if asked.tools else asked._replace(tool_choice=None))
# Each by itself: what one of them is does not depend on the other.
requests = st.builds(
    ChatRequest,
    some_words,
    st.lists(messages, min_size=1, max_size=3).map(tuple),
    is_stream=st.just(True),
    parameters=st.just(Parameters()),
) | st.builds(
    ChatRequest,
    some_words,
    st.just((Message(Role.USER, (Text("hi"),)),)),
    is_stream=st.just(True),
    parameters=parameters,
)


def read(body: bytes) -> ChatRequest:
    """The request that a body means."""
    return finish(parse_request(body, RequestLimits())).chat


def is_json(text: str) -> bool:
    """Not so what Python writes of NaN, Infinity and halves of surrogate pairs."""
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


@MANY
@given(requests)
def test_a_request_is_read_as_it_was_written(request: ChatRequest) -> None:
    """Parts in their order, tools, output, sampling, reasoning, cache marks."""
    found = read(finish(encode_request(request, request.model, EVERYTHING)))
    assert found.messages == request.messages
    assert found.parameters == request.parameters
    assert found == request


@MANY
@given(requests, words, st.dictionaries(some_words, anything, max_size=3))
def test_a_request_of_this_dialect_loses_nothing(
    request: ChatRequest, model: str, unknown: dict[str, Any]
) -> None:
    """Fields that nobody knows go on; the model is the upstream's."""
    unknown.pop("n", None)  # the only known one as short as these
    body: Any = unknown | json.loads(finish(encode_request(request, request.model, EVERYTHING)))
    written = json.dumps(body)
    assume(is_json(written))
    sent = json.loads(finish(encode_request(read(written.encode()), model, EVERYTHING)))
    assert sent.pop("model") == model
    del body["model"]
    assert sent == body


FIELDS = (
    *("tools", "functions", "tool_choice", "function_call", "parallel_tool_calls", "user"),
    *("response_format", "temperature", "top_p", "top_k", "frequency_penalty", "stop"),
    *("presence_penalty", "seed", "max_tokens", "max_completion_tokens", "reasoning_effort"),
    *("reasoning", "prompt_cache_key"),
)


@MANY
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, anything)))
def test_no_parameter_of_any_type_is_a_mistake(fields: dict[str, Any]) -> None:
    """They were skipped before, and an upstream that serves none of them still has no use."""
    body = json.dumps({"model": "m", "messages": [{"role": "user"}], **fields})
    assume(is_json(body))
    assert isinstance(read_parameters(body.encode()), Parameters)
    assert read(body.encode()).messages == (Message(Role.USER, ()),)
