"""What agents send for a hello, through a running gateway; and what they need of the answer.

The short form of `make agents`: the needs were found with real agents, one thing changed at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest

from tests.agents import shapes
from tests.agents.agents import CLAUDE_MODEL, OPENAI_MODEL
from tests.agents.house import KEY, House, open_house
from tests.anthropic_stream import read_message_stream
from tests.openai_stream import read_stream

JsonList = list[dict[str, Any]]
BEARER = {"Authorization": f"Bearer {KEY}"}
CLAUDE_HEADERS = {
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "mid-conversation-system-2026,context-management-2025-06-27",
    "x-app": "cli",
}
MODELS = (OPENAI_MODEL, CLAUDE_MODEL)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A gateway before both kinds of endpoints."""
    with open_house() as house:
        yield house


def _post(house: House, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    url = f"{house.program.url}{path}"
    return httpx.post(url, json=body, headers={**BEARER, **headers}, timeout=20)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("shape", "least_bytes"), [(shapes.opencode, 25_000), (shapes.qwen_code, 60_000)]
)
def test_chat(house: House, shape: Any, least_bytes: int, model: str) -> None:
    """A role first, one id, one end with its reason, usage in a chunk of its own, [DONE]."""
    body = shape(model)
    assert len(json.dumps(body)) > least_bytes
    answer = _post(house, "/v1/chat/completions", body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    stream = read_stream(answer.content)
    assert stream.is_done
    assert "hello" in stream.text.lower()
    assert stream.deltas[0]["role"] == "assistant"
    assert len({chunk.id for chunk in stream.chunks}) == 1
    ends = [one.finish_reason for chunk in stream.chunks for one in chunk.choices]
    assert [reason for reason in ends if reason] == ["stop"]
    last = stream.chunks[-1]
    assert not last.choices
    assert last.usage is not None
    assert last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens


@pytest.mark.parametrize("model", MODELS)
def test_codex(house: House, model: str) -> None:
    """Events in their order, with deltas, items that are done, and the whole answer at the end.

    Codex prints only what is in `output_item.done`, other clients only what is in deltas. Tools of
    unknown types are left out and named.
    """
    body = shapes.codex(model)
    assert len(json.dumps(body)) > 38_000
    answer = _post(house, "/v1/responses", body)
    assert answer.status_code == 200, answer.text
    ignored = answer.headers["x-ignored-params"]
    assert "tools.web_search" in ignored
    # The client's own servers offer these.
    assert "tools.namespace" not in ignored
    blocks = answer.text.split("\n\n")
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("data: ")]
    events: JsonList = [json.loads(line[6:]) for line in lines]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    kinds = [event["type"] for event in events]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    deltas = "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")
    done = [e["item"] for e in events if e["type"] == "response.output_item.done"]
    final = events[-1]["response"]
    assert final["output"] == done
    said = "".join(part["text"] for item in done for part in item.get("content") or ())
    assert said == deltas
    assert "hello" in said.lower()
    # The newest types of OpenAI's own client require it.
    assert "cache_write_tokens" in final["usage"]["input_tokens_details"]


@pytest.mark.parametrize("model", MODELS)
def test_claude_code(house: House, model: str) -> None:
    """Every event with its name, every block with its end; and the same without a stream.

    Claude Code's answer is empty without `content_block_stop`; after a stream that failed it asks
    for the answer in one piece.
    """
    body = shapes.claude_code(model)
    assert len(json.dumps(body)) > 75_000
    if model == CLAUDE_MODEL:
        # An endpoint of this dialect gets it as it came, and the simulated one knows no betas.
        body["messages"] = [one for one in body["messages"] if one["role"] != "system"]
    answer = _post(house, "/v1/messages?beta=true", body, **CLAUDE_HEADERS)
    assert answer.status_code == 200, answer.text
    names = [line[7:] for line in answer.text.splitlines() if line.startswith("event: ")]
    assert next(name for name in names if name != "ping") == "message_start"
    assert names.count("content_block_start") == names.count("content_block_stop") > 0
    assert names[-2:] == ["message_delta", "message_stop"]
    stream = read_message_stream(answer.content)
    assert stream.is_stopped
    assert "hello" in stream.text.lower()
    del body["stream"]
    whole = _post(house, "/v1/messages?beta=true", body, **CLAUDE_HEADERS)
    texts = [block.get("text", "") for block in whole.json()["content"]]
    assert "".join(texts) == stream.text


def test_before_the_first_question(house: House) -> None:
    """Claude Code's `HEAD /`, and Codex's WebSocket, which 426 alone makes it give up at once."""
    url = house.program.url
    assert httpx.head(url).status_code in {200, 404}
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
    }
    answer = httpx.get(f"{url}/v1/responses", headers={**BEARER, **upgrade})
    assert answer.status_code == 426


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/v1/chat/completions", shapes.opencode),
        ("/v1/responses", shapes.codex),
        ("/v1/messages?beta=true", shapes.claude_code),
    ],
)
def test_what_no_retry_mends(house: House, path: str, shape: Any) -> None:
    """A wrong key and an unknown model are said once, in words that are shown, as JSON."""
    wrong = _post(house, path, shape(OPENAI_MODEL), Authorization="Bearer wrong")
    assert (wrong.status_code, wrong.headers["x-should-retry"]) == (401, "false")
    assert "AUTH_TOKEN" in wrong.json()["error"]["message"]
    unknown = _post(house, path, shape("no-such-model"))
    assert unknown.status_code == 404
    assert "no-such-model" in unknown.json()["error"]["message"]
