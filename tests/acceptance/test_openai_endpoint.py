"""The installed gateway before OpenAI-compatible endpoints, as OpenAI's SDKs meet it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx
import pytest

from tests.acceptance.background import LoopThread
from tests.acceptance.openai_endpoint import LOGPROBS, USAGE, VECTOR, Endpoint
from tests.acceptance.programs import Program, running
from tests.acceptance.sdk_clients import SdkClient, Told, without_nulls
from tests.acceptance.sdk_house import KEY, order_for
from tests.acceptance.wheel_house import Installed

# Each endpoint's own; the third asks for none.
KEYS = {"main": "canary-of-the-main-0123456789", "spare": "canary-of-the-spare-0123456789"}
# The address with its version and without; models asked for and named.
CONFIGURATION = """
[[upstream]]
name = "main"
kind = "openai"
base_url = "{main}"
api_key_env = "MAIN_KEY"

[[upstream]]
name = "spare"
kind = "openai"
base_url = "{spare}/v1"
api_key = "{spare_key}"
models = ["spare-model"]

[[upstream]]
name = "open"
kind = "openai"
base_url = "{open}/v1/"
api_key = "-"

[[model]]
name = "best"
routes = ["main/main-model", "spare/spare-model"]
aliases = ["better"]
"""
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("weather", "time")
]


@dataclass(frozen=True, slots=True)
class House:
    """A running gateway and the endpoints behind it."""

    program: Program
    endpoints: Mapping[str, Endpoint]

    def ask(self, client: SdkClient, question: str | list[Any], **order: Any) -> Told:
        """One call of an SDK."""
        return client.ask(f"{self.program.url}/v1", KEY, order_for(question, **order))


@pytest.fixture(scope="module")
def house(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`cursor-api serve` with three endpoints and no token of Cursor's."""
    folder = tmp_path_factory.mktemp("endpoints")
    with LoopThread() as loop:
        endpoints = {name: Endpoint(name).open(loop) for name in ("main", "spare", "open")}
        urls = {name: endpoint.url for name, endpoint in endpoints.items()}
        text = CONFIGURATION.format(**urls, spare_key=KEYS["spare"])
        (folder / "cursor-api.toml").write_text(text, encoding="utf-8")
        variables = {
            "AUTH_TOKEN": KEY,
            "PORT": "0",
            "MAIN_KEY": KEYS["main"],
            "GATEWAY_LOG_LEVEL": "debug",
        }
        with running([installed.command, "serve"], folder, variables) as program:
            yield House(program, endpoints)


def test_an_answer_whole_and_streamed(client: SdkClient, house: House) -> None:
    """The same words, the endpoint's own counts, and reasoning beside the text."""
    whole = house.ask(client, "Say something.", model="best")
    assert whole.error is None
    assert whole.answer is not None
    assert whole.text == "main heard: Say something. "
    assert whole.answer["choices"][0]["message"]["reasoning_content"] == "Hm."
    assert USAGE.items() <= without_nulls(whole.answer["usage"]).items()
    streamed = house.ask(client, "Say something.", model="best", stream=True)
    assert streamed.text == whole.text
    assert streamed.finish_reasons == whole.finish_reasons == ["stop"]
    assert len(streamed.chunks) > 3


def test_usage_is_shown_to_who_asks(client: SdkClient, house: House) -> None:
    """And asked for from the endpoint in any case."""
    options = {"include_usage": True}
    told = house.ask(client, "Count.", model="best", stream=True, stream_options=options)
    assert without_nulls(told.chunks[-1]["usage"]) == USAGE
    told = house.ask(client, "Count.", model="best", stream=True)
    assert not any(one.get("usage") for one in told.chunks)
    assert house.endpoints["main"].bodies()[-1]["stream_options"] == options


def test_a_round_of_tools(client: SdkClient, house: House) -> None:
    """Two calls side by side, streamed and whole; their results come back as they were given."""
    order = {"model": "main-model", "tools": TOOLS, "tool_choice": "auto"}
    streamed = house.ask(client, "How is it there?", stream=True, **order)
    pieces = [call for one in streamed.choices for call in one["delta"].get("tool_calls") or ()]
    for index in range(2):
        text = "".join(one["function"]["arguments"] for one in pieces if one["index"] == index)
        assert json.loads(text) == {"place": f"Zürich {index}"}
    assert streamed.finish_reasons == ["tool_calls"]
    whole = house.ask(client, "How is it there?", **order)
    assert whole.answer is not None
    message = whole.answer["choices"][0]["message"]
    calls = message["tool_calls"]
    assert [call["function"]["name"] for call in calls] == ["weather", "time"]
    assert json.loads(calls[1]["function"]["arguments"]) == {"place": "Zürich 1"}
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": f"Result of {call['id']}"}
        for call in calls
    ]
    asked = {"role": "assistant", "content": None, "tool_calls": calls}
    messages = [{"role": "user", "content": "How is it there?"}, asked, *results]
    told = house.ask(client, messages, **order)
    assert told.text == "main heard: Result of call_1 "
    sent = house.endpoints["main"].bodies()[-1]
    assert (sent["messages"], sent["tools"]) == (messages, TOOLS)


