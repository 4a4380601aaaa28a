from __future__ import annotations

import json

import pytest

from cursor_api.simulator.anthropic.api import COUNT, MESSAGES, MODELS, AnthropicApi
from cursor_api.simulator.json_api import ApiOptions
from tests.unit.simulator.api_asking import Asking, Json

SERVED = ApiOptions(models=("m", "n"), keys=frozenset({"a-key"}), context_tokens=3000)


def asking() -> Asking:
    """With two models and one key."""
    return Asking(AnthropicApi(SERVED))


def message(question: str = "Say tea", **more: object) -> Json:
    """A body."""
    messages = [{"role": "user", "content": question}]
    return {"model": "m", "max_tokens": 1000, "messages": messages, **more}


def test_keys_and_the_version() -> None:
    """A key in either header; without a version nothing is answered."""
    none = asking().ask(MESSAGES, message(), authorization=None)
    assert none.status == 401
    assert none.json["error"]["message"] == "x-api-key header is required"
    assert asking().ask(MESSAGES, message(), x_api_key="other").status == 401
    assert asking().ask(MESSAGES, message(), authorization=None, x_api_key="a-key").status == 200
    assert asking().ask(MESSAGES, message(), anthropic_version=None).status == 400


def test_models_and_counts() -> None:
    """What is not served is not found, and no other address is known."""
    listed = asking().ask(MODELS, method="GET").json
    assert [model["id"] for model in listed["data"]] == ["m", "n"]
    assert asking().ask(f"{MODELS}/n", method="GET").json["display_name"] == "N"
    for missing in (
        asking().ask(f"{MODELS}/x", method="GET"),
        asking().ask(MESSAGES, message(model="x")),
        asking().ask("/v1/files"),
    ):
        assert (missing.status, missing.json["error"]["type"]) == (404, "not_found_error")
    assert asking().ask(COUNT, message()).json["input_tokens"] > 5
    assert asking().ask(COUNT, {}).status == 400


def test_a_stream_is_a_message_from_start_to_stop() -> None:
    """Each event is named by its type."""
    heard = asking().ask(MESSAGES, message(stream=True))
    assert heard.headers["content-type"].startswith("text/event-stream")
    assert [name for name, _ in heard.events] == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert json.loads(heard.events[3][1])["delta"] == {"type": "text_delta", "text": "tea"}


@pytest.mark.parametrize(
    ("question", "status", "kind"),
    [
        ("/sim context-too-long", 400, "invalid_request_error"),
        ("/sim overloaded", 529, "overloaded_error"),
        ("/sim 429 retry-after 3", 429, "rate_limit_error"),
        ("x" * 12_500, 400, "invalid_request_error"),
    ],
)
def test_errors_before_the_answer(question: str, status: int, kind: str) -> None:
    """Have statuses of their own, streamed or not."""
    for is_stream in (False, True):
        heard = asking().ask(MESSAGES, message(question, stream=is_stream))
        assert (heard.status, heard.json["error"]["type"]) == (status, kind)


def test_errors_in_the_middle() -> None:
    """An event that holds the error; a refusal; half an event."""
    broken = asking().ask(MESSAGES, message("/sim overloaded mid", stream=True)).events
    assert broken[-1][0] == "error"
    assert json.loads(broken[-1][1])["error"]["type"] == "overloaded_error"
    refused = asking().ask(MESSAGES, message("/sim refusal", stream=True)).events
    assert json.loads(refused[-2][1])["delta"]["stop_reason"] == "refusal"
    malformed = asking().ask(MESSAGES, message("/sim malformed", stream=True)).events
    assert any(data.endswith('"d') for _, data in malformed)


def test_limits() -> None:
    """`max_tokens` and `stop_sequences` are done as asked."""
    cut = asking().ask(MESSAGES, message("Say tea with milk", max_tokens=1)).json
    assert (cut["content"][0]["text"], cut["stop_reason"]) == ("tea ", "max_tokens")
    stopped = asking().ask(MESSAGES, message("Say tea with milk", stop_sequences=[" with"])).json
    assert (stopped["stop_reason"], stopped["stop_sequence"]) == ("stop_sequence", " with")
    assert "AnthropicApi" in repr(AnthropicApi(SERVED))
