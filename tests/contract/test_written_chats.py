"""A coding agent's request as servers of OpenAI's dialect get it: nothing in it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.dialects.anthropic_messages import request as messages
from cursor_api.dialects.openai_chat.families import family_of
from cursor_api.dialects.openai_chat.upstream import encode_request
from cursor_api.simulator.openai.checks import NAME_CHARS_MAX, check_chat
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish

MARK = {"cache_control": {"type": "ephemeral"}}
LONG = "mcp__" + "a-server-with-a-long-name" * 3 + "__shot"
IMAGE = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
}
ASKED: dict[str, Any] = {
    "model": "any",
    "max_tokens": 100,
    "stream": True,
    "system": [{"type": "text", "text": "Be brief.", **MARK}, {"type": "text", "text": "Now."}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Look."}, IMAGE]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "s"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "toolu_1", "name": LONG, "input": {}},
                {"type": "tool_use", "id": "toolu_2", "name": "read", "input": {"p": "a"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [IMAGE]},
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": []},
                {"type": "text", "text": "And?", **MARK},
            ],
        },
        {"role": "system", "content": "The mode has changed."},
    ],
    "tools": [
        {"name": LONG, "input_schema": {"type": "object"}},
        {"name": "read", "input_schema": {"type": "object"}},
        {"type": "web_search_20250305", "name": "web_search"},
    ],
    "tool_choice": {"type": "auto"},
    "thinking": {"type": "adaptive"},
    "output_config": {"effort": "max"},
    "metadata": {"user_id": "u"},
}
MODELS = ("gpt-4o", "gpt-5.2", "o3", "claude-opus-5", "deepseek-v4", "mistral-large", "other")


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_sent_that_is_refused(model: str) -> None:
    """With images and nothing in results, a long name, marks, seals and late system messages."""
    chat = finish(messages.parse_request(json.dumps(ASKED).encode(), RequestLimits())).chat
    sent = json.loads(finish(encode_request(chat, model, family_of(model))))
    check_chat(sent)
    assert [len(tool["function"]["name"]) for tool in sent["tools"]] == [NAME_CHARS_MAX, 4]


@pytest.mark.parametrize("model", ["deepseek-v4", "mistral-large", "other"])
def test_a_strict_server_gets_one_system_message_and_texts(model: str) -> None:
    """Only what has an image has parts."""
    chat = finish(messages.parse_request(json.dumps(ASKED).encode(), RequestLimits())).chat
    sent = json.loads(finish(encode_request(chat, model, family_of(model))))["messages"]
    assert [message["role"] for message in sent] == [
        *("system", "user", "assistant", "tool", "tool", "user")
    ]
    with_parts = [message["role"] for message in sent if isinstance(message["content"], list)]
    assert with_parts == ["user", "user"]
    assert "cache_control" not in json.dumps(sent)
