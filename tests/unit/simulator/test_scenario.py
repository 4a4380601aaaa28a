from __future__ import annotations

import random

import pytest

from cursor_api.simulator.scenario import (
    CHINESE,
    CODE,
    EMOJI,
    MARKDOWN,
    Scenario,
    filler_pieces,
    is_thinking_model,
    split_pieces,
)


def answer(question: str, scenario: Scenario | None = None) -> str:
    """The text for a question."""
    return (scenario or Scenario()).answer("gpt-4o", question, random.Random(1))


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("show me some code", CODE),
        ("写一段代码", CODE),
        ("a page of Markdown please", MARKDOWN),
        ("用中文回答", CHINESE),
        ("in Chinese, please", CHINESE),
        ("an EMOJI or two", EMOJI),
    ],
)
def test_a_word_of_the_question_chooses_the_text(question: str, text: str) -> None:
    """In either language and any case."""
    assert answer(question) == text


def test_by_default_it_says_what_it_is_and_quotes_the_question() -> None:
    """In the language of the question, the quotation bounded."""
    assert "I am the simulator" in answer("How do codecs work?")
    assert "“How do codecs work?”" in answer("How do codecs work?")
    assert "gpt-4o" in answer("hi")
    assert "我是模拟器" in answer("你是谁？")
    assert "“你是谁？”" in answer("你是谁？")
    assert len(answer("x" * 10_000)) < 1000
    assert "You asked" not in answer("  ")


def test_the_long_answer_is_long_and_repeats_with_its_seed() -> None:
    """Long enough to watch, the same for the same chance."""
    assert len(answer("a long story")) > 10_000
    assert answer("a long story") == answer("a long story")


def test_the_texts_hold_what_breaks_clients() -> None:
    """Indentation, tabs, blank lines, fences, characters outside the basic plane, joiners."""
    assert "\n        total += value\n" in CODE
    assert "\n\tpython" in CODE
    assert "\n\n" in MARKDOWN
    assert "  \n" not in MARKDOWN
    assert "\U00020bb7" in CHINESE
    assert "\u200d" in EMOJI


def test_a_fixed_text_answers_everything() -> None:
    """For tests that want to know each letter."""
    assert answer("code", Scenario(text="just this")) == "just this"


@pytest.mark.parametrize("model", ["gpt-4o", "claude-3-opus"])
@pytest.mark.parametrize("text", [CODE, MARKDOWN, CHINESE, EMOJI, "x", ""])
def test_pieces_joined_are_the_text(model: str, text: str) -> None:
    """No character is lost, none is split, none is empty."""
    pieces = list(split_pieces(text, model, random.Random(3)))
    assert "".join(pieces) == text
    assert "" not in pieces


def test_pieces_are_as_long_as_in_the_traces() -> None:
    """1 to 6 characters; for Claude about 20 bytes, whole characters at the end."""
    short = list(split_pieces(CODE, "gpt-4o", random.Random(3)))
    assert {len(piece) for piece in short} == {1, 2, 3, 4, 5, 6}
    long = [len(piece.encode()) for piece in split_pieces(CHINESE, "claude-3", random.Random(3))]
    assert max(long) <= 28 + 3
    assert min(long[:-1]) >= 12


@pytest.mark.parametrize("size_bytes", [1, 5, 75, 5000])
def test_filler_is_as_long_as_asked(size_bytes: int) -> None:
    """To the byte, in words."""
    assert len("".join(filler_pieces(size_bytes)).encode()) == size_bytes


def test_thinking_models_are_known_by_name() -> None:
    """As the real ones were named."""
    assert is_thinking_model("claude-3.7-sonnet-thinking")
    assert is_thinking_model("gemini-2.0-flash-thinking-exp")
    assert not is_thinking_model("gpt-4o")
