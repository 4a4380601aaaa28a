"""OpenAI's SDKs, unmodified, against the installed gateway before a simulator.

Every test runs with the newest Python SDK, with 1.109, and with the newest Node SDK. What the
simulator decoded shows what was sent upstream; a counting wire shows how often an SDK asked.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cursor_api.simulator.faults import Faults
from cursor_api.simulator.ledger import Outcome
from cursor_api.simulator.messages import Speaker
from tests.acceptance.background import Upstream, tap, upstream
from tests.acceptance.programs import Program, running
from tests.acceptance.sdk_clients import COMMANDS, SdkClient, Told
from tests.acceptance.wheel_house import Installed

KEY = "a-key-for-real-clients"
MODEL = "gpt-4o-128k"
THINKING_MODEL = "gemini-2.0-flash-thinking-exp"
# The promise: a client that leaves frees the upstream within a second.
LEAVE_S_MAX = 1.0


@dataclass(frozen=True, slots=True)
class House:
    """A running gateway and the simulator behind it."""

    program: Program
    upstream: Upstream

    def ask(self, client: SdkClient, question: str | list[Any] | None, **order: Any) -> Told:
        """One chat call of an SDK; what is no part of an order goes into the call's body."""
        return client.ask(f"{self.program.url}/v1", KEY, order_for(question, **order))


def order_for(question: str | list[Any] | None, **order: Any) -> dict[str, Any]:
    """An order with a question, or with whole messages."""
    of_orders = {"call", "headers", "max_retries", "timeout_s", "leave_after"}
    body = {name: value for name, value in order.items() if name not in of_orders}
    messages = question if isinstance(question, list) else [{"role": "user", "content": question}]
    rest = {name: value for name, value in order.items() if name in of_orders}
    return {"body": {"model": MODEL, "messages": messages} | body} | rest


