"""Chat requests as runs of a bridge, over real sockets."""

from __future__ import annotations

import asyncio
import json

import pytest

from cursor_api.domain.chat import Choice, Effort, Reasoning, Tool, ToolChoice
from cursor_api.domain.content import Image, Message, Role, Text, ToolResult
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import Finished, FinishReason
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.simulator.cursor_sdk.options import BridgeFaults, BridgeOptions, Refusal
from cursor_api.upstreams.cursor_sdk.run_options import RunOptions
from tests.sdk_stage import (
    CREDENTIAL,
    KEY,
    ROUTE,
    TIME,
    WEATHER,
    Stage,
    request,
    results,
    stage,
    user,
)
from tests.unit.upstreams.cursor_sdk.test_call_ids import Others
from tests.waiting import until

LIMITED = Credential("limited", Secret("crsr_limited"), endpoint="cursor-sdk")
REFUSALS = {"crsr_limited": Refusal(429, "resource_exhausted", "Too many requests")}
ASKED = user("What is the weather in Paris?")
BOTH = user("Call get_weather and get_time for Paris.")
FOUND = "Here is what I found:\n- get_weather (Paris) says: sunny\n- get_time (Paris) says: noon"
PNG = Image(b"\x89PNG", "image/png", 3, 2)


def is_clean(on: Stage) -> bool:
    """Whether the bridge has nothing left."""
    return not on.bridge.agents and not on.bridge.running_count


async def test_a_chat_is_one_run_of_a_new_agent() -> None:
    """Made with the model, the key and no tools; thoughts, text and counts come through."""
    async with stage() as on:
        told = await on.ask(Message(Role.SYSTEM, (Text("Be brief."),)), user("Hello"))
        assert told.reasoning
        assert told.text.startswith("Hello! I am the simulator")
        assert told.end.reason is FinishReason.STOP
        assert told.end.usage is not None
        (made,) = on.bridge.asked("CreateAgent")
        assert made["options"] == {
            "model": {"id": "composer-2.5"},
            "apiKey": KEY.reveal(),
            "local": {"settingSources": []},
            "tools": {"names": []},
        }
        (sent,) = on.bridge.asked("Send")
        assert sent["message"] == {"text": "Be brief.\n\nHello"}
        # It is kept for the next turn, and taken away with the gateway.
        assert len(on.bridge.agents) == 1
    assert not on.bridge.agents


async def test_a_conversation_goes_on_with_its_agent() -> None:
    """Each turn sends only what is new; other words, another key or another system begin anew."""
    async with stage() as on:
        first = await on.ask(user("Hello"))
        second = await on.ask(user("Hello"), first.message, user("And now?"))
        assert [sent["message"]["text"] for sent in on.bridge.asked("Send")] == [
            "Hello",
            "And now?",
        ]
        assert second.end.usage is not None
        assert second.end.usage.cache_read_count
        # What was said last time is trimmed by some clients.
        said = Message(Role.ASSISTANT, (Text(f" {second.text}\n"),))
        turns = [user("Hello"), first.message, user("And now?"), said, user("Thanks")]
        await on.ask(*turns)
        assert len(on.bridge.asked("CreateAgent")) == 1
        other = Credential("other", Secret("crsr_other"), endpoint="cursor-sdk")
        await on.ask(*turns, credential=other)
        await on.ask(Message(Role.SYSTEM, (Text("Other."),)), *turns)
        assert len(on.bridge.asked("CreateAgent")) == 3
        anew = on.bridge.asked("Send")[-1]["message"]["text"]
        assert anew.startswith("Other.\n\n<conversation>\n<user>\nHello\n</user>\n<assistant>\n")
        assert anew.endswith("</conversation>\n\nThanks")


async def test_agents_are_kept_for_a_while_and_up_to_a_number() -> None:
    """The oldest goes first; after the time all have gone; 0 keeps none."""
    runs = RunOptions(conversations_max=1, conversation_idle_s=0.1)
    async with stage(runs=runs) as on:
        await on.ask(user("One"))
        await on.ask(user("Two"))
        await until(lambda: len(on.bridge.agents) == 1)
        await until(lambda: is_clean(on))
    async with stage(runs=RunOptions(conversations_max=0)) as on:
        await on.ask(user("One"))
        await until(lambda: is_clean(on))
        assert on.bridge.asked("CloseAgent")


