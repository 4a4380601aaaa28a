"""The installed gateway before an Anthropic-compatible endpoint, as OpenAI's SDKs meet it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import anthropic
import pytest

from tests.acceptance.anthropic_endpoint import MODELS, WHOLE, AnthropicEndpoint
from tests.acceptance.background import LoopThread
from tests.acceptance.programs import Program, running
from tests.acceptance.sdk_clients import SdkClient, Told, without_nulls
from tests.acceptance.sdk_house import KEY, order_for
from tests.acceptance.wheel_house import Installed

OWN_KEY = "canary-of-the-endpoint-0123456789"
CONFIGURATION = """
[[upstream]]
name = "claude"
kind = "anthropic"
base_url = "{url}"
api_key_env = "CLAUDE_KEY"
"""
OLDER, NEWER = MODELS
USAGE = {
    "prompt_tokens": 70,
    "completion_tokens": 30,
    "total_tokens": 100,
    "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 20},
}
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("weather", "time")
]
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGA"
    "hKmMIQAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True, slots=True)
class House:
    """A running gateway and the endpoint behind it."""

    program: Program
    endpoint: AnthropicEndpoint

    def ask(self, client: SdkClient, question: str | list[Any], **order: Any) -> Told:
        """One call of an SDK."""
        order = {"model": OLDER, **order}
        return client.ask(f"{self.program.url}/v1", KEY, order_for(question, **order))

    def sent(self) -> dict[str, Any]:
        """The last request."""
        return self.endpoint.bodies()[-1]


@pytest.fixture(scope="module")
def house(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`cursor-api serve` with one endpoint and no token of Cursor's."""
    folder = tmp_path_factory.mktemp("anthropic")
    with LoopThread() as loop:
        endpoint = AnthropicEndpoint().open(loop)
        text = CONFIGURATION.format(url=endpoint.url)
        (folder / "cursor-api.toml").write_text(text, encoding="utf-8")
        variables = {
            "AUTH_TOKEN": KEY,
            "PORT": "0",
            "CLAUDE_KEY": OWN_KEY,
            "GATEWAY_LOG_LEVEL": "debug",
        }
        with running([installed.command, "serve"], folder, variables) as program:
            yield House(program, endpoint)


def test_an_answer_whole_and_streamed(client: SdkClient, house: House) -> None:
    """The same words and the endpoint's own counts; the prompt is marked for its cache."""
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello."}]
    whole = house.ask(client, messages, temperature=1.5, stop=["END"], max_tokens=77)
    assert whole.error is None
    assert whole.answer is not None
    assert whole.text == "heard: Hello."
    assert without_nulls(whole.answer["usage"]) == USAGE
    options = {"include_usage": True}
    streamed = house.ask(client, messages, stream=True, stream_options=options)
    assert (streamed.text, streamed.finish_reasons) == (whole.text, ["stop"])
    assert without_nulls(streamed.chunks[-1]["usage"]) == USAGE
    first, second = house.endpoint.bodies()[-2:]
    mark = {"type": "ephemeral"}
    assert first["system"] == [{"type": "text", "text": "Be kind.", "cache_control": mark}]
    assert first["messages"][-1]["content"][-1]["cache_control"] == mark
    assert (first["max_tokens"], first["stop_sequences"]) == (77, ["END"])
    assert (first["temperature"], first["stream"]) == (1.0, True)
    assert second["max_tokens"] == 64_000


