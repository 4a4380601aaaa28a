"""The installed gateway as Anthropic's own SDK meets it, before an OpenAI-compatible endpoint."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx2 as httpx
import pytest

from tests.acceptance.anthropic_endpoint import AnthropicEndpoint
from tests.acceptance.background import LoopThread
from tests.acceptance.openai_endpoint import Endpoint
from tests.acceptance.programs import Program, running
from tests.acceptance.sdk_house import KEY
from tests.acceptance.wheel_house import Installed

CONFIGURATION = """
[[upstream]]
name = "main"
kind = "openai"
base_url = "{main}"
api_key = "canary-of-the-main-0123456789"
models = ["main-model"]

[[upstream]]
name = "claude"
kind = "anthropic"
base_url = "{claude}"
api_key = "canary-of-claude-0123456789"
models = ["claude-opus-4-8"]
"""
CLAUDE = "claude-opus-4-8"
MODEL = "main-model"
TOOLS: Any = [
    {"name": name, "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}}
    for name in ("weather", "time")
]
# Of the endpoint's seventy tokens of input, 64 came from its cache.
USAGE = {
    "input_tokens": 6,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 64,
    "output_tokens": 30,
    "output_tokens_details": {"thinking_tokens": 20},
}
GIF = base64.b64encode(b"GIF89a\x02\x00\x03\x00").decode()


@dataclass(frozen=True, slots=True)
class House:
    """A running gateway, the endpoint behind it, and the SDK before it."""

    program: Program
    endpoint: Endpoint
    claude: AnthropicEndpoint
    client: anthropic.Anthropic

    def ask(self, content: Any, **more: Any) -> anthropic.types.Message:
        """One question, answered in one piece."""
        found: anthropic.types.Message = self.client.messages.create(**_order(content, **more))
        return found

    def stream(self, content: Any, **more: Any) -> tuple[anthropic.types.Message, Sequence[str]]:
        """One question with the message that the SDK puts together, and the types of events."""
        with self.client.messages.stream(**_order(content, **more)) as stream:
            events = [event.type for event in stream]
            return stream.get_final_message(), events


def _order(content: Any, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": content}]
    return {"model": MODEL, "max_tokens": 100, "messages": messages} | more


@pytest.fixture(scope="module")
def house(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`cursor-api serve` with an endpoint of another dialect, and one of this."""
    folder = tmp_path_factory.mktemp("messages")
    with LoopThread() as loop:
        endpoint = Endpoint("main").open(loop)
        claude = AnthropicEndpoint().open(loop)
        text = CONFIGURATION.format(main=endpoint.url, claude=claude.url)
        (folder / "cursor-api.toml").write_text(text, encoding="utf-8")
        variables = {"AUTH_TOKEN": KEY, "PORT": "0"}
        with (
            running([installed.command, "serve"], folder, variables) as program,
            anthropic.Anthropic(base_url=program.url, api_key=KEY) as client,
        ):
            yield House(program, endpoint, claude, client)


def test_an_answer_whole_and_streamed(house: House) -> None:
    """The same words and exact counts; thinking only for who asks for it."""
    whole = house.ask("Say something.", system="Be brief.")
    assert [block.to_dict() for block in whole.content] == [
        {"type": "text", "text": "main heard: Say something. "}
    ]
    assert whole.usage.to_dict() == USAGE
    assert (whole.stop_reason, whole.model) == ("end_turn", MODEL)
    assert whole._request_id == whole.id.removeprefix("msg_")
    streamed, events = house.stream("Say something.", thinking={"type": "adaptive"})
    assert [block.to_dict() for block in streamed.content] == [
        {"type": "thinking", "thinking": "Hm.", "signature": ""},
        {"type": "text", "text": "main heard: Say something. "},
    ]
    assert streamed.usage.to_dict() == USAGE
    assert (events[0], events[-1]) == ("message_start", "message_stop")
    assert events.count("content_block_stop") == 2


def test_a_round_of_tools(house: House) -> None:
    """Calls side by side, streamed and whole; results with an image and an error come back."""
    streamed, _ = house.stream("How is it there?", tools=TOOLS)
    whole = house.ask("How is it there?", tools=TOOLS)
    blocks = [block.to_dict() for block in whole.content]
    assert [block.to_dict() for block in streamed.content] == blocks
    assert [(one["name"], one["input"]) for one in blocks] == [
        ("weather", {"place": "Zürich 0"}),
        ("time", {"place": "Zürich 1"}),
    ]
    assert (streamed.stop_reason, whole.stop_reason) == ("tool_use", "tool_use")
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": GIF}}
    results: Any = [
        {"type": "tool_result", "tool_use_id": "call_0", "content": [image]},
        {"type": "tool_result", "tool_use_id": "call_1", "content": "no", "is_error": True},
    ]
    messages = [
        {"role": "user", "content": "How is it there?"},
        {"role": "assistant", "content": blocks},
        {"role": "user", "content": results},
    ]
    assert house.ask("", messages=messages, tools=TOOLS).stop_reason == "end_turn"
    sent = house.endpoint.bodies()[-1]
    calls, first, second, shown = sent["messages"][1:]
    assert json.loads(calls["tool_calls"][1]["function"]["arguments"]) == {"place": "Zürich 1"}
    assert (first["tool_call_id"], second["content"]) == ("call_0", "Error: no")
    # Results are texts alone in that dialect, so that the image follows them as the user's.
    assert shown["role"] == "user"
    assert shown["content"][0]["image_url"] == {"url": f"data:image/gif;base64,{GIF}"}


