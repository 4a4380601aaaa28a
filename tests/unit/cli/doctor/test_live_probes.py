"""What a good answer to each small chat is, and what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.cli.doctor import live_probes
from cursor_api.cli.doctor.live_probes import PROBES, Outcome, Target
from cursor_api.domain.credential import Secret

KEY = Secret("a-key-0123456789")
TARGET = Target("mine", "openai", "m")
USAGE = {"prompt_tokens": 3, "completion_tokens": 2}


def whole(message: dict[str, Any], **more: Any) -> bytes:
    """An answer in one piece."""
    return json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], **more}).encode()


def stream(*events: Any, end: bytes = b"data: [DONE]\n\n") -> bytes:
    """An answer in events."""
    return b"".join(b"data: %b\n\n" % json.dumps(one).encode() for one in events) + end


TEXT = {"choices": [{"delta": {"content": "OK"}}]}
STOP = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
COUNT = {"choices": [], "usage": USAGE}
CALL = {"tool_calls": [{"function": {"name": "get_temperature", "arguments": '{"place": "Oslo"}'}}]}
BAD_CALL = {"tool_calls": [{"function": {"name": "get_temperature", "arguments": "{"}}]}
ERROR = json.dumps({"error": {"message": "no such model"}}).encode()


async def probe(name: str, body: bytes, status: int = 200) -> Outcome:
    """What is made of this answer."""
    asked: list[dict[str, Any]] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        asked.append(json.loads((await receive())["body"]))
        headers = [(b"x-ignored-params", b"tools")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    outcome = await PROBES[name](app, KEY, TARGET)
    assert asked[0]["model"] == "mine/m"
    assert outcome.name == name
    return outcome


@pytest.mark.parametrize(
    ("name", "body", "is_ok", "words"),
    [
        ("whole", whole({"content": "OK"}, usage=USAGE), True, "said 'OK', usage 3+2"),
        ("whole", whole({"content": None}), False, "usage none"),
        ("whole", b"<html>", False, "not the answer"),
        ("stream", stream(TEXT, STOP, COUNT), True, "3 events, stop, usage 3+2"),
        ("stream", stream(TEXT, STOP), False, "usage none"),
        ("stream", stream(TEXT, STOP, COUNT, end=b""), False, "no [DONE]"),
        ("stream", stream(TEXT, {"error": {"message": "broke"}}), False, "error: broke"),
        ("stream", b": hm\n\ndata: {\n\ndata: 3\n\n", False, "not the answer"),
        ("tool", whole(CALL), True, "1 call(s) of get_temperature, arguments as asked"),
        ("tool", whole(BAD_CALL), False, "not as asked"),
        ("tool", whole({"content": "12"}), True, "answered in text, ignored: tools"),
        ("cancel", stream(TEXT), True, "let go of after 0.00 s"),
        ("cancel", b"", False, "status 200"),
    ],
)
async def test_what_is_made_of_an_answer(name: str, body: bytes, is_ok: object, words: str) -> None:
    """In one line each."""
    outcome = await probe(name, body)
    assert (outcome.is_ok, words in outcome.detail) == (is_ok, True), outcome


@pytest.mark.parametrize("name", PROBES)
async def test_a_refusal_is_told_in_the_gateways_words(name: str) -> None:
    """With its status."""
    outcome = await probe(name, ERROR, 404)
    assert outcome == Outcome(name, is_ok=False, detail="status 404: no such model")


async def test_a_run_that_goes_on_without_its_client_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would go on spending."""
    monkeypatch.setattr(live_probes, "LEAVING_S_MAX", -1.0)
    assert not (await probe("cancel", stream(TEXT))).is_ok