async def test_a_tool_call_ends_an_answer_and_its_result_goes_on_with_the_run() -> None:
    """One Send serves both requests; the conversation has its agent afterwards as well."""
    async with stage() as on:
        first = await on.ask(ASKED, tools=(WEATHER, TIME))
        assert (first.text, first.end.reason) == ("Calling. ", FinishReason.TOOL_CALLS)
        (call,) = first.calls
        assert (call.name, call.arguments) == ("get_weather", b'{"city":"Paris"}')
        (made,) = on.bridge.asked("CreateAgent")
        assert made["options"]["tools"] == {"names": ["mcp"]}
        tool = made["options"]["local"]["customTools"]["get_weather"]
        assert (tool["description"], tool["inputSchema"]["required"]) == ("The weather.", ["city"])
        turns = [ASKED, first.message, results([call], "sunny")]
        second = await on.ask(*turns, tools=(WEATHER, TIME))
        assert (second.text, second.end.reason) == (
            "get_weather (Paris) says: sunny",
            FinishReason.STOP,
        )
        assert len(on.bridge.asked("Send")) == 1
        await on.ask(*turns, second.message, user("Thanks"), tools=(WEATHER, TIME))
        assert on.bridge.asked("Send")[-1]["message"]["text"] == "Thanks"
        assert len(on.bridge.asked("CreateAgent")) == 1


async def test_a_result_for_another_nodes_run_is_refused() -> None:
    """No new agent is told the conversation, as the run still waits; at its own node it goes on."""
    known = Others("aaaaaa")
    async with stage(nodes=known) as on, stage(nodes=Others("bbbbbb", "aaaaaa")) as other:
        first = await on.ask(ASKED, tools=(WEATHER,))
        turns = [ASKED, first.message, results(first.calls, "sunny")]
        with pytest.raises(Fault, match="node aaaaaa") as raised:
            await other.ask(*turns, tools=(WEATHER,))
        assert raised.value.kind is FaultKind.WRONG_NODE
        assert not other.bridge.asked("CreateAgent")
        assert (await on.ask(*turns, tools=(WEATHER,))).text == "get_weather (Paris) says: sunny"
        assert len(on.bridge.asked("Send")) == 1


async def test_parallel_calls_are_one_answer_unless_they_are_not_wanted() -> None:
    """Collected until it is quiet; one at a time, the other is part of the next answer."""
    async with stage() as on:
        first = await on.ask(BOTH, tools=(WEATHER, TIME))
        assert [call.name for call in first.calls] == ["get_weather", "get_time"]
        done = await on.ask(
            BOTH, first.message, results(first.calls, "sunny", "noon"), tools=(WEATHER, TIME)
        )
        assert done.text == FOUND
        one = ToolChoice(Choice.AUTO, is_parallel=False)
        turns = [BOTH]
        for text in ("sunny", "noon"):
            told = await on.ask(*turns, tools=(WEATHER, TIME), choice=one)
            assert len(told.calls) == 1
            turns += [told.message, results(told.calls, text)]
        last = await on.ask(*turns, tools=(WEATHER, TIME), choice=one)
        assert last.text == FOUND
        assert len(on.bridge.asked("Send")) == 2


async def test_the_choice_of_tools_is_kept() -> None:
    """None gives none, a name gives that one, and an answer without a demanded call is refused."""
    async with stage() as on:
        told = await on.ask(ASKED, tools=(WEATHER,), choice=ToolChoice(Choice.NONE))
        assert told.calls == []
        assert on.bridge.asked("CreateAgent")[-1]["options"]["tools"] == {"names": []}
        named = ToolChoice(Choice.NAMED, "get_time")
        named_weather = ToolChoice(Choice.NAMED, "get_weather")
        told = await on.ask(user("Hi"), tools=(WEATHER, TIME), choice=named)
        assert [call.name for call in told.calls] == ["get_time"]
        made = on.bridge.asked("CreateAgent")[-1]["options"]
        assert list(made["local"]["customTools"]) == ["get_time"]
        told = await on.ask(user("Hi"), tools=(WEATHER,), choice=ToolChoice(Choice.ANY))
        assert [call.name for call in told.calls] == ["get_weather"]
        # One that answers in words is told once more, and once only.
        sent = len(on.bridge.asked("Send"))
        told = await on.ask(user("/sim ignore\nHi"), tools=(WEATHER,), choice=named_weather)
        assert [call.name for call in told.calls] == ["get_weather"]
        assert "".join(told.text.split()) == "Calling."
        again = [one["message"]["text"] for one in on.bridge.asked("Send")[sent:]]
        assert again[1:] == ["You must call the tool `get_weather`, before you say anything."]
        on.bridge.use_faults(BridgeFaults(is_demand_ignored=True))
        with pytest.raises(Fault) as caught:
            await on.ask(user("Hi"), tools=(WEATHER,), choice=named_weather)
        assert (caught.value.kind, caught.value.param) == (FaultKind.INVALID_OUTPUT, "tool_choice")
        assert len(on.bridge.asked("Send")) == sent + 4
        on.bridge.use_faults(BridgeFaults())
        empty = ToolChoice(Choice.NAMED, "unheard_of")
        with pytest.raises(Fault) as caught:
            await on.ask(user("Hi"), tools=(WEATHER,), choice=empty)
        assert (caught.value.kind, caught.value.param) == (FaultKind.INVALID_OUTPUT, "tool_choice")


