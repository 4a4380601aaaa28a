from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import msgspec

from cursor_api.simulator.model.asks import Ask, Call, Choice, Reply, Result, Role, Tool, Turn
from cursor_api.simulator.model.replies import reply_to
from cursor_api.simulator.scenario import Scenario

WEATHER = Tool(
    "get_weather",
    schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
FINAL = Tool(
    "final_result",
    schema={
        "type": "object",
        "properties": {"degrees": {"type": "integer"}},
        "required": ["degrees"],
    },
)


def asked(question: str, **more: Any) -> Ask:
    """One question."""
    return Ask(model="m", turns=(Turn(Role.USER, question),), **more)


def reply(ask: Ask, seed: int = 1) -> Reply:
    """Of the model as it is."""
    return reply_to(ask, Scenario(), random.Random(seed))


def with_results(ask: Ask, calls: tuple[Call, ...], *texts: str) -> Ask:
    """The same after these calls were made."""
    results = tuple(
        Result(call.id, text, is_error=text == "no")
        for call, text in zip(calls, texts, strict=True)
    )
    turns = (Turn(Role.ASSISTANT, calls=calls), Turn(Role.USER, results=results))
    return replace(ask, turns=(*ask.turns, *turns))


def test_the_same_question_has_the_same_reply() -> None:
    """Ids of calls included; another seed has others."""
    ask = asked("Weather in Paris?", tools=(WEATHER,))
    assert reply(ask) == reply(ask)
    assert reply(ask, 2).calls[0].id != reply(ask).calls[0].id


def test_text_is_answered_in_the_language_of_the_question() -> None:
    """It quotes the question, or says what it is asked to say."""
    assert "You asked: “What is tea?”" in reply(asked("What is tea?")).text
    assert "你问的是：“茶是什么？”" in reply(asked("茶是什么？")).text
    for question in ("Say pong", 'Reply with exactly: "pong".', "请只说“pong”。"):
        assert reply(asked(question)).text == "pong"
    seen = Ask(model="m", turns=(Turn(Role.USER, "What is it?", image_count=2),))
    assert reply(seen).text.startswith("I see 2 images. ")
    both = Ask(model="m", turns=(Turn(Role.USER, "是什么？", image_count=1, document_count=1),))
    assert reply(both).text.startswith("收到 1 张图片和 1 份文档。")


def test_a_round_of_tools() -> None:
    """Calls side by side, then an answer from what they gave, failures included."""
    ask = asked("Weather in Paris and London?", tools=(WEATHER,))
    calls = reply(ask).calls
    assert [call.arguments for call in calls] == [{"city": "Paris"}, {"city": "London"}]
    done = with_results(ask, calls, "12 degrees", "no")
    assert reply(done) == Reply(
        text="Here is what I found:\n- get_weather (Paris) says: 12 degrees\n"
        "- get_weather (London) failed: no"
    )
    chinese = asked("北京天气", tools=(WEATHER,))
    told = with_results(chinese, reply(chinese).calls, "晴")
    assert reply(told).text == "get_weather (北京) 的结果：晴"


def test_one_call_after_another_where_no_two_are_allowed() -> None:
    """What is left is called in the next round."""
    ask = asked("Weather in Paris and London?", tools=(WEATHER,), is_parallel=False)
    first = reply(ask).calls
    second = reply(with_results(ask, first, "12")).calls
    assert [call.arguments["city"] for call in (*first, *second)] == ["Paris", "London"]


def test_the_choice_of_tools_is_obeyed() -> None:
    """None, one at least, or the named one; an answering tool comes when all else is done."""
    tools = (WEATHER, FINAL)
    weather = asked("Weather in Paris?", tools=tools)
    assert not reply(replace(weather, choice=Choice.NONE)).calls
    named = replace(weather, choice=Choice.NAMED, named="final_result")
    assert [call.name for call in reply(named).calls] == ["final_result"]
    required = replace(weather, choice=Choice.REQUIRED)
    calls = reply(required).calls
    assert [call.name for call in calls] == ["get_weather"]
    after = reply(with_results(required, calls, "12 degrees")).calls
    assert [call.name for call in after] == ["final_result"]
    bare = asked("Hello", tools=(WEATHER,), choice=Choice.REQUIRED)
    assert reply(bare).calls[0].arguments == {"city": "Paris"}


def test_an_answer_of_a_form_is_json_that_fits() -> None:
    """Numbers that tools gave come first; any object where no schema is given."""
    form = FINAL.schema
    ask = asked("How warm is it in Paris on day 3?", tools=(WEATHER,), form=form)
    calls = reply(replace(ask, turns=(Turn(Role.USER, "Weather in Paris?"),))).calls
    assert msgspec.json.decode(reply(with_results(ask, calls, "12 degrees")).text) == {
        "degrees": 12
    }
    anything = reply(asked("tea?", form={})).text
    assert msgspec.json.decode(anything) == {"question": "tea?"}


def test_a_model_that_thinks_says_what_it_will_call() -> None:
    """And thinks of something where it only answers."""
    ask = asked("Weather in Paris?", tools=(WEATHER,), is_thinking=True)
    assert 'I call get_weather({"city":"Paris"})' in reply(ask).thoughts
    assert reply(asked("Hi", is_thinking=True)).thoughts == Scenario().thoughts
    assert reply(asked("Hi")).thoughts == ""


def test_a_scripted_text_answers_everything_but_calls() -> None:
    """As the directives of a message need it."""
    said = reply_to(asked("x", form={}), Scenario(text="so"), random.Random(1))
    assert said == Reply(text="so")