@pytest.fixture(scope="module")
def house(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`cursor-api serve` with a credential for everybody and one of its own for each SDK."""
    folder = tmp_path_factory.mktemp("clients")
    tokens = "\n".join(["a-token", *(f"{name}::token-{name}" for name in COMMANDS)])
    (folder / ".token").write_text(tokens, encoding="utf-8")
    with upstream() as simulator:
        variables = {"AUTH_TOKEN": KEY, "PORT": "0", "CURSOR_BASE_URL": simulator.url}
        with running([installed.command, "serve"], folder, variables) as program:
            yield House(program, simulator)


def test_the_sdk_is_the_one_that_is_meant(client: SdkClient) -> None:
    """The older generation is not shadowed by the newer one."""
    wanted = {"python-newest": "3.", "python-1": "1.109.", "node": "7."}
    assert client.version.startswith(wanted[client.name])


def test_a_whole_answer(client: SdkClient, house: House) -> None:
    """Text, finish reason, usage that adds up; nothing is trimmed."""
    told = house.ask(client, "Show me some code.")
    assert told.error is None
    assert told.answer is not None
    assert told.finish_reasons == ["stop"]
    assert "        if index >= width:\n            total -=" in told.text
    usage = told.answer["usage"]
    assert usage["prompt_tokens"] > 0
    assert usage["completion_tokens"] > 100
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert told.answer["model"] == MODEL


def test_a_stream_has_the_same_text(client: SdkClient, house: House) -> None:
    """Streamed or not the text is the same; one id, one finish reason, the role first."""
    whole = house.ask(client, "Something with emoji and 中文")
    told = house.ask(client, "Something with emoji and 中文", stream=True)
    assert told.error is None
    assert told.text == whole.text
    assert told.finish_reasons == ["stop"]
    assert told.choices[0]["delta"]["role"] == "assistant"
    assert len({(chunk["id"], chunk["created"]) for chunk in told.chunks}) == 1
    assert not any(chunk.get("usage") for chunk in told.chunks)


def test_include_usage_adds_one_chunk(client: SdkClient, house: House) -> None:
    """The last chunk has no choices and the usage that the whole answer has."""
    whole = house.ask(client, "Hello")
    told = house.ask(client, "Hello", stream=True, stream_options={"include_usage": True})
    assert told.error is None
    assert told.chunks[-1]["choices"] == []
    assert not any(chunk["usage"] for chunk in told.chunks[:-1])
    used = told.chunks[-1]["usage"]
    assert whole.answer is not None
    assert used.items() <= whole.answer["usage"].items()
    assert told.finish_reasons == ["stop"]


def test_the_stream_helper_builds_the_whole_answer(client: SdkClient, house: House) -> None:
    """`chat.completions.stream()`, which puts the chunks together, is content with them."""
    told = house.ask(client, "Some markdown, please", call="helper")
    assert told.error is None
    assert told.finish_reasons == ["stop"]
    assert told.text.startswith("# A page of Markdown\n")
    assert told.answer is not None
    assert told.answer["choices"][0]["message"]["role"] == "assistant"


def test_leaving_a_stream_frees_the_upstream(client: SdkClient, house: House) -> None:
    """Who breaks out of a stream ends the upstream's work within a second."""
    told = house.ask(client, "/sim rate 50 + bytes 100000", stream=True, leave_after=5)
    assert told.error is None
    assert len(told.chunks) == 5
    house.upstream.wait_idle(LEAVE_S_MAX)
    assert house.upstream.last_exchange().outcome is Outcome.CLIENT_LEFT


def test_leaving_a_whole_answer_frees_the_upstream(client: SdkClient, house: House) -> None:
    """Who runs out of patience with an answer in one piece does so too."""
    told = house.ask(client, "/sim rate 50 + bytes 100000", timeout_s=0.6, max_retries=0)
    assert told.error is not None
    assert told.error["type"] in {"APITimeoutError", "APIConnectionTimeoutError"}
    house.upstream.wait_idle(LEAVE_S_MAX)
    assert house.upstream.last_exchange().outcome is Outcome.CLIENT_LEFT


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_wrong_key_is_told_once(client: SdkClient, house: House, is_stream: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """401 as the SDK's own exception, with our words, after one request."""
    with tap(house.program.port) as wire:
        told = client.ask(f"{wire.url}/v1", "not-the-key", order_for("Hi", stream=is_stream))
        assert wire.request_count == 1
    assert told.error is not None
    assert told.error["type"] == "AuthenticationError"
    assert (told.error["status"], told.error["code"]) == (401, "unauthorized")
    assert "AUTH_TOKEN" in told.error["message"]
    assert "not-the-key" not in str(told.error)


def test_an_unknown_model_is_told_once(client: SdkClient, house: House) -> None:
    """404 with the nearest name, after one request, and nothing was asked upstream."""
    asked_count = len(house.upstream.requests())
    with tap(house.program.port) as wire:
        told = client.ask(f"{wire.url}/v1", KEY, order_for("Hi", model="gpt-4o-129k"))
        assert wire.request_count == 1
    assert told.error is not None
    assert told.error["type"] == "NotFoundError"
    assert (told.error["status"], told.error["code"]) == (404, "model_not_found")
    assert told.error["param"] == "model"
    assert "gpt-4o-128k" in told.error["message"]
    assert len(house.upstream.requests()) == asked_count


def test_bad_input_is_told_once(client: SdkClient, house: House) -> None:
    """400 that names the field, after one request."""
    with tap(house.program.port) as wire:
        told = client.ask(f"{wire.url}/v1", KEY, order_for([{"role": "guest", "content": "Hi"}]))
        assert wire.request_count == 1
    assert told.error is not None
    assert told.error["type"] == "BadRequestError"
    assert (told.error["status"], told.error["param"]) == (400, "messages[0].role")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("cut", "upstream_incomplete"),
        ("short", "upstream_incomplete"),
        ("reset mid", "upstream_incomplete"),
        ("no-end", "upstream_incomplete"),
        ("reserved", "upstream_protocol_error"),
        ("bad-gzip", "upstream_protocol_error"),
        ("error 25 mid", "upstream_timeout"),
    ],
)
def test_a_cut_stream_raises(client: SdkClient, house: House, fault: str, code: str) -> None:
    """What breaks in the middle is an exception with our words, and no answer looks complete."""
    told = house.ask(client, f"/sim {fault} + after 6 + bytes 400", stream=True)
    assert told.finish_reasons == []
    assert told.error is not None
    assert told.error["type"] == "APIError"
    assert told.error["code"] == code
    assert told.error["message"] not in {"", "Connection error."}
    assert 0 < len(told.text) <= 400
    assert "This sentence is here to be long; it says no more".startswith(told.text[:40])


@pytest.mark.parametrize("fault", ["cut", "no-end", "malformed"])
def test_a_cut_answer_in_one_piece_raises(client: SdkClient, house: House, fault: str) -> None:
    """Not streamed, the same is a 502 with our words."""
    told = house.ask(client, f"/sim {fault} + after 6", max_retries=0)
    assert told.answer is None
    assert told.error is not None
    assert (told.error["type"], told.error["status"]) == ("InternalServerError", 502)
    assert told.error["code"].startswith("upstream_")


def test_a_rate_limit_is_waited_for(client: SdkClient, house: House) -> None:
    """429 with Retry-After: 1: the SDK asks again after that second, by itself, and succeeds."""
    token = f"token-{client.name}"
    limited = Faults(http_error=1, http_status=429, retry_after_s=1)
    house.upstream.script(token, limited, Faults())
    asked_count = len(house.upstream.requests(token))
    with tap(house.program.port) as wire:
        order = order_for("Hello", headers={"x-credential": client.name})
        told = client.ask(f"{wire.url}/v1", KEY, order)
        assert wire.request_count == 2
    assert told.error is None
    assert told.finish_reasons == ["stop"]
    assert told.seconds >= 1.0
    assert len(house.upstream.requests(token)) == asked_count + 2


