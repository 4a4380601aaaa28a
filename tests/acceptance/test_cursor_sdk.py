"""The official way behind the real gateway, as OpenAI's SDK meets it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessage

from cursor_api.bootstrap import memory_stores
from cursor_api.domain.credential import Credential, Secret
from cursor_api.simulator.cursor_sdk.bridge import BridgeSimulator
from cursor_api.simulator.cursor_sdk.options import BridgeFaults, BridgeOptions, Refusal
from tests.acceptance.background import LoopThread
from tests.acceptance.in_process import KEY, gateway_before
from tests.waiting import wait_until

API_KEY = "crsr_" + "0123456789abcdef" * 4
MODEL = "composer-2.5"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": name, "parameters": CITY}}
    for name in ("get_weather", "get_time")
]
BOTH: dict[str, Any] = {"role": "user", "content": "Call get_weather and get_time for Paris."}
RESULTS = {"get_weather": "sunny", "get_time": "noon"}


@dataclass(frozen=True, slots=True)
class House:
    """A gateway, its bridge, and a client of the gateway's."""

    loop: LoopThread
    bridge: BridgeSimulator
    client: openai.OpenAI

    def ask(self, *messages: Any, **more: Any) -> Any:
        """A chat; a text is the user's."""
        turns: list[Any] = [
            {"role": "user", "content": m} if isinstance(m, str) else m for m in messages
        ]
        return self.client.chat.completions.create(model=MODEL, messages=turns, **more)

    def count(self, method: str) -> int:
        """How often the bridge was asked that."""
        return len(self.bridge.asked(method))


def _gateway(loop: LoopThread, bridge: BridgeSimulator) -> House:
    """One with one API key, attached to the bridge, for as long as the loop."""
    environment = {
        "CURSOR_SDK_BRIDGE_URL": bridge.url,
        "CURSOR_SDK_BRIDGE_TOKEN": bridge.token,
        "CURSOR_SDK_PARALLEL_CALLS_WAIT_S": "0.15",
    }
    stores = memory_stores([Credential("me", Secret(API_KEY), endpoint="cursor-sdk")])
    gateway = loop.open(
        gateway_before("http://127.0.0.1:9", environment=environment, tokens=stores)
    )
    url = f"http://127.0.0.1:{gateway.port}/v1"
    client = openai.OpenAI(base_url=url, api_key=KEY, max_retries=0, timeout=20)
    return House(loop, bridge, client)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """For all tests that do not put its key to rest."""
    with LoopThread() as loop:
        bridge = loop.open(BridgeSimulator(BridgeOptions(api_keys=frozenset({API_KEY}))))
        yield _gateway(loop, bridge)


@pytest.fixture(autouse=True)
def _healthy(house: House) -> Iterator[None]:
    yield
    house.bridge.use_faults(BridgeFaults())


def test_the_models_are_those_of_the_key(house: House) -> None:
    """With variants, under the route's name."""
    names = [model.id for model in house.client.models.list()]
    assert {"auto", MODEL, "claude-opus-4.5"} <= set(names)


def test_a_chat_and_a_stream(house: House) -> None:
    """Text, counts, and an end; the same in pieces."""
    told = house.ask("Hello")
    assert told.choices[0].message.content.startswith("Hello! I am the simulator")
    assert told.choices[0].finish_reason == "stop"
    assert told.usage.prompt_tokens > 0
    chunks = list(house.ask("Hello", stream=True, stream_options={"include_usage": True}))
    said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert said == told.choices[0].message.content
    assert chunks[-1].usage.total_tokens == told.usage.total_tokens


