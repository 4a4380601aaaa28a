"""Runs that go on, by what waits in them."""

from __future__ import annotations

import json

import msgspec

from cursor_api.upstreams.cursor_sdk.board import Board
from cursor_api.upstreams.cursor_sdk.callback import CustomToolCall
from cursor_api.upstreams.cursor_sdk.run_options import RunOptions
from tests.sdk_stage import WEATHER, results, stage, user

ASKED = user("What is the weather in Paris?")


async def test_a_call_of_an_agent_without_a_run_is_refused() -> None:
    """It ended, or was never ours."""
    call = CustomToolCall("f", "agent-1", msgspec.Raw(b"{}"))
    answer = await Board().call_tool(call)
    assert answer.status == 400
    assert "has ended" in json.loads(answer.body)["message"]


async def test_each_run_is_found_by_its_own_calls() -> None:
    """Two conversations that wait at the same time are not mixed up."""
    async with stage() as on:
        other = user("What is the weather in Rome?")
        first = await on.ask(ASKED, tools=(WEATHER,))
        second = await on.ask(other, tools=(WEATHER,))
        told = await on.ask(other, second.message, results(second.calls, "rain"), tools=(WEATHER,))
        assert told.text == "get_weather (Rome) says: rain"
        told = await on.ask(ASKED, first.message, results(first.calls, "sunny"), tools=(WEATHER,))
        assert told.text == "get_weather (Paris) says: sunny"
        # A second time there is nothing to go on with, and the whole conversation is sent.
        await on.ask(ASKED, first.message, results(first.calls, "sunny"), tools=(WEATHER,))
        assert len(on.bridge.asked("Send")) == 3


async def test_one_caller_does_not_take_all_the_room_for_calls() -> None:
    """His longest wait ends for another caller's first call; his next turn is sent as text."""
    async with stage(runs=RunOptions(waiting_calls_max=2, parallel_calls_wait_s=0.1)) as on:
        turns = [user(f"What is the weather in {city}?") for city in ("Paris", "Rome")]
        told = [await on.ask(one, tools=(WEATHER,), caller="many") for one in turns]
        other = await on.ask(user("What is the weather in Oslo?"), tools=(WEATHER,), caller="few")
        assert other.calls
        sends = []
        for turn, one in zip(reversed(turns), reversed(told), strict=True):
            said = results(one.calls, "rain")
            assert (await on.ask(turn, one.message, said, tools=(WEATHER,), caller="many")).text
            sends.append(len(on.bridge.asked("Send")))
        # Rome went on; Paris began anew, with the whole conversation.
        assert sends == [3, 4]
