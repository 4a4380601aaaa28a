"""Whole answers of the simulated StreamChat as bytes, to be cut and mutated without a socket."""

from __future__ import annotations

from cursor_api.simulator.cursor.answer import Answerer
from cursor_api.simulator.cursor.messages import ChatAsk, Speaker, Turn
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.scenario import Scenario
from cursor_api.simulator.steps import Data

_SAMPLE_ID = "00000000-0000-4000-8000-00000000000{}"


def sample_ask(question: str, *, model: str = "gpt-4o", links: tuple[str, ...] = ()) -> ChatAsk:
    """A good request with one message and fixed ids."""
    bubble, request, conversation = (_SAMPLE_ID.format(number) for number in range(3))
    return ChatAsk(
        model=model,
        turns=(Turn(Speaker.HUMAN, question, bubble),),
        request_id=request,
        conversation_id=conversation,
        links=links,
    )


def record_stream(
    ask: ChatAsk,
    faults: Faults | None = None,
    *,
    scenario: Scenario | None = None,
    ordinal: int = 0,
) -> bytes:
    """The body of the answer, byte for byte what a simulator with these faults would send.

    Mishaps before the headers and directives in the question have no part in it.
    """
    answerer = Answerer.for_request(
        ordinal, faults or Faults(), scenario or Scenario(), accepts_gzip=True
    )
    steps = answerer.steps(ask, ask.question)
    return b"".join(step.data for step in steps if isinstance(step, Data))
