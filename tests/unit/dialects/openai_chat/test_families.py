"""What servers take, by the names of their models and of their hosts."""

from __future__ import annotations

import pytest

from cursor_api.dialects.openai_chat.families import (
    MAX_COMPLETION_TOKENS,
    MAX_TOKENS,
    Family,
    family_of,
    level_of,
)
from cursor_api.domain.chat import Effort


@pytest.mark.parametrize(
    ("model", "efforts"),
    [
        ("gpt-4o", ""),
        ("gpt-4.1-mini", ""),
        ("gpt-3.5-turbo", ""),
        ("gpt-35-turbo-16k", ""),
        ("chatgpt-4o-latest", ""),
        ("ft:gpt-4o-2024-08-06:me::abc", ""),
        ("gpt-5-chat-latest", ""),
        ("o3-mini", "low medium high"),
        ("openai/o1", "low medium high"),
        ("codex-mini-latest", "low medium high"),
        ("gpt-5-codex", "low medium high"),
        ("gpt-5-nano-2025-08-07", "minimal low medium high"),
        ("openai/gpt-5.1", "none low medium high"),
        ("GPT-5.2", "none low medium high xhigh"),
        ("gpt-5.3-codex", "low medium high xhigh"),
        # Newer than any that is known here.
        ("gpt-6-any", "none low medium high xhigh"),
        ("gpt-10", "none low medium high xhigh"),
    ],
)
def test_openai_s_models_are_known_by_their_names(model: str, efforts: str) -> None:
    """Whoever serves them. Those that think take an effort, and no sampling and no stop texts."""
    family = family_of(model, "gateway.example")
    assert family.is_openai
    assert (family.output_max, family.thoughts) == (MAX_COMPLETION_TOKENS, "")
    assert " ".join(effort.value for effort in family.efforts) == efforts
    assert family.has_sampling is not bool(efforts)


@pytest.mark.parametrize(
    "model",
    ["gpt-oss-120b", "openai/gpt-oss-20b", "deepseek-chat", "llama3.1", "phi-4-o2x", "nemo1"],
)
def test_others_are_asked_for_what_every_server_takes(model: str) -> None:
    """Strict ones refuse a request for one field that they do not know."""
    family = family_of(model)
    assert family.output_max == MAX_TOKENS
    assert family.has_sampling
    assert not family.is_openai
    assert not family.has_cache_marks


def test_some_are_known_by_their_hosts() -> None:
    """A deployment may have any name, and a server its own name for thoughts."""
    for host in ("api.openai.com", "mine.openai.azure.com"):
        assert family_of("my-deployment", host).is_openai
    assert not family_of("my-deployment", "openai.example").is_openai
    thoughts = {
        host: family_of("qwen-3", host).thoughts
        for host in ("api.groq.com", "api.cerebras.ai", "api.mistral.ai", "api.deepseek.com")
    }
    assert list(thoughts.values()) == ["reasoning", "reasoning", "", "reasoning_content"]
    assert family_of("magistral-small").thoughts == ""
    mistral = [family_of("magistral-small", host) for host in ("api.mistral.ai", "other.example")]
    assert [family.tells_usage for family in mistral] == [True, False]


def test_some_think_unless_they_are_switched_off() -> None:
    """Two of them want the thoughts that led to a call, wherever they are served."""
    deepseek = family_of("deepseek-v4-pro", "api.deepseek.com")
    assert [effort.value for effort in deepseek.efforts] == ["low", "high", "max"]
    known = {
        (model, host): (family_of(model, host).is_switched, family_of(model, host).owes_thoughts)
        for model, host in (
            ("deepseek-v4-pro", "api.deepseek.com"),
            ("kimi-k2.6", "api.moonshot.ai"),
            ("kimi-k2.7-code", "api.moonshot.ai"),
            ("glm-5", "api.z.ai"),
            ("deepseek-v4-pro", "gateway.example"),
            ("kimi-k2", "api.groq.com"),
            ("qwen-3", "gateway.example"),
        )
    }
    assert list(known.values()) == [
        *((True, True), (True, True), (False, True), (True, False)),
        *((False, True), (False, False), (False, False)),
    ]


@pytest.mark.parametrize(
    ("model", "host", "is_owed"),
    [
        ("gemini-3-pro", "generativelanguage.googleapis.com", True),
        ("google/gemini-3.6-flash", "us-central1-aiplatform.googleapis.com", True),
        ("gemini-flash-latest", "generativelanguage.googleapis.com", True),
        ("gemini-2.5-pro", "generativelanguage.googleapis.com", False),
        ("gemini-3-pro", "gateway.example", False),
        ("gemma-4", "generativelanguage.googleapis.com", False),
    ],
)
def test_a_signature_is_owed_to_google(
    model: str,
    host: str,
    is_owed: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    """Since Gemini 3, where Google itself serves it."""
    assert family_of(model, host).owes_signature is is_owed


def test_mistral_s_ids_of_calls_are_short() -> None:
    """Wherever it is served: its template says so."""
    assert family_of("devstral-small", "other.example").has_short_call_ids
    assert not family_of("gpt-4o").has_short_call_ids


def test_how_long_to_answer_can_be_said_to_gpt_5() -> None:
    """And to what came after it."""
    models = ("gpt-5", "gpt-5.3-codex", "gpt-6", "gpt-4.1", "o3", "gpt-5-chat-latest", "claude-5")
    known = [family_of(model).has_verbosity for model in models]
    assert known == [True, True, True, False, False, False, False]


def test_cache_marks_are_for_claude() -> None:
    """Nobody else has a use for them."""
    assert family_of("anthropic/claude-opus-5").has_cache_marks
    assert not family_of("gemini-3-pro").has_cache_marks


def test_an_effort_is_the_nearest_that_is_known() -> None:
    """Rather above than below; who knows none is told none."""
    told = {
        model: [level_of(effort, family_of(model)) for effort in Effort]
        for model in ("gpt-5", "gpt-5.2", "gpt-oss-20b", "some-model", "gpt-4o", "llama-3")
    }
    low, medium, high = "low", "medium", "high"
    assert told == {
        "gpt-5": ["minimal", "minimal", low, medium, high, high, high],
        "gpt-5.2": ["none", low, low, medium, high, "xhigh", "xhigh"],
        "gpt-oss-20b": [low, low, low, medium, high, high, high],
        "some-model": ["none", low, low, medium, high, high, high],
        "gpt-4o": [None] * 7,
        "llama-3": [None] * 7,
    }
    assert level_of(Effort.LOW, Family(efforts=())) is None


@pytest.mark.parametrize("model", ["DeepSeek-V3.1", "Llama-3.3-70B", "grok-4", "Mistral-Large-3"])
def test_a_model_of_others_on_azure_is_theirs(model: str) -> None:
    """It refuses what only OpenAI has."""
    assert family_of(model, "mine.services.ai.azure.com") == family_of(model)
    assert not family_of(model, "mine.services.ai.azure.com").is_openai