@pytest.mark.parametrize(
    ("more", "kind", "words"),
    [
        ({"model": "nobody"}, anthropic.NotFoundError, "does not exist"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            anthropic.BadRequestError,
            "messages.0.content.0.text: Field required.",
        ),
        (
            {"messages": [{"role": "tool", "content": "x"}]},
            anthropic.BadRequestError,
            "/v1/chat/completions",
        ),
    ],
)
def test_an_error_is_told_as_the_sdk_knows_it(
    house: House, more: dict[str, Any], kind: type[anthropic.APIStatusError], words: str
) -> None:
    """With its own class, the place and the words."""
    with pytest.raises(kind) as caught:
        house.ask("x", **more)
    assert words in str(caught.value)
    assert caught.value.request_id


@pytest.mark.parametrize(
    ("status", "error", "kind", "words"),
    [
        (400, {"code": "context_length_exceeded"}, anthropic.BadRequestError, "prompt is too long"),
        (401, {}, anthropic.InternalServerError, "main"),
    ],
)
def test_what_the_endpoint_refuses_is_asked_once(
    house: House, status: int, error: dict[str, str], kind: type[Exception], words: str
) -> None:
    """A retry is pointless, and the SDK is told so."""
    house.endpoint.refusals.append((status, {"message": "no", **error}))
    before = len(house.endpoint.asked)
    with pytest.raises(kind, match=words):
        house.ask("x")
    assert len(house.endpoint.asked) == before + 1
    url = f"{house.program.url}/api/credentials/main/clear"
    assert httpx.post(url, headers={"x-api-key": KEY}).status_code == 200


def test_a_wrong_key_is_no_riddle(house: House) -> None:
    """It is a 401 at once, in either header."""
    wrong: list[Any] = [{"api_key": "wrong"}, {"auth_token": "wrong"}]
    for keys in wrong:
        client = anthropic.Anthropic(base_url=house.program.url, **keys)
        with client, pytest.raises(anthropic.AuthenticationError) as caught:
            client.messages.create(**_order("x"))
        assert caught.value.response.headers["x-should-retry"] == "false"


def test_models_and_counts_are_what_the_sdk_expects(house: House) -> None:
    """All models in one page; a count that says it is estimated."""
    assert MODEL in [model.id for model in house.client.models.list()]
    assert house.client.models.retrieve(MODEL).display_name == MODEL
    with pytest.raises(anthropic.NotFoundError):
        house.client.models.retrieve("nobody")
    messages: Any = [{"role": "user", "content": "x" * 400}]
    raw = house.client.messages.with_raw_response.count_tokens(model=MODEL, messages=messages)
    assert raw.headers["x-token-count"] == "estimated"
    assert raw.parse().input_tokens == 104
    assert len(house.client.beta.messages.create(**_order("x")).content) == 1


def test_what_claude_code_asks_at_its_start_is_answered(house: House) -> None:
    """`HEAD /`, and the address with `?beta=true`."""
    assert httpx.head(house.program.url).status_code == 200
    headers = {"authorization": f"Bearer {KEY}", "anthropic-beta": "a,b", "x-app": "cli"}
    url = f"{house.program.url}/v1/messages?beta=true"
    answer = httpx.post(url, headers=headers, json=_order("x"), timeout=10)
    assert (answer.status_code, answer.json()["type"]) == (200, "message")
    assert answer.headers["request-id"] == answer.headers["x-request-id"]


def test_an_endpoint_of_this_dialect_gets_the_request_as_it_came(house: House) -> None:
    """Documents and features that nobody here knows; its answer comes back with its seals."""
    pdf = {"type": "base64", "media_type": "application/pdf", "data": GIF}
    content: Any = [
        {"type": "document", "source": pdf, "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "What is it?"},
    ]
    more: Any = {
        "model": CLAUDE,
        "thinking": {"type": "adaptive"},
        "tools": [{"type": "web_search_20250305", "name": "web_search"}, *TOOLS],
        "extra_headers": {"anthropic-beta": "some-feature-2026-01-01"},
    }
    streamed, events = house.stream(content, **more)
    assert (events[0], events[-1]) == ("message_start", "message_stop")
    assert streamed.content[0].to_dict() == {
        "type": "thinking",
        "thinking": "Hm.",
        "signature": "c2ln",
    }
    assert streamed.usage.cache_read_input_tokens == 64
    turn = house.claude.asked[-1]
    assert turn.headers["anthropic-beta"] == "some-feature-2026-01-01"
    sent = json.loads(turn.body)
    assert (sent["messages"][0]["content"], sent["tools"]) == (content, more["tools"])
    with pytest.raises(anthropic.BadRequestError, match=r"messages\.0\.content\.0"):
        house.ask(content)
