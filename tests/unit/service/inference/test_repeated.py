"""Whether an upstream's error repeats what the caller wrote."""

from __future__ import annotations

import pytest

from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import (
    Document,
    Image,
    LinkedImage,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.service.inference.repeated import COMMON, SEARCHED_CHARS_MAX, repeats

PROMPT = (
    "You are a careful assistant. My landlord Mr. Quibble has raised the rent to 1450 euros;"
    " write a letter. 我的房东涨了房租。"
)


def ask(*parts: Part) -> ChatRequest:
    """A conversation with these."""
    return ChatRequest("gpt-4o", (Message(Role.USER, parts),))


CHAT = ask(Text(PROMPT))


@pytest.mark.parametrize(
    "said",
    [
        PROMPT,
        f"Invalid 'messages[0].content': '{PROMPT[:60]}…' is not allowed",
        "We do not help with letters to a Landlord.",
        "flagged: QUIBBLE",
        "the value 1450 is wrong",
        # As JSON that was put into a text.
        '{"content": "My\\nlandlord"}',
        "content: \\u623f\\u4e1c",
        "房东",
        # Cut in the middle of a word.
        "could not parse: land",
        # A word that no error has is data.
        "bad data: " + "A" * 41,
    ],
)
def test_what_repeats_is_noticed(said: str) -> None:
    """The whole prompt, a piece, a word; in another case, escaped, cut."""
    assert repeats(said, CHAT)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "!",
        "Rate limit exceeded: try again in 20 s.",
        "Unsupported parameter: 'max_tokens' is not supported with this model."
        " Use 'max_completion_tokens' instead.",
        "This model's maximum context length is 128000 tokens.",
        "The model is overloaded. Please try again later.",
        "You are out of credit",
        "模型过载",
    ],
)
def test_what_says_nothing_of_the_conversation_stays(said: str) -> None:
    """It is what tells the operator what to do."""
    assert not repeats(said, CHAT)


@pytest.mark.parametrize("prompt", ["hi", "the model", "Hi!", "my user", "4 + 5"])
def test_a_short_prompt_is_one_too(prompt: str) -> None:
    """Of the most common words even."""
    assert repeats(f"I refuse to answer '{prompt}' today", ask(Text(prompt)))
    assert not repeats("this is that, thistle", ask(Text("hi")))


def test_a_run_of_common_words_is_noticed() -> None:
    """Though each alone says nothing."""
    chat = ask(Text("x" * 300 + " please make this list of images longer than the first"))
    assert repeats("the content 'please make this list' is bad", chat)
    assert not repeats("please, make the list shorter", chat)


@pytest.mark.parametrize(
    "part",
    [
        Text("canary"),
        Thinking("canary"),
        ToolUse("id", "name", b'{"x": "canary"}'),
        ToolResult("id", (Text("canary"),)),
        LinkedImage("https://example.org/canary"),
        Document("application/pdf", url="https://example.org/canary"),
    ],
    ids=lambda part: type(part).__name__,
)
def test_everything_that_was_written_is_looked_through(part: Part) -> None:
    """Wherever in the conversation it stands."""
    assert repeats("there is a canary in it", ask(Text("Hello"), part))
    assert not repeats("there is a sparrow in it", ask(Text("Hello"), part, Image(b"x", "a/b")))


def test_what_is_too_long_to_be_searched_is_in_doubt() -> None:
    """And nothing of it is kept."""
    assert repeats("whatever", ask(Text("a" * SEARCHED_CHARS_MAX), Text("b")))


def test_common_words_are_as_they_are_compared() -> None:
    """In lower case, and long enough to count at all."""
    assert all(word == word.casefold() and word.isalpha() for word in COMMON)
