from __future__ import annotations

from cursor_api.simulator.cursor.asks import make_ask
from cursor_api.simulator.cursor.messages import ChatAsk, Speaker, Turn
from cursor_api.simulator.model.asks import Role

FORM = 'Answer with one JSON value that is valid:\n\n{"type": "object"}'


def turns(*texts: str) -> ChatAsk:
    """A conversation that a human begins."""
    speakers = (Speaker.HUMAN, Speaker.AI)
    said = (Turn(speakers[at % 2], text, "b") for at, text in enumerate(texts))
    return ChatAsk(model="m", turns=tuple(said))


def test_the_question_is_what_is_left_of_the_last_words() -> None:
    """Without the directive before it."""
    ask = make_ask(turns("Hi", "Hello", "/sim slow\nMore"), "More")
    assert [turn.role for turn in ask.turns] == [Role.USER, Role.ASSISTANT, Role.USER]
    assert (ask.question.text, ask.form) == ("More", None)


def test_a_form_in_words_belongs_to_the_question_before_it() -> None:
    """In the same turn or in one of its own."""
    apart = turns("Who?", " ", FORM)
    alone = make_ask(apart, apart.question)
    beside = make_ask(turns(f"Who?\n\n{FORM}"), f"Who?\n\n{FORM}")
    for ask in (alone, beside):
        assert (ask.question.text, ask.form) == ("Who?", {"type": "object"})
    assert make_ask(turns(FORM), FORM).form == {"type": "object"}
