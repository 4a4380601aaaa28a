"""Requests as an upstream that speaks this dialect gets them.

That nothing is lost is in tests/property/test_openai_dialect_requests.py.
"""

from __future__ import annotations

import json
from typing import Any

from cursor_api.dialects.openai_chat.request import parse_request
from cursor_api.dialects.openai_chat.upstream import encode_request
from cursor_api.domain.chat import (
    ChatRequest,
    Native,
    Origin,
    OutputForm,
    Parameters,
    Reasoning,
    Tool,
)
from cursor_api.domain.content import (
    CacheMark,
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

DECIDED = {"model": "theirs", "stream": True, "stream_options": {"include_usage": True}}


def written(*messages: Message, parameters: Parameters | None = None) -> Any:
    """The body of a request that came in no dialect."""
    request = ChatRequest("ours", messages, parameters=parameters or Parameters())
    return json.loads(finish(encode_request(request, "theirs")))


def messages_of(role: Role, *parts: Part) -> Any:
    """What one message of these parts becomes."""
    return written(Message(role, parts))["messages"]


def test_what_came_in_this_dialect_goes_on_as_it_came() -> None:
    """Unknown fields, numbers and all; only what the gateway decides is written over it."""
    body = (
        b'{"x_new":[1.10, {"a":null}],"model":"ours","seed":12345678901234567890123,'
        b'"messages":[{"role":"user","content":"hi","y":1}],"stream":true,"temperature":"warm"}'
    )
    request = finish(parse_request(body, RequestLimits())).chat
    sent = finish(encode_request(request, "theirs"))
    assert json.loads(sent) == json.loads(body) | DECIDED
    assert b'"x_new":[1.10, {"a":null}]' in sent


def test_what_came_in_this_dialect_is_streamed_if_the_callers_is() -> None:
    """An answer in one piece is asked for in one piece, without what is for streams alone."""
    body = b'{"model":"ours","messages":[{"role":"user","content":"hi"}],"stream":false}'
    request = finish(parse_request(body, RequestLimits())).chat
    assert json.loads(finish(encode_request(request, "theirs"))) == {
        "model": "theirs",
        "messages": [{"role": "user", "content": "hi"}],
    }


def test_the_native_form_of_another_dialect_is_not_looked_at() -> None:
    """It is written anew from what it meant."""
    hi = (Message(Role.USER, (Text("hi"),)),)
    request = ChatRequest("ours", hi, origin=Origin(Native("another", b"\xff")))
    assert json.loads(finish(encode_request(request, "theirs"))) == DECIDED | {
        "messages": [{"role": "user", "content": "hi"}]
    }


def test_an_assistant_s_parts_become_one_message() -> None:
    """Reasoning, what was said, and the calls beside it; a seal has no place here."""
    parts = (
        Thinking("hm", "signature"),
        Thinking("sealed", is_redacted=True),
        Text("I look."),
        ToolUse("c1", "ls", b'{"p":"\xc3\xa9"}'),
    )
    assert messages_of(Role.ASSISTANT, *parts) == [
        {
            "role": "assistant",
            "content": "I look.",
            "reasoning_content": "hm",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "ls", "arguments": '{"p":"é"}'},
                }
            ],
        }
    ]
    (call_only,) = messages_of(Role.ASSISTANT, ToolUse("c1", "ls", b"{}"))
    assert call_only["content"] is None
    (refused,) = messages_of(Role.ASSISTANT, Text("No.", is_refusal=True))
    assert refused["content"] == [{"type": "refusal", "refusal": "No."}]


def test_results_are_messages_of_their_own() -> None:
    """In front of what else the user said with them; a failure is told in words."""
    image = Image(b"hi", "image/png")
    parts = (
        ToolResult("c1", (Text("a.py"),)),
        ToolResult("c2", (Text("gone"), image), is_error=True),
        Text("And now?"),
    )
    assert messages_of(Role.USER, *parts) == [
        {"role": "tool", "tool_call_id": "c1", "content": "a.py"},
        {
            "role": "tool",
            "tool_call_id": "c2",
            "content": [
                {"type": "text", "text": "Error: "},
                {"type": "text", "text": "gone"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            ],
        },
        {"role": "user", "content": "And now?"},
    ]


def test_cache_marks_stand_where_they_were_put() -> None:
    """On a part, a call, a result and a tool, with the time to live where it has a word."""
    mark, hour = CacheMark(), CacheMark(3600)
    (said,) = messages_of(Role.SYSTEM, Text("a", mark))
    assert said["content"] == [
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}
    ]
    (called,) = messages_of(Role.ASSISTANT, ToolUse("c", "f", b"", hour))
    assert called["tool_calls"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    (result,) = messages_of(Role.USER, ToolResult("c", (), cache=CacheMark(77)))
    assert result["cache_control"] == {"type": "ephemeral"}
    asked = Parameters(tools=(Tool("f", "", b"{}", cache=mark),), reasoning=Reasoning())
    assert written(parameters=asked)["tools"] == [
        {
            "type": "function",
            "function": {"name": "f", "parameters": {}},
            "cache_control": {"type": "ephemeral"},
        }
    ]


def test_a_form_without_a_name_gets_one() -> None:
    """Anthropic's have none, and OpenAI's API takes none without."""
    for name, given in (("", "answer"), ("report", "report")):
        output = OutputForm(b'{"type":"object"}', name)
        sent = written(Message(Role.USER, (Text("Hi"),)), parameters=Parameters(output=output))
        assert sent["response_format"]["json_schema"]["name"] == given


def test_a_budget_for_thinking_goes_on_as_an_effort() -> None:
    """OpenAI's API refuses a number of tokens, as Anthropic's clients give it."""
    for budget, effort in ((0, None), (1024, "low"), (8000, "medium"), (10**9, "high")):
        asked = Parameters(reasoning=Reasoning(None, budget))
        sent = written(Message(Role.USER, (Text("Hi"),)), parameters=asked)
        assert (sent.get("reasoning_effort"), "reasoning" in sent) == (effort, False)