def test_a_round_of_tools(client: SdkClient, house: House) -> None:
    """Two calls side by side, streamed and whole; their results come back to where they belong."""
    order = {"tools": TOOLS, "tool_choice": "auto"}
    streamed = house.ask(client, "How is it there?", stream=True, **order)
    pieces = [call for one in streamed.choices for call in one["delta"].get("tool_calls") or ()]
    for index in range(2):
        text = "".join(one["function"]["arguments"] for one in pieces if one["index"] == index)
        assert json.loads(text) == {"place": f"Zürich {index}"}
    assert streamed.finish_reasons == ["tool_calls"]
    whole = house.ask(client, "How is it there?", **order)
    assert whole.answer is not None
    calls = whole.answer["choices"][0]["message"]["tool_calls"]
    assert [(call["id"], call["function"]["name"]) for call in calls] == [
        *(("toolu_0", "weather"), ("toolu_1", "time"))
    ]
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": f"Result {call['id']}"}
        for call in calls
    ]
    messages = [
        {"role": "user", "content": "How is it there?"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        *results,
    ]
    told = house.ask(client, messages, **order)
    assert told.text == "heard: [toolu_0: Result toolu_0] [toolu_1: Result toolu_1]"
    sent = house.sent()
    assert [message["role"] for message in sent["messages"]] == ["user", "assistant", "user"]
    assert sent["messages"][1]["content"][0]["input"] == {"place": "Zürich 0"}
    assert sent["tools"][0]["input_schema"] == {"type": "object"}


def test_one_call_may_be_wanted_and_forced(client: SdkClient, house: House) -> None:
    """In the words of this API; thinking gives way to it."""
    choice = {"type": "function", "function": {"name": "time"}}
    order = {"tools": TOOLS, "tool_choice": choice, "parallel_tool_calls": False}
    told = house.ask(client, "When?", reasoning_effort="high", **order)
    assert told.finish_reasons == ["tool_calls"]
    sent = house.sent()
    wanted = {"type": "tool", "name": "time", "disable_parallel_tool_use": True}
    assert (sent["tool_choice"], "thinking" in sent) == (wanted, False)


def test_an_image_is_seen(client: SdkClient, house: House) -> None:
    """As the base64 that it came as."""
    image = {"type": "image_url", "image_url": {"url": PIXEL}}
    told = house.ask(client, [{"role": "user", "content": [{"type": "text", "text": "A"}, image]}])
    assert told.text == "heard: A [image/png]"
    source = house.sent()["messages"][0]["content"][1]["source"]
    assert source["data"] == PIXEL.partition(",")[2]


def test_a_model_thinks_as_its_family_does(client: SdkClient, house: House) -> None:
    """With a budget or as it finds right; what it thought stands beside the answer."""
    told = house.ask(client, "Why?", reasoning_effort="low")
    assert told.answer is not None
    assert told.answer["choices"][0]["message"]["reasoning_content"] == "Hm."
    assert house.sent()["thinking"] == {"type": "enabled", "budget_tokens": 4096}
    told = house.ask(client, "Why?", model=NEWER, reasoning_effort="low", stream=True)
    thoughts = [one["delta"].get("reasoning_content") or "" for one in told.choices]
    assert "".join(thoughts) == "Hm."
    sent = house.sent()
    assert sent["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert sent["output_config"] == {"effort": "low"}


def test_an_error_is_told_as_the_sdk_knows_it(client: SdkClient, house: House) -> None:
    """With its status, its code and the endpoint's words."""
    long = {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"}
    house.endpoint.refusals.append((400, long))
    told = house.ask(client, "Too much", max_retries=0)
    assert told.error is not None
    assert (told.error["status"], told.error["code"]) == (400, "context_length_exceeded")
    assert "9 tokens > 8 maximum" in told.error["message"]


def test_its_models_are_listed(client: SdkClient, house: House) -> None:
    """As it lists them."""
    told = client.ask(f"{house.program.url}/v1", KEY, {"call": "models"})
    assert told.answer is not None
    assert {one["id"] for one in told.answer["data"]} >= set(MODELS)


def test_anthropics_own_sdk_gets_what_the_endpoint_said(house: House) -> None:
    """Event by event, or the body as it came; its version and its betas go on, as the body does."""
    question: Any = {
        "model": NEWER,
        "max_tokens": 2000,
        "extra_headers": {"anthropic-beta": "some-2026-01"},
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello."}]}],
        "thinking": {"type": "adaptive"},
    }
    with anthropic.Anthropic(base_url=house.program.url, api_key=KEY, max_retries=0) as client:
        whole = client.messages.create(**question, extra_body={"service_tier": "auto"})
        with client.messages.stream(**question) as stream:
            kinds = [event.type for event in stream]
            message = stream.get_final_message()
    assert whole.to_dict() == {
        name: value for name, value in WHOLE.items() if value is not None
    } | {"stop_sequence": None, "container": None}
    assert kinds.count("thinking") == kinds.count("signature") == 1
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.usage.cache_read_input_tokens == 64
    heads = [turn.headers for turn in house.endpoint.asked[-2:]]
    assert [head["anthropic-beta"] for head in heads] == ["some-2026-01"] * 2
    first, second = house.endpoint.bodies()[-2:]
    assert (first["service_tier"], "stream" in first and first["stream"]) == ("auto", False)
    assert second["stream"] is True
    assert second["messages"] == question["messages"]


def test_the_key_is_seen_by_the_endpoint_alone(house: House) -> None:
    """After all of the above; and the caller's own never goes on."""
    heads = [turn.headers for turn in house.endpoint.asked]
    assert {head["x-api-key"] for head in heads} == {OWN_KEY}
    assert "2023-06-01" in {head["anthropic-version"] for head in heads}
    assert not any("authorization" in head for head in heads)
    assert OWN_KEY not in house.program.said()
