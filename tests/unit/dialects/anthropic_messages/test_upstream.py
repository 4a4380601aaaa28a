"""Whole requests, each read by Anthropic's own types."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.dialects.anthropic_messages.request import NAME
from cursor_api.dialects.anthropic_messages.upstream import (
    STRICT_TOOLS_MAX,
    WriteOptions,
    can_hold_to,
    encode_request,
)
from cursor_api.domain.chat import (
    ChatRequest,
    Choice,
    Effort,
    Native,
    Origin,
    OutputForm,
    Parameters,
    Reasoning,
    Sampling,
    Tool,
    ToolChoice,
)
from cursor_api.domain.content import (
    CacheMark,
    Image,
    Message,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.wire.json_bounds import SLICE_BYTES
from tests.anthropic_types import read_request

DEEPSEEK = WriteOptions(host="api.deepseek.com")
KIMI = WriteOptions(host="api.moonshot.cn")
MESSAGES = (Message(Role.USER, (Text("hi"),)),)
CLOSED = (
    b'{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],'
    b'"additionalProperties":false}'
)
OPEN = b'{"type":"object"}'
PLAIN = WriteOptions(is_cached=False)
LATEST, OLDER = "claude-opus-4-8", "claude-sonnet-4-5"


def encode(request: ChatRequest, model: str = OLDER, options: WriteOptions = PLAIN) -> bytes:
    """The body, in however many steps."""
    steps = encode_request(request, model, options)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            body: bytes = stop.value
            return body


def ask(parameters: Parameters | None = None, model: str = OLDER, **asked: Any) -> dict[str, Any]:
    """What is sent for these parameters, but for what is always sent."""
    wanted = parameters or Parameters(**asked)
    sent = read_request(encode(ChatRequest("any", MESSAGES, parameters=wanted), model))
    for name in ("model", "stream", "messages"):
        del sent[name]
    return sent


def test_the_smallest_request() -> None:
    """`max_tokens` has to be there: the most that the model can write, or the operator's word."""
    request = ChatRequest("ours", MESSAGES)
    assert read_request(encode(request)) == {
        "model": OLDER,
        "stream": True,
        "max_tokens": 64_000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    }
    assert json.loads(encode(request, options=WriteOptions(500)))["max_tokens"] == 500
    assert json.loads(encode(request, "claude-3-opus", WriteOptions(9000)))["max_tokens"] == 4096
    assert ask(sampling=Sampling(output_count_max=77))["max_tokens"] == 77


def test_a_request_of_this_dialect_goes_on_as_it_came() -> None:
    """Unknown fields and all; only the gateway's decisions are written over it."""
    body = (
        b'{"model":"ours","max_tokens":5,"vendor":{"x":[1.50]},'
        b'"messages":[{"role":"user","content":"hi"}]}'
    )
    request = ChatRequest("ours", MESSAGES, origin=Origin(Native(NAME, body)))
    sent = encode(request, options=WriteOptions())
    assert b'"vendor":{"x":[1.50]}' in sent
    assert json.loads(sent) == json.loads(body) | {"model": OLDER, "stream": True}
    assert request.origin.native_in(NAME) is not None
    assert Origin(Native("other", body)).native_in(NAME) is None


def test_everything_at_once_is_as_the_api_wants_it() -> None:
    """Turns, tools, results with images, thinking, marks; schemas and arguments as they came."""
    png = Image(b"\x89PNG", "image/png", 1, 1)
    messages = (
        Message(Role.SYSTEM, (Text("Be kind.", CacheMark(3600)),)),
        Message(Role.USER, (Text("Look: "), png)),
        Message(
            Role.ASSISTANT,
            (
                Thinking("hm", "sig"),
                Thinking("sealed", is_redacted=True),
                ToolUse("toolu_1", "look", b'{"x": 1.50}'),
            ),
        ),
        Message(Role.USER, (ToolResult("toolu_1", (Text("saw"), png), is_error=True),)),
        Message(Role.SYSTEM, (Text("Quickly."),)),
    )
    tools = (
        Tool("look", "Looks.", b'{"type": "object", "z": 1.50}', cache=CacheMark()),
        Tool("hold", "", CLOSED, is_strict=True),
        Tool("any", "Takes text.", b""),
        Tool("untyped", "", b'{"properties": {}}', is_strict=True),
    )
    parameters = Parameters(
        tools,
        ToolChoice(Choice.AUTO, is_parallel=False),
        OutputForm(CLOSED, "f"),
        Sampling(stop=("END", "\n"), output_count_max=9000),
        Reasoning(Effort.HIGH),
        user="u" * 300,
    )
    body = encode(ChatRequest("ours", messages, parameters=parameters), LATEST, WriteOptions())
    sent = read_request(body.replace(b', "z": 1.50', b""))
    assert b'{"type": "object", "z": 1.50}' in body
    assert b'{"x": 1.50}' in body
    roles = [message["role"] for message in sent["messages"]]
    assert roles == ["user", "assistant", "user", "system"]
    assert [tool.get("strict") for tool in sent["tools"]] == [None, True, None, None]
    assert sent["tools"][3]["input_schema"] == {"type": "object", "properties": {}}
    assert sent["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert sent["output_config"]["effort"] == "high"
    assert sent["output_config"]["format"] == {"type": "json_schema", "schema": json.loads(CLOSED)}
    assert sent["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert sent["stop_sequences"] == ["END"]
    assert sent["metadata"] == {"user_id": "u" * 256}
    assert body.count(b"cache_control") == 2


def test_sampling_within_what_the_model_takes() -> None:
    """A temperature above 1 is 1; newer models take none of it, others one of two."""
    sampling = Sampling(1.7, 0.5, 40, frequency_penalty=1.0, seed=3)
    assert ask(sampling=sampling) == {"max_tokens": 64_000, "temperature": 1.0, "top_k": 40}
    assert ask(sampling=sampling, model="claude-3-7-sonnet")["top_p"] == 0.5
    assert ask(sampling=Sampling(top_p=0.5))["top_p"] == 0.5
    assert ask(sampling=sampling, model=LATEST) == {"max_tokens": 128_000}
    thinking = ask(Parameters(sampling=sampling, reasoning=Reasoning(Effort.LOW)))
    assert thinking.keys() == {"max_tokens", "thinking"}


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (ToolChoice(Choice.NONE, is_parallel=False), {"type": "none"}),
        (ToolChoice(Choice.ANY), {"type": "any"}),
        (ToolChoice(Choice.NAMED, "f"), {"type": "tool", "name": "f"}),
        (
            ToolChoice(Choice.ANY, is_parallel=False),
            {"type": "any", "disable_parallel_tool_use": True},
        ),
    ],
)
def test_whether_tools_are_called(choice: ToolChoice, written: dict[str, Any]) -> None:
    """Without tools there is nothing to choose."""
    assert ask(tools=(Tool("f", "", OPEN),), tool_choice=choice)["tool_choice"] == written
    assert "tool_choice" not in ask(tool_choice=choice)


