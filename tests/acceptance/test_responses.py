"""OpenAI's Responses through the installed gateway before a chat endpoint, as SDKs meet them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests.acceptance.background import LoopThread
from tests.acceptance.openai_endpoint import FAIL_LATE, USAGE, Endpoint
from tests.acceptance.programs import Program, running
from tests.acceptance.sdk_clients import SdkClient, Told
from tests.acceptance.sdk_house import KEY
from tests.acceptance.wheel_house import Installed

CONFIGURATION = """
[[upstream]]
name = "main"
kind = "openai"
base_url = "{url}"
api_key = "canary-of-the-main-0123456789"
"""
TOOLS = [
    {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False},
    {"type": "custom", "name": "patch"},
    {"type": "web_search"},
]
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


@dataclass(frozen=True, slots=True)
class House:
    """A running gateway and the endpoint behind it."""

    program: Program
    endpoint: Endpoint

    def ask(self, client: SdkClient, asked: object, call: str = "response", **body: Any) -> Told:
        """One call of an SDK."""
        order = {"call": call, "body": {"model": "main-model", "input": asked, **body}}
        return client.ask(f"{self.program.url}/v1", KEY, {**order, "max_retries": 0})


@pytest.fixture(scope="module")
def house(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`cursor-api serve` with one endpoint and no token of Cursor's."""
    folder = tmp_path_factory.mktemp("responses")
    with LoopThread() as loop:
        endpoint = Endpoint("main").open(loop)
        text = CONFIGURATION.format(url=endpoint.url)
        (folder / "cursor-api.toml").write_text(text, encoding="utf-8")
        variables = {"AUTH_TOKEN": KEY, "PORT": "0"}
        with running([installed.command, "serve"], folder, variables) as program:
            yield House(program, endpoint)


def test_an_answer_whole_streamed_and_by_the_helper(client: SdkClient, house: House) -> None:
    """The same words and counts; each event is valid by OpenAI's own types."""
    whole = house.ask(client, "Hello.").answer
    assert whole is not None
    Response.model_validate(whole)
    assert [item["type"] for item in whole["output"]] == ["reasoning", "message"]
    assert _text(whole) == "main heard: Hello. "
    assert whole["usage"]["total_tokens"] == USAGE["total_tokens"]
    assert whole["usage"]["input_tokens_details"]["cached_tokens"] == 64
    events = house.ask(client, "Hello.", stream=True).chunks
    for number, event in enumerate(events):
        EVENT.validate_python(event)
        assert event["sequence_number"] == number
    assert events[-1]["type"] == "response.completed"
    assert _text(events[-1]["response"]) == _text(whole)
    deltas = [one["delta"] for one in events if one["type"] == "response.output_text.delta"]
    assert "".join(deltas) == _text(whole)
    helped = house.ask(client, "Hello.", "response_helper").answer
    assert helped is not None
    assert _text(helped) == _text(whole)


def test_a_round_of_tools(client: SdkClient, house: House) -> None:
    """A function and a custom tool side by side; what they gave goes on as it came."""
    order: dict[str, Any] = {"tools": TOOLS, "store": False}
    events = house.ask(client, "How is it there?", stream=True, **order).chunks
    output = events[-1]["response"]["output"]
    function, custom = output
    assert (function["type"], function["name"]) == ("function_call", "weather")
    assert json.loads(function["arguments"]) == {"place": "Zürich 0"}
    assert (custom["type"], custom["input"]) == ("custom_tool_call", '{"place": "Zürich 1"}')
    results = [
        {"type": "function_call_output", "call_id": function["call_id"], "output": "sunny"},
        {"type": "custom_tool_call_output", "call_id": custom["call_id"], "output": "patched"},
    ]
    asked = [{"role": "user", "content": "How is it there?"}, *output, *results]
    answer = house.ask(client, asked, **order).answer
    assert answer is not None
    assert _text(answer) == "main heard: patched "
    sent = house.endpoint.bodies()[-1]
    assert [message["role"] for message in sent["messages"]] == [
        *("user", "assistant", "tool", "tool")
    ]
    # Most servers know no other tools.
    assert [tool["type"] for tool in sent["tools"]] == ["function", "function"]


def test_a_conversation_goes_on_from_its_answers(client: SdkClient, house: House) -> None:
    """By their ids, as long as they are kept."""
    first = house.ask(client, "One.", instructions="Be brief.").answer
    assert first is not None
    second = house.ask(client, "Two.", previous_response_id=first["id"]).answer
    assert second is not None
    said = [message["content"] for message in house.endpoint.bodies()[-1]["messages"]]
    assert said == ["One.", "main heard: One. ", "Two."]
    read = client.ask(
        f"{house.program.url}/v1", KEY, {"call": "response_read", "body": {"id": second["id"]}}
    )
    assert read.answer is not None
    assert _text(read.answer) == _text(second)
    assert read.chunks[0]["content"][0]["text"] == "Two."
    told = house.ask(client, "Three.", previous_response_id=second["id"])
    assert told.error is not None
    assert (told.error["status"], told.error["code"]) == (404, "previous_response_not_found")


def test_tokens_are_counted(client: SdkClient, house: House) -> None:
    """Where the SDK has a call for it; an endpoint of this kind has none, so it is an estimate."""
    if client.name == "python-1":
        pytest.skip("has no call that counts tokens")
    asked = len(house.endpoint.bodies())
    told = house.ask(client, "x" * 400, "response_count")
    assert told.answer == {"object": "response.input_tokens", "input_tokens": 104}
    assert len(house.endpoint.bodies()) == asked


def test_structured_output(client: SdkClient, house: House) -> None:
    """`parse` where the SDK has it without further packages."""
    if client.name == "node":
        pytest.skip("its `parse` needs another package")
    told = house.ask(client, "Where?", "response_parse")
    assert told.answer == {"parsed": {"place": "Zürich"}}
    form = house.endpoint.bodies()[-1]["response_format"]
    assert (form["type"], form["json_schema"]["name"]) == ("json_schema", "Place")


def test_errors_before_an_answer_and_within(client: SdkClient, house: House) -> None:
    """A status with the endpoint's words; an event after which nothing comes."""
    long = {"message": "maximum context length is 8", "code": "context_length_exceeded"}
    house.endpoint.refusals.append((400, long))
    told = house.ask(client, "Too much")
    assert told.error is not None
    assert (told.error["status"], told.error["code"]) == (400, "context_length_exceeded")
    events = house.ask(client, FAIL_LATE, stream=True).chunks
    assert events[-1]["type"] == "response.failed"
    assert "It broke." in events[-1]["response"]["error"]["message"]
    assert not [one for one in events if one["type"] == "response.completed"]


def _text(response: dict[str, Any]) -> str:
    return "".join(
        part["text"]
        for item in response["output"]
        if item["type"] == "message"
        for part in item["content"]
    )