def test_tools_are_answered_in_text(client: SdkClient, house: House) -> None:
    """A text-only upstream answers in text; an agent still works as a chat."""
    schema = {"type": "object", "properties": {"path": {"type": "string"}}}
    function = {"name": "read_file", "description": "Read a file", "parameters": schema}
    tools = [{"type": "function", "function": function}]
    for is_stream in (False, True):
        told = house.ask(client, "Hi", tools=tools, tool_choice="auto", stream=is_stream)
        assert told.error is None
        assert told.finish_reasons == ["stop"]
        assert "simulator" in told.text


def test_roles_and_parts_reach_the_upstream(client: SdkClient, house: House) -> None:
    """System and developer texts are instructions; parts are joined; null content is no error."""
    call = {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [text_part("What "), text_part("time is it?")]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": [text_part("It is noon.")]},
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": "So?"},
    ]
    assert house.ask(client, messages).error is None
    ask = house.upstream.last_request().ask
    assert ask.instructions == "Be brief.\n\nBe kind."
    assert [turn.speaker for turn in ask.turns] == [
        Speaker.HUMAN,
        Speaker.AI,
        Speaker.HUMAN,
        Speaker.AI,
        Speaker.HUMAN,
    ]
    said = [turn.text for turn in ask.turns]
    assert said[0] == "What time is it?"
    assert "now" in said[1]
    assert "It is noon." in said[2]
    assert said[4] == "So?"


def text_part(text: str) -> dict[str, str]:
    """A piece of text in a message."""
    return {"type": "text", "text": text}


def png(width: int, height: int) -> bytes:
    """A whole PNG of that size, all black."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(height * (width + 1)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_an_image_reaches_the_upstream(client: SdkClient, house: House) -> None:
    """A data URL arrives as its bytes, with the size that its header states."""
    data = png(37, 11)
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    image = {"type": "image_url", "image_url": {"url": url, "detail": "low"}}
    messages = [{"role": "user", "content": [text_part("What is this?"), image]}]
    assert house.ask(client, messages).error is None
    (turn,) = house.upstream.last_request().ask.turns
    assert turn.text == "What is this?"
    (seen,) = turn.images
    assert (seen.width, seen.height) == (37, 11)
    assert seen.sha256 == hashlib.sha256(data).hexdigest()


def test_thoughts_are_reasoning_content(client: SdkClient, house: House) -> None:
    """What a thinking model thinks is apart from what it answers, streamed or not."""
    whole = house.ask(client, "Hello", model=THINKING_MODEL)
    assert whole.answer is not None
    message = whole.answer["choices"][0]["message"]
    streamed = house.ask(client, "Hello", model=THINKING_MODEL, stream=True)
    pieces = [choice["delta"].get("reasoning_content") or "" for choice in streamed.choices]
    assert "".join(pieces) == message["reasoning_content"]
    assert message["reasoning_content"].startswith("The person asks something.")
    assert streamed.text == message["content"]
    assert "think>" not in message["content"] + message["reasoning_content"]


def test_models_are_listed_and_found(client: SdkClient, house: House) -> None:
    """The list has what the reference's has; one model can be asked for by name."""
    base_url = f"{house.program.url}/v1"
    listed = client.ask(base_url, KEY, {"call": "models"})
    assert listed.answer is not None
    models = {model["id"]: model for model in listed.answer["data"]}
    assert len(models) == 20
    one = client.ask(base_url, KEY, {"call": "model", "body": {"model": MODEL}})
    assert one.answer is not None
    assert one.answer["owned_by"] == models[MODEL]["owned_by"] == "openai"
    none = client.ask(base_url, KEY, {"call": "model", "body": {"model": "gpt-0"}})
    assert none.error is not None
    assert none.error["status"] == 404


def test_unknown_fields_do_no_harm(client: SdkClient, house: House) -> None:
    """What this wire has no use for is accepted: agents send all of it."""
    told = house.ask(
        client,
        "Hello",
        temperature=0.2,
        top_p=0.9,
        max_tokens=16,
        seed=7,
        user="me",
        parallel_tool_calls=False,
        metadata={"a": "b"},
        store=True,
        logit_bias={"50256": -100},
    )
    assert told.error is None


def test_silence_is_no_end(client: SdkClient, house: House) -> None:
    """A model that thinks for a while before its first word is waited for."""
    started = time.monotonic()
    told = house.ask(client, "/sim first-text 1.2", stream=True)
    assert time.monotonic() - started >= 1.2
    assert told.error is None
    assert told.finish_reasons == ["stop"]
