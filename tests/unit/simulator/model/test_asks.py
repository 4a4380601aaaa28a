from __future__ import annotations

from cursor_api.simulator.model.asks import Ask, Call, Result, Role, Turn

QUESTION = Turn(Role.USER, "What is in a.txt?")
CALLING = Turn(Role.ASSISTANT, calls=(Call("read", {"path": "a.txt"}, "1"),))
TOLD = Turn(Role.USER, "(a reminder)", results=(Result("1", "tea"),))


def test_the_question_is_what_the_user_said_last_without_results() -> None:
    """What stands beside results is an agent's reminder; what followed belongs to the question."""
    ask = Ask(model="m", turns=(Turn(Role.USER, "Hi"), QUESTION, CALLING, TOLD))
    assert ask.question is QUESTION
    assert ask.since == (CALLING, TOLD)
    empty = Ask(model="m", turns=(Turn(Role.SYSTEM, "Be brief."),))
    assert empty.question == Turn(Role.USER)
    assert empty.since == empty.turns
