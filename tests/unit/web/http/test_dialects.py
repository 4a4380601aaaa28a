"""Which client API an address, or who asks at it, belongs to."""

from __future__ import annotations

import pytest

from cursor_api.dialects.anthropic_messages.dialect import AnthropicMessages
from cursor_api.dialects.openai_chat.dialect import OpenAiChat
from cursor_api.web.http.dialects import Dialects, id_headers

FIRST, SECOND = OpenAiChat(), AnthropicMessages()
OWN = [(b"accept", b"*/*"), (b"anthropic-version", b"2023-06-01")]


@pytest.mark.parametrize("prefix", ["", "/hf"])
def test_an_address_of_a_dialects_own_is_its_whoever_asks(prefix: str) -> None:
    """Any other one is that of the client, or else the first."""
    dialects = Dialects((FIRST, SECOND), prefix)
    for path in ("/v1/messages", "/v1/messages/x"):
        assert dialects.find(prefix + path) is SECOND
    assert dialects.find(f"{prefix}/v1/chat/completions", OWN) is FIRST
    for path in ("/", "/v1/models", "/v1/messagesx"):
        assert dialects.find(prefix + path) is FIRST
        assert dialects.find(prefix + path, OWN) is SECOND


def test_an_answer_tells_its_id_as_its_clients_look_for_it() -> None:
    """In one header or two."""
    assert id_headers(FIRST, "1") == [(b"x-request-id", b"1")]
    assert id_headers(SECOND, "1") == [(b"x-request-id", b"1"), (b"request-id", b"1")]