async def test_results_come_in_every_form() -> None:
    """Images, failures, and what the user says beside them; a missing one is told as such."""
    async with stage() as on:
        first = await on.ask(BOTH, tools=(WEATHER, TIME))
        weather, time = first.calls
        parts = (
            ToolResult(weather.id, (Text("see"), PNG)),
            ToolResult(time.id, (Text("no clock"),), is_error=True),
            Text("and hurry"),
        )
        told = await on.ask(BOTH, first.message, Message(Role.USER, parts), tools=(WEATHER, TIME))
        assert "says: see [image]" in told.text
        assert "failed: no clock\nand hurry" in told.text
        first = await on.ask(BOTH, tools=(WEATHER, TIME))
        told = await on.ask(
            BOTH, first.message, results(first.calls, "sunny"), tools=(WEATHER, TIME)
        )
        assert "failed: The tool was not run" in told.text


@pytest.mark.parametrize(
    ("order", "count", "said"),
    [
        ("/sim repeat call", 1, "get_weather (Paris) says: sunny"),
        ("/sim arguments 300000", 1, "get_weather (Paris, xxx"),
        (
            "/sim arguments 9000000",
            0,
            "failed: The tool's arguments are too large.",
        ),
        (
            "/sim unknown tool",
            0,
            "failed: There is no tool with the name nobody",
        ),
    ],
)
async def test_strange_calls_do_no_harm(order: str, count: int, said: str) -> None:
    """One made again is the same one; huge or unknown ones are refused to the model."""
    async with stage() as on:
        asked = user(f"The weather in Paris?\n{order}")
        told = await on.ask(asked, tools=(WEATHER,))
        assert len(told.calls) == count
        if count:
            turn = results(told.calls, "sunny")
            told = await on.ask(asked, told.message, turn, tools=(WEATHER,))
        assert said in told.text


async def test_a_tool_that_takes_any_text_gets_the_text() -> None:
    """Its one argument is not shown."""
    async with stage() as on:
        told = await on.ask(user("apply the patch"), tools=(Tool("apply_patch", "", b""),))
        assert told.calls[0].arguments == b"apply the patch"


async def test_nobody_goes_on_with_what_is_not_his() -> None:
    """Another key's results begin a new run; the one that waited is ended, its call refused."""
    async with stage() as on:
        first = await on.ask(ASKED, tools=(WEATHER,))
        other = Credential("other", Secret("crsr_other"), endpoint="cursor-sdk")
        turns = [ASKED, first.message, results(first.calls, "sunny")]
        told = await on.ask(*turns, tools=(WEATHER,), credential=other)
        text = on.bridge.asked("Send")[-1]["message"]["text"]
        assert '<tool_result name="get_weather">\nsunny\n</tool_result>' in text
        assert told.end.reason is FinishReason.STOP
        await until(lambda: len(on.bridge.agents) == 1)
        # Ids that nobody knows (the gateway was restarted) go the same way.
        strange = Message(Role.USER, (ToolResult("call_of_another_life", (Text("rain"),)),))
        told = await on.ask(ASKED, first.message, strange, tools=(WEATHER,))
        assert "rain" in on.bridge.asked("Send")[-1]["message"]["text"]


async def test_a_result_that_comes_too_late_begins_anew() -> None:
    """The call is refused, the run cancelled, the agent deleted."""
    runs = RunOptions(tool_result_timeout_s=0.1, parallel_calls_wait_s=0.05)
    async with stage(runs=runs) as on:
        first = await on.ask(ASKED, tools=(WEATHER,))
        await until(lambda: is_clean(on))
        assert len(on.bridge.asked("CancelRun")) == 1
        turns = [ASKED, first.message, results(first.calls, "sunny")]
        await on.ask(*turns, tools=(WEATHER,))
        assert len(on.bridge.asked("Send")) == 2


async def test_a_request_that_is_left_cancels_its_run() -> None:
    """In the middle of the text, while tools are called, and before the run has a name."""
    async with stage(BridgeOptions(faults=BridgeFaults(tokens_per_s=20))) as on:
        async with on.upstream.open(request(user("long")), ROUTE, CREDENTIAL) as batches:
            async for _ in batches:
                break
        await until(lambda: is_clean(on))
        assert len(on.bridge.asked("CancelRun")) == 1
        async with on.upstream.open(request(user("long")), ROUTE, CREDENTIAL):
            pass
        await until(lambda: is_clean(on))
        assert len(on.bridge.asked("CancelRun")) == 2
    async with stage() as on:
        await on.ask(ASKED, tools=(WEATHER,))
    # The gateway stopped while a call waited.
    assert is_clean(on)
    assert len(on.bridge.asked("CancelRun")) == 1