def test_what_the_api_cannot_hold_a_model_to_is_not_asked_of_it() -> None:
    """Open schemas, older models, JSON of any shape; more strict tools than it takes."""
    assert can_hold_to(OutputForm(CLOSED), OLDER)
    for form, model in (
        (OutputForm(CLOSED), "claude-sonnet-4-0"),
        (OutputForm(OPEN), OLDER),
        (OutputForm(None), OLDER),
    ):
        assert not can_hold_to(form, model)
        assert "output_config" not in ask(output=form, model=model)
    tools = tuple([Tool(f"f{i}", "", CLOSED, is_strict=True) for i in range(STRICT_TOOLS_MAX + 1)])
    assert not any("strict" in tool for tool in ask(tools=tools)["tools"])


def test_a_prompt_is_marked_for_the_cache_by_default() -> None:
    """Of a chat client's, which knows of no marks."""
    request = ChatRequest("a", MESSAGES, parameters=Parameters(tools=(Tool("f", "", OPEN),)))
    sent = read_request(encode(request, options=WriteOptions()))
    mark = {"type": "ephemeral"}
    assert sent["tools"][0]["cache_control"] == mark
    assert sent["messages"][0]["content"][0]["cache_control"] == mark


def test_characters_that_are_none_cannot_be_written() -> None:
    """A lone surrogate; whoever sends the request tells the caller."""
    with pytest.raises(UnicodeEncodeError):
        encode(ChatRequest("a", (Message(Role.USER, (Text("\ud800"),)),)))


def test_a_host_is_not_sent_what_it_refuses() -> None:
    """Neither in what goes on as it came nor in what is written for it."""
    body = b'{"messages":[],"thinking":{"type":"disabled"},"output_config":{"effort":"max"}}'
    origin = Origin(native=Native(NAME, body))
    passed = encode(ChatRequest("ours", MESSAGES, origin=origin), "deepseek-v4-pro", DEEPSEEK)
    assert json.loads(passed) == {
        "messages": [],
        "thinking": {"type": "disabled"},
        "model": "deepseek-v4-pro",
        "stream": True,
    }
    written = encode(ChatRequest("ours", MESSAGES), "kimi-k2.7-code", KIMI)
    assert json.loads(written)["thinking"] == {"type": "enabled"}


def test_what_is_large_waits_for_its_turn_first() -> None:
    """A first step is taken at once, beside those of others: nobody has seen that it is no JSON."""
    native = Native(NAME, b"[" * (SLICE_BYTES + 1))
    chat = ChatRequest("ours", (), origin=Origin(native=native))
    next(encode_request(chat, "theirs", WriteOptions()))


@pytest.mark.parametrize(
    ("model", "options", "is_placed"),
    [
        (LATEST, PLAIN, False),
        (OLDER, PLAIN, True),
        # Nothing is known of what others take.
        ("glm-5", PLAIN, False),
        ("MiniMax-M3", WriteOptions(host="api.minimax.io"), True),
    ],
)
def test_a_system_turn_goes_on_to_whoever_takes_one(
    model: str,
    options: WriteOptions,
    is_placed: bool,  # noqa: FBT001 - a case
) -> None:
    """Claude Code sends it by the name that it knows of the model."""
    turns = [{"role": "user", "content": "hi"}, {"role": "system", "content": "Mind."}]
    body = json.dumps({"messages": turns}).encode()
    messages = (*MESSAGES, Message(Role.SYSTEM, (Text("Mind."),)))
    request = ChatRequest("ours", messages, origin=Origin(Native(NAME, body)))
    sent = json.loads(encode(request, model, options))["messages"]
    assert (sent == turns) is not is_placed
    assert is_placed is ([turn["role"] for turn in sent] == ["user"])