def test_what_the_caller_sends_goes_on_as_it_came(client: SdkClient, house: House) -> None:
    """Parameters that the gateway does not know as well."""
    more = {"temperature": 0.25, "seed": 7, "response_format": {"type": "json_object"}}
    told = house.ask(client, "JSON, please.", model="best", logprobs=True, n=2, **more)
    assert told.answer is not None
    # And so does what the endpoint answers, whatever it is.
    assert told.answer["choices"][1]["logprobs"]["content"] == LOGPROBS["content"]
    assert (told.answer["id"], told.answer["model"], told.answer["x_own"]) == (
        "theirs",
        "its-own",
        [1],
    )
    assert (more | {"logprobs": True}).items() <= house.endpoints["main"].bodies()[-1].items()


def test_embeddings_are_the_endpoints(client: SdkClient, house: House) -> None:
    """As numbers or packed, as the caller asks; the SDKs ask for packed ones by themselves."""

    def ask(model: str, **more: Any) -> Told:
        body = {"model": model, "input": ["a", "b"], **more}
        order = {"call": "embeddings", "body": body, "max_retries": 0}
        return client.ask(f"{house.program.url}/v1", KEY, order)

    for more in ({}, {"encoding_format": "float"}):
        answer = ask("best", **more).answer
        assert answer is not None
        assert [one["embedding"] for one in answer["data"]] == [VECTOR, VECTOR]
        assert answer["usage"]["prompt_tokens"] == 7
    sent = house.endpoints["main"].bodies()[-2]
    assert sent == {"model": "main-model", "input": ["a", "b"], "encoding_format": "base64"}
    before = len(house.endpoints["spare"].bodies())
    house.endpoints["main"].refusals.append((503, {"message": "not now"}))
    assert ask("best").error is None
    assert len(house.endpoints["spare"].bodies()) == before + 1
    _clear(house)
    error = ask("auto").error
    assert error is not None
    assert (error["status"], error["code"], error["param"]) == (404, "model_not_found", "model")


def test_an_error_is_told_as_the_sdk_knows_it(client: SdkClient, house: House) -> None:
    """With its status, its code and the endpoint's words."""
    main = house.endpoints["main"]
    long = {"message": "maximum context length is 8", "code": "context_length_exceeded"}
    main.refusals.append((400, long))
    told = house.ask(client, "Too much", model="main-model", max_retries=0)
    assert told.error is not None
    assert (told.error["status"], told.error["code"]) == (400, "context_length_exceeded")
    assert "maximum context length is 8" in told.error["message"]
    main.refusals.append((400, {"message": "Unknown field", "param": "top_z"}))
    told = house.ask(client, "What?", model="main-model", max_retries=0)
    assert told.error is not None
    assert (told.error["status"], told.error["param"]) == (400, "top_z")


def test_the_models_of_all_endpoints_are_listed(client: SdkClient, house: House) -> None:
    """Those that are asked for, those that are named, and the operator's own names."""
    told = client.ask(f"{house.program.url}/v1", KEY, {"call": "models"})
    assert told.answer is not None
    listed = {one["id"]: one["owned_by"] for one in told.answer["data"]}
    assert next(iter(listed)) == "best"
    endpoints = {"main-model": "main", "spare-model": "spare", "open-model": "open"}
    assert endpoints.items() <= listed.items()
    assert house.ask(client, "Hi", model="open/open-model").text == "open heard: Hi "


@pytest.mark.parametrize("status", [503, 429, 401])
def test_the_next_route_takes_over(client: SdkClient, house: House, status: int) -> None:
    """Where the first is overloaded, its only key is limited, or refused; streamed or not."""
    main, spare = house.endpoints["main"], house.endpoints["spare"]
    _clear(house)
    before = len(main.bodies()), len(spare.bodies())
    main.refusals.append((status, {"message": "not now"}))
    told = house.ask(client, "Anybody?", model="better", stream=True, max_retries=0)
    assert told.error is None
    assert told.text == "spare heard: Anybody? "
    assert (len(main.bodies()), len(spare.bodies())) == (before[0] + 1, before[1] + 1)
    _clear(house)
    assert house.ask(client, "Again?", model="best").text == "main heard: Again? "


def test_a_key_is_seen_by_its_own_endpoint_only(house: House) -> None:
    """After all of the above: neither elsewhere nor in a log, a page or an error."""
    seen = {name: endpoint.keys() for name, endpoint in house.endpoints.items()}
    assert seen == {**{name: {f"Bearer {key}"} for name, key in KEYS.items()}, "open": {""}}
    headers = {"Authorization": f"Bearer {KEY}"}
    shown = [
        httpx.get(house.program.url + path, headers=headers).text
        for path in ("/logs", "/api/credentials", "/v1/models", "/")
    ]
    said = house.program.said() + "".join(shown)
    assert not [key for key in KEYS.values() if key in said]
    aliases = {one["alias"] for one in json.loads(shown[1])["credentials"]}
    assert aliases == {"main", "spare", "open"}


def _clear(house: House) -> None:
    """Let the first endpoint's key rest no longer."""
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"{house.program.url}/api/credentials/main/clear"
    assert httpx.post(url, headers=headers).status_code == 200
