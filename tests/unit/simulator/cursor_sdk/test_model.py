"""What the simulated model is asked by a Send."""

from __future__ import annotations

import random

import pytest

from cursor_api.simulator.cursor_sdk.model import (
    Question,
    make_ask,
    opening,
    read_orders,
    read_question,
    read_result,
)
from cursor_api.simulator.model.asks import Call, Choice, Result
from cursor_api.simulator.model.replies import reply_to
from cursor_api.simulator.scenario import Scenario

CALL = Call("get_weather", {"city": "Paris"}, "c")
FORM = '{"type":"object","properties":{"n":{"type":"integer"}}}'


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Hello", Question("Hello")),
        ("<conversation>\n…\n</conversation>\n\nThanks!", Question("Thanks!")),
        ("Hi\n/sim reset", Question("Hi")),
        (
            "Hi\n\nYou must call the tool `f`, before you say anything.",
            Question("Hi", None, Choice.NAMED, "f"),
        ),
        ("Hi\n\nYou must call one of the tools.", Question("Hi", None, Choice.REQUIRED)),
        (
            f"Hi\n\nAnswer with one JSON value that fits.\n\n{FORM}",
            Question("Hi", {"type": "object", "properties": {"n": {"type": "integer"}}}),
        ),
        ("What is JSON?\n\n{not it}", Question("What is JSON?\n\n{not it}")),
    ],
)
def test_a_question_is_what_stands_last(text: str, question: Question) -> None:
    """Without the transcript before it, and without what is demanded of the answer."""
    assert read_question(text) == question


def test_a_demand_is_met_once_and_json_fits_its_schema() -> None:
    """After the call the run goes on to its end."""
    tools = {"f": {"description": "Does it.", "inputSchema": {}}}
    question = read_question("Hi\n\nYou must call the tool `f`.")
    turns = [opening(question, 0)]
    chance = random.Random(1)
    reply = reply_to(make_ask("m", question, tools, turns), Scenario(), chance)
    assert [call.name for call in reply.calls] == ["f"]
    later = make_ask("m", question, tools, [*turns, *turns])
    assert later.choice is Choice.AUTO
    question = read_question(f"3 of them\n\nAnswer with one JSON value.\n\n{FORM}")
    reply = reply_to(make_ask("m", question, {}, [opening(question, 1)]), Scenario(), chance)
    assert reply.text == '{"n":3}'


def test_orders_are_calls_word_for_word() -> None:
    """Several, each on a line of its own."""
    found = read_orders('/sim call f {"a":1}\nand\n/sim call g')
    assert [(call.name, call.arguments) for call in found] == [("f", {"a": 1}), ("g", {})]


def test_results_are_read() -> None:
    """Texts, other contents by name, other objects as JSON, failures as such."""
    content = [{"type": "text", "text": "sunny"}, {"type": "image", "data": ""}]
    assert read_result(CALL, {"content": content}) == Result("c", "sunny [image]")
    assert read_result(CALL, {"value": 3}) == Result("c", '{"value":3}')
    assert read_result(CALL, {"message": "no city"}) == Result("c", "no city", is_error=True)
