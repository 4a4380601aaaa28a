from __future__ import annotations

import json

import pytest

from cursor_api.simulator.json_api import ApiOptions
from cursor_api.simulator.openai.api import CHAT, EMBEDDINGS, MODELS, OpenAiApi
from tests.unit.simulator.api_asking import Asking, Json

SERVED = ApiOptions(models=("m", "n"), keys=frozenset({"a-key"}), context_tokens=3000)


def asking() -> Asking:
    """With two models and one key."""
    return Asking(OpenAiApi(SERVED))


def chat(question: str = "Say tea", **more: object) -> Json:
    """A body."""
    return {"model": "m", "messages": [{"role": "user", "content": question}], **more}


def test_keys() -> None:
    """None, a wrong one, and one that is a script."""
    none = asking().ask(CHAT, chat(), authorization=None)
    assert none.status == 401
    assert "didn't provide an API key" in none.json["error"]["message"]
    wrong = asking().ask(CHAT, chat(), authorization="Bearer other")
    assert (wrong.status, wrong.json["error"]["code"]) == (401, "invalid_api_key")
    assert asking().ask(CHAT, chat(), authorization="Bearer sim-ok").status == 200


def test_models_are_listed_one_by_one_too() -> None:
    """What is not served is not found, and no other address is known."""
    listed = asking().ask(MODELS, method="GET").json
    assert [model["id"] for model in listed["data"]] == ["m", "n"]
    assert asking().ask(f"{MODELS}/n", method="GET").json["id"] == "n"
    for missing in (asking().ask(f"{MODELS}/x", method="GET"), asking().ask(CHAT, chat(model="x"))):
        assert (missing.status, missing.json["error"]["code"]) == (404, "model_not_found")
    assert asking().ask("/v1/files").status == 404
    assert asking().ask(EMBEDDINGS, {"model": "m", "input": "a"}).json["data"][0]["index"] == 0
    assert asking().ask(EMBEDDINGS, {"input": "a"}).status == 400


def test_a_stream_ends_with_its_mark() -> None:
    """A role first, then the text, a reason, the usage, `[DONE]`."""
    heard = asking().ask(CHAT, chat(stream=True, stream_options={"include_usage": True}))
    assert heard.headers["content-type"].startswith("text/event-stream")
    *events, done = [data for _, data in heard.events]
    chunks = [json.loads(data) for data in events]
    assert done == "[DONE]"
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    texts = [one["choices"][0]["delta"].get("content", "") for one in chunks[:-1]]
    assert "".join(texts) == "tea"
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == 1


@pytest.mark.parametrize(
    ("question", "status", "code"),
    [
        ("/sim context-too-long", 400, "context_length_exceeded"),
        ("/sim content-refused", 400, "invalid_prompt"),
        ("/sim overloaded", 503, None),
        ("/sim rate-limit", 429, "rate_limit_exceeded"),
        ("x" * 12_500, 400, "context_length_exceeded"),
    ],
)
def test_errors_before_the_answer(question: str, status: int, code: str | None) -> None:
    """Have statuses of their own, streamed or not."""
    for is_stream in (False, True):
        heard = asking().ask(CHAT, chat(question, stream=is_stream))
        assert (heard.status, heard.json["error"]["code"]) == (status, code)


def test_errors_in_the_middle() -> None:
    """An event without a name that holds the error; a filter's word; half a chunk."""
    broken = asking().ask(CHAT, chat("/sim overloaded mid", stream=True)).events
    assert broken[-1][0] == "message"
    assert json.loads(broken[-1][1])["error"]["type"] == "server_error"
    filtered = asking().ask(CHAT, chat("/sim refusal", stream=True)).events
    assert '"content_filter"' in filtered[-2][1]
    malformed = asking().ask(CHAT, chat("/sim malformed", stream=True)).events
    assert any(data.endswith("[{") for _, data in malformed)


def test_a_repeated_beginning_is_cached() -> None:
    """From 1024 tokens on, in steps of 128, for the same key and model."""
    same = asking()
    body = chat("x" * 6000)

    def cached(**more: object) -> int:
        usage = same.ask(CHAT, {**body, **more}).json["usage"]
        return int(usage["prompt_tokens_details"]["cached_tokens"])

    assert [cached(), cached(), cached(model="n")] == [0, 1408, 0]
    longer = [*body["messages"], {"role": "assistant", "content": "a"}, *chat()["messages"]]
    assert cached(messages=longer) == 1408


def test_limits_and_choices() -> None:
    """`max_tokens`, `stop` and `n` are done as asked."""
    cut = asking().ask(CHAT, chat("Say tea with milk", max_tokens=1)).json["choices"][0]
    assert (cut["message"]["content"], cut["finish_reason"]) == ("tea ", "length")
    stopped = asking().ask(CHAT, chat("Say tea with milk", stop=" with")).json["choices"][0]
    assert (stopped["message"]["content"], stopped["finish_reason"]) == ("tea", "stop")
    assert len(asking().ask(CHAT, chat(n=3)).json["choices"]) == 3
    assert "OpenAiApi" in repr(OpenAiApi(SERVED))
