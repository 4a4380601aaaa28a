"""Where a conversation goes on."""

from __future__ import annotations

import pytest

from cursor_api.domain.content import (
    Image,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.domain.value import replace
from cursor_api.upstreams.cursor_sdk.history import STEP_CHARS, History, add_turn, read_history
from tests.sdk_stage import user
from tests.steps import count_steps, finish

SYSTEM = Message(Role.SYSTEM, (Text("Be brief."),))
CALL = ToolUse("call_1", "f", b"{}")
RESULT = ToolResult("call_1", (Text("3"), Image(b"png", "image/png")))


def said(*parts: Part | str) -> Message:
    """An answer."""
    return Message(Role.ASSISTANT, tuple(Text(p) if isinstance(p, str) else p for p in parts))


def read(*messages: Message) -> History:
    """In one go."""
    return finish(read_history(messages))


def test_the_next_turn_finds_what_this_one_leaves() -> None:
    """What was asked and answered is what the next request begins with."""
    history = read(SYSTEM, user("Hi"))
    assert (history.before, history.rest_at) == (b"", 0)
    digest = history.digest.copy()
    add_turn(digest, Role.ASSISTANT, (Text("Hello"),))
    after = read(SYSTEM, user("Hi"), said("Hello"), user("More"))
    assert (after.before, after.rest_at) == (digest.digest(), 3)


@pytest.mark.parametrize(
    "messages",
    [
        (user("Hi"), said(" Hello \n"), user("x")),
        (user("Hi"), said(Thinking("hm"), "Hel", "lo"), user("x")),
        (user("Hi"), said("Hel"), said("lo"), user("x")),
        (user("Hi"), said("Hello"), user("anything"), user("else")),
    ],
)
def test_the_same_words_are_the_same_however_they_are_spelled(
    messages: tuple[Message, ...],
) -> None:
    """Blanks at the ends, thoughts, and how many messages there are say nothing."""
    assert read(*messages).before == read(user("Hi"), said("Hello"), user("x")).before


def test_other_words_are_others() -> None:
    """Each kind of part counts, and so does who says it."""
    variants = [
        (user("Hi"), said("Hello")),
        (user("Hi"), said("Hello!")),
        (user("HiHello"), said("")),
        (SYSTEM, user("Hi"), said("Hello")),
        (user("Hi"), said("Hello", CALL)),
        (user("Hi"), said("Hello", replace(CALL, name="g"))),
        (user("Hi"), said("Hello", replace(CALL, arguments=b'{"a":1}'))),
        (user("Hi"), said(CALL), Message(Role.USER, (RESULT,)), said("Hello")),
        (user("Hi"), said(CALL), Message(Role.USER, (replace(RESULT, parts=()),)), said("Hello")),
        (Message(Role.USER, (Text("Hi"), Image(b"png", "image/png"))), said("Hello")),
        (user("\ud800"), said("Hello")),
    ]
    assert len({read(*variant, user("x")).before for variant in variants}) == len(variants)


def test_megabytes_are_read_in_steps() -> None:
    """Others have their turn after each."""
    large = [user("x" * STEP_CHARS), said("y" * STEP_CHARS), user("z")]
    assert count_steps(read_history(large))[1] > 2
    one = [user("x" * 3 * STEP_CHARS)]
    assert count_steps(read_history(one))[1] > 2


def test_an_answer_at_the_end_is_before_everything() -> None:
    """A client that lets the model go on with its own words: nothing is left to say."""
    history = read(user("Hi"), said("Hel"))
    assert history.rest_at == 2
    assert history.before == history.digest.digest()