@pytest.mark.parametrize("is_stream", [False, True])
def test_tools_in_parallel_and_a_conversation_that_goes_on(
    house: House, *, is_stream: bool
) -> None:
    """Two calls in one answer, their results, an answer, and a next turn of the same agent."""
    before = {method: house.count(method) for method in ("CreateAgent", "Send")}
    asked = {**BOTH, "content": f"{BOTH['content']} {is_stream}"}
    first = _whole(house.ask(asked, tools=TOOLS, stream=is_stream), is_stream=is_stream)
    calls = first["tool_calls"]
    assert [call["function"]["name"] for call in calls] == ["get_weather", "get_time"]
    assert all("city" in json.loads(call["function"]["arguments"]) for call in calls)
    results = [
        {"role": "tool", "tool_call_id": c["id"], "content": RESULTS[c["function"]["name"]]}
        for c in calls
    ]
    turns = [asked, first, *results]
    second = _whole(house.ask(*turns, tools=TOOLS, stream=is_stream), is_stream=is_stream)
    assert second["content"].endswith("sunny\n- get_time (Paris) says: noon")
    third = house.ask(*turns, second, "Thanks", tools=TOOLS)
    assert third.choices[0].finish_reason == "stop"
    assert third.usage.prompt_tokens_details.cached_tokens > 0
    assert house.count("CreateAgent") - before["CreateAgent"] == 1
    assert house.count("Send") - before["Send"] == 2
    assert house.bridge.asked("Send")[-1]["message"]["text"] == "Thanks"


def test_a_tool_that_is_demanded_is_called(house: House) -> None:
    """By its name."""
    choice = {"type": "function", "function": {"name": "get_time"}}
    told = house.ask("Hi", tools=TOOLS, tool_choice=choice)
    (call,) = told.choices[0].message.tool_calls
    assert call.function.name == "get_time"


def test_a_caller_who_leaves_cancels_the_run(house: House) -> None:
    """In the middle of the stream."""
    house.bridge.use_faults(BridgeFaults(tokens_per_s=20))
    cancelled, running = house.count("CancelRun"), house.bridge.running_count
    stream = house.ask("long", stream=True)
    next(iter(stream))
    stream.close()
    wait_until(lambda: house.count("CancelRun") == cancelled + 1)
    wait_until(lambda: house.bridge.running_count == running)


@pytest.mark.parametrize("order", ["late error [internal] Error", "cut", "reset", "cancelled"])
def test_a_stream_that_breaks_is_never_a_whole_answer(house: House, order: str) -> None:
    """The SDK raises."""
    with pytest.raises(openai.APIError):
        list(house.ask(f"/sim {order}", stream=True))


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ("error Usage limit reached", 429, "insufficient_quota"),
        ("error [permission_denied] Error", 403, None),
        ("error [resource_exhausted] Error", 429, "rate_limit_exceeded"),
        ("error [invalid_argument] too long", 400, None),
        ("error [internal] Error", 502, None),
    ],
)
def test_a_run_that_fails_is_an_error_that_says_why(
    house: House, order: str, status: int, code: str | None
) -> None:
    """With the status of who is to blame; what fails at once is tried again, within reason."""
    # Of its own, as a refused key rests for a while.
    fresh = _gateway(house.loop, house.bridge)
    with pytest.raises(openai.APIStatusError) as caught:
        fresh.ask(f"/sim {order}")
    assert caught.value.status_code == status, caught.value.body
    if code is not None:
        assert caught.value.code == code
    assert API_KEY not in str(caught.value.body)


def test_a_key_that_is_refused_is_told(house: House) -> None:
    """By the first call of all."""
    house.bridge.use_faults(BridgeFaults(create=Refusal(400, "invalid_argument", "Cannot use it")))
    with pytest.raises(openai.BadRequestError):
        house.ask("Hi")


def _whole(answer: Any, *, is_stream: bool) -> dict[str, Any]:
    """The assistant's message, as it is given back."""
    if not is_stream:
        message: ChatCompletionMessage = answer.choices[0].message
        return message.model_dump(exclude_none=True)
    text = ""
    calls: dict[int, dict[str, Any]] = {}
    for chunk in answer:
        delta = chunk.choices[0].delta
        text += delta.content or ""
        for piece in delta.tool_calls or ():
            call = calls.setdefault(piece.index, {"type": "function", "function": {}})
            if piece.id:
                call |= {"id": piece.id}
                call["function"] = {"name": piece.function.name, "arguments": ""}
            call["function"]["arguments"] += piece.function.arguments or ""
    message_of: dict[str, Any] = {"role": "assistant", "content": text}
    return message_of | ({"tool_calls": list(calls.values())} if calls else {})
