"""Where an endpoint is, in each of the ways in which people write it."""

from __future__ import annotations

import pytest

from cursor_api.options.setting import build_options, find_rows
from cursor_api.upstreams.openai.options import OpenAiOptions, PatientTimeouts


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://api.openai.com", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("https://openrouter.ai/api", "https://openrouter.ai/api/v1"),
        ("https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1"),
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1"),
        # Versions that are not the first, and not at the end.
        ("https://g.example/v1beta/openai", "https://g.example/v1beta/openai"),
        ("https://z.example/api/paas/v4", "https://z.example/api/paas/v4"),
        # Words that only begin like one.
        ("https://h.example/vllm", "https://h.example/vllm/v1"),
        # The address of the call itself is taken at its word.
        ("https://p.example/chat/completions", "https://p.example"),
        ("https://p.example/v1/chat/completions", "https://p.example/v1"),
    ],
)
def test_the_address_is_taken_with_and_without_its_version(given: str, used: str) -> None:
    """And what needs none can be said, too."""
    assert OpenAiOptions(given).api_url == used


@pytest.mark.parametrize("url", ["", "ftp://x", "https://me:secret@x", "https://x?key=1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """A secret in an address would end in logs."""
    with pytest.raises(ValueError, match=r"address|user name|query"):
        OpenAiOptions(url)


def test_everything_an_endpoint_may_need_can_be_set() -> None:
    """The address, the way to it, and how long it may take."""
    assert {row.name for row in find_rows(OpenAiOptions).values()} == {
        *("base_url", "proxy", "ca_file", "connect_timeout_s", "connections_max"),
        *("first_token_timeout_s", "idle_timeout_s"),
    }
    rows = (("*", 5.0),)
    made = build_options(OpenAiOptions, {("timeouts", "first_token_s"): rows})
    assert made.timeouts.for_model("any").first_token_s == 5


def test_models_that_think_unseen_have_more_time() -> None:
    """And a server of one's own has the time to load its model."""
    limits = PatientTimeouts()
    assert limits.for_model("llama3").first_token_s == 120
    assert limits.for_model("gpt-5-mini").first_token_s == 600
    assert limits.for_model("llama3").idle_s == 120
