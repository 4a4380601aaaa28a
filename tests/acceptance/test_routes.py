"""OpenAI's and Anthropic's SDKs over every route: the short form of `make clients`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

import pytest

from tests.clients.house import House, open_house
from tests.clients.programs import client as asking
from tests.clients.programs.anthropic_sdk import TOOL, Messages
from tests.clients.programs.client import Client, tell_all
from tests.clients.programs.openai_sdk import Chat, Responses
from tests.clients.routes import ROUTES, Route
from tests.clients.table import EXPECTED, words_of

KINDS: dict[str, type[Client]] = {"chat": Chat, "responses": Responses, "messages": Messages}


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """The gateway of the demo."""
    with open_house() as opened:
        yield opened


@pytest.mark.parametrize("api", KINDS)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.kind)
def test_every_feature_is_as_the_table_says(house: House, route: Route, api: str) -> None:
    """It works, or the client is told in the words of docs/routes.md."""
    house.wake(route)
    target = house.targets()[route.kind]
    for told in tell_all(KINDS[api], [target]):
        wanted = EXPECTED[told["feature"], route.kind]
        assert told["outcome"] == wanted.over(api), told
        if api == "chat" and told["outcome"] != "works":
            assert words_of(told["said"]) == wanted.said or not wanted.said


class Turn(NamedTuple):
    """An answer in nobody's spelling."""

    text: str
    calls: tuple[tuple[str, Any], ...]
    end: str
    usage: tuple[int, int]


ENDS = {"stop": "stop", "end_turn": "stop", "tool_calls": "calls", "tool_use": "calls"}
USE = ("type", "id", "name", "input")
RESULTS = [asking.RESULT.format(city=city) for city in ("Paris", "Rome")]


def by_chat(client: Chat) -> list[Turn]:
    """A question, two calls, their results and the answer, over chat completions."""
    turns: list[Turn] = []
    sent: list[Any] = [{"role": "user", "content": asking.TWO_WEATHERS}]
    while not turns or turns[-1].calls:
        answer = client.create(sent, tools=[client.tool])
        message, usage = answer.choices[0].message, answer.usage
        calls = message.tool_calls or []
        turns.append(
            Turn(
                message.content or "",
                tuple((one.function.name, json.loads(one.function.arguments)) for one in calls),
                ENDS[answer.choices[0].finish_reason],
                (usage.prompt_tokens, usage.completion_tokens),
            )
        )
        # An upstream of this API gets it as it came, and counts what it gets.
        asked = [one.to_dict() for one in calls]
        sent.append({"role": "assistant", "content": None, "tool_calls": asked})
        sent += [
            {"role": "tool", "tool_call_id": one.id, "content": result}
            for one, result in zip(calls, RESULTS, strict=False)
        ]
    return turns


def by_responses(client: Responses) -> list[Turn]:
    """The same over responses, which have no word for ending with calls."""
    turns: list[Turn] = []
    sent: list[Any] = [{"role": "user", "content": asking.TWO_WEATHERS}]
    while not turns or turns[-1].calls:
        answer = client.create(sent, tools=[client.tool])
        assert answer.status == "completed"
        calls = [one for one in answer.output if one.type == "function_call"]
        turns.append(
            Turn(
                answer.output_text,
                tuple((one.name, json.loads(one.arguments)) for one in calls),
                "calls" if calls else "stop",
                (answer.usage.input_tokens, answer.usage.output_tokens),
            )
        )
        sent += answer.output
        sent += [
            {"type": "function_call_output", "call_id": one.call_id, "output": result}
            for one, result in zip(calls, RESULTS, strict=False)
        ]
    return turns


def by_messages(client: Messages) -> list[Turn]:
    """The same over Anthropic's messages."""
    turns: list[Turn] = []
    sent: list[Any] = [{"role": "user", "content": asking.TWO_WEATHERS}]
    while not turns or turns[-1].calls:
        answer = client.create("", messages=sent, tools=[TOOL])
        blocks = answer.content
        calls = [one for one in blocks if one.type == "tool_use"]
        turns.append(
            Turn(
                "".join(one.text for one in blocks if one.type == "text"),
                tuple((one.name, one.input) for one in calls),
                ENDS[answer.stop_reason],
                (answer.usage.input_tokens, answer.usage.output_tokens),
            )
        )
        results = [
            {
                "type": "tool_result",
                "tool_use_id": one.id,
                "content": [{"type": "text", "text": result}],
            }
            for one, result in zip(calls, RESULTS, strict=False)
        ]
        said = [{name: getattr(one, name) for name in USE} for one in calls]
        sent += [{"role": "assistant", "content": said}, {"role": "user", "content": results}]
    return turns


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.kind)
def test_a_conversation_is_the_same_over_every_client_api(house: House, route: Route) -> None:
    """Text, calls, usage and the end of each turn."""
    house.wake(route)
    target = house.targets()[route.kind]
    with closing(Chat(target)) as chat:
        told = by_chat(chat)
    with closing(Responses(target)) as responses:
        assert by_responses(responses) == told
    with closing(Messages(target)) as messages:
        assert by_messages(messages) == told
    if EXPECTED["tools", route.kind].outcome == "works":
        assert [turn.end for turn in told] == ["calls", "stop"]
        assert all(result in told[1].text for result in RESULTS)