async def test_an_agent_that_is_made_for_nobody_is_deleted() -> None:
    """The caller left while it was made."""
    async with stage(BridgeOptions(faults=BridgeFaults(create_delay_s=0.1))) as on:
        asking = asyncio.create_task(on.ask(user("Hello")))
        await until(lambda: bool(on.bridge.asked("CreateAgent")))
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await until(lambda: bool(on.bridge.asked("DeleteAgent")))
        assert is_clean(on)


@pytest.mark.parametrize("is_busy", [False, True])
async def test_a_bridge_that_was_restarted_is_told_everything_again(*, is_busy: bool) -> None:
    """An agent that is not known, or is busy: one new one, before anything was given."""
    async with stage() as on:
        first = await on.ask(user("Hello"))
        if is_busy:
            agent = next(iter(on.bridge.agents.values()))
            assert agent.run is not None
            agent.run.status = "RUNNING"
        else:
            on.bridge.forget_agents()
        told = await on.ask(user("Hello"), first.message, user("And now?"))
        assert told.end.reason is FinishReason.STOP
        text = on.bridge.asked("Send")[-1]["message"]["text"]
        assert text.startswith("<conversation>\n<user>\nHello")
        assert len(on.bridge.asked("CreateAgent")) == 2


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("/sim error Usage limit reached", FaultKind.QUOTA_EXHAUSTED),
        ("/sim error [unauthenticated] Error", FaultKind.CREDENTIAL_REJECTED),
        ("/sim late error [internal] Error", FaultKind.UPSTREAM_ERROR),
        ("/sim cut", FaultKind.INCOMPLETE),
        ("/sim reset", FaultKind.INCOMPLETE),
        ("/sim cancelled", FaultKind.INCOMPLETE),
    ],
)
async def test_a_run_that_fails_is_a_fault_and_leaves_nothing(text: str, kind: FaultKind) -> None:
    """At once or in the middle; what fails at once may be tried again."""
    async with stage() as on:
        with pytest.raises(Fault) as caught:
            await on.ask(user(text))
        assert (caught.value.kind, caught.value.is_retried_upstream) == (kind, False)
        await until(lambda: is_clean(on))


async def test_a_refused_key_or_model_is_known_at_once() -> None:
    """By CreateAgent."""
    async with stage(BridgeOptions(refusals=REFUSALS)) as on:
        with pytest.raises(Fault) as caught:
            await on.ask(user("Hi"), credential=LIMITED)
        assert caught.value.kind is FaultKind.RATE_LIMITED
        assert not on.bridge.asked("Send")


async def test_keep_alives_are_no_answer() -> None:
    """The limits hold though frames come; that late a fault is not tried again."""
    faults = BridgeFaults(is_silent=True, keepalive_s=0.05)
    async with stage(BridgeOptions(faults=faults), run_max_s=1.0) as on:
        with pytest.raises(Fault) as caught:
            await on.ask(user("Hi"))
        assert caught.value.kind is FaultKind.UPSTREAM_TIMEOUT
        assert caught.value.is_retried_upstream
        await until(lambda: is_clean(on))


async def test_images_and_effort_reach_the_model() -> None:
    """Inline, where they stand; the effort where the model has one."""
    async with stage() as on:
        await on.upstream.list_models()
        asked = request(
            Message(Role.USER, (Text("What is "), PNG)), reasoning=Reasoning(Effort.MAX)
        )
        for model in ("claude-opus-4.5", "claude-opus-4.5:effort=low,fast", "composer-2.5"):
            route = ROUTE._replace(model=model)
            async with on.upstream.open(asked, route, CREDENTIAL) as batches:
                last = [batch async for batch in batches][-1][-1]
            assert isinstance(last, Finished)
        models = [made["options"]["model"] for made in on.bridge.asked("CreateAgent")]
        effort, low = ({"id": "effort", "value": value} for value in ("high", "low"))
        fast = {"id": "fast", "value": "true"}
        assert models == [
            {"id": "claude-opus-4.5", "params": [effort]},
            {"id": "claude-opus-4.5", "params": [low, fast]},
            {"id": "composer-2.5"},
        ]
        message = on.bridge.asked("Send")[0]["message"]
        assert message["text"] == "What is [image 1]"
        assert json.dumps(message["images"]) == json.dumps(
            [
                {
                    "data": {"data": "iVBORw==", "mimeType": "image/png"},
                    "dimension": {"width": 3, "height": 2},
                }
            ]
        )
