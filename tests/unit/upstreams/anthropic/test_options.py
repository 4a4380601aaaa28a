"""Where an endpoint is, in each of the ways in which people write it."""

from __future__ import annotations

import pytest

from cursor_api.options.setting import find_rows
from cursor_api.upstreams.anthropic.options import AnthropicOptions, ThinkingTimeouts


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://api.anthropic.com", "https://api.anthropic.com/v1"),
        ("https://api.anthropic.com/v1/", "https://api.anthropic.com/v1"),
        ("https://api.deepseek.com/anthropic", "https://api.deepseek.com/anthropic/v1"),
        ("https://api.anthropic.com/v1/messages", "https://api.anthropic.com/v1"),
        ("https://p.example/messages", "https://p.example"),
    ],
)
def test_the_address_is_taken_with_and_without_its_version(given: str, used: str) -> None:
    """The one by default is Anthropic's."""
    assert AnthropicOptions(given).api_url == used
    assert AnthropicOptions().api_url == "https://api.anthropic.com/v1"
    with pytest.raises(ValueError, match="address"):
        AnthropicOptions("ftp://x")


def test_everything_an_endpoint_may_need_can_be_set() -> None:
    """The address, the way to it, how long it may take, and what a request asks for."""
    assert {row.name for row in find_rows(AnthropicOptions).values()} == {
        *("base_url", "proxy", "ca_file", "connect_timeout_s", "connections_max"),
        *("first_token_timeout_s", "idle_timeout_s", "max_tokens", "prompt_cache"),
    }


def test_models_that_think_unseen_have_more_time() -> None:
    """Their thoughts are not sent, and nothing is a word until they are done."""
    limits = ThinkingTimeouts()
    assert limits.for_model("claude-haiku-4-5").first_token_s == 180
    assert limits.for_model("claude-opus-5-5").first_token_s == 600
