"""A StreamChat request as the simulated model is asked it."""

from __future__ import annotations

from cursor_api.simulator.cursor.messages import ChatAsk, Speaker
from cursor_api.simulator.model.asks import Ask, Role, Turn
from cursor_api.simulator.model.forms import is_form_alone, split_form, with_worded_form


def make_ask(ask: ChatAsk, question: str) -> Ask:
    """The conversation with `question` as its last words.

    There are no tools here, and the form of an answer is asked for in words, which may be a turn of
    their own.
    """
    turns = [
        Turn(
            Role.USER if turn.speaker is Speaker.HUMAN else Role.ASSISTANT,
            turn.text,
            image_count=len(turn.images),
        )
        for turn in ask.turns
    ]
    last = _last_human(turns)
    form = None
    if turns and is_form_alone(turns[last].text):
        form = split_form(turns[last].text).form
        turns = turns[:last]
    asked = Ask(model=ask.model, turns=tuple(turns), form=form).with_question(question)
    return with_worded_form(asked)


def _last_human(turns: list[Turn]) -> int:
    return max((at for at, turn in enumerate(turns) if turn.role is Role.USER), default=0)
