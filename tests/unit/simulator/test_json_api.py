from __future__ import annotations

from cursor_api.simulator.faults import Faults
from cursor_api.simulator.json_api import ApiOptions
from cursor_api.simulator.openai.api import CHAT, OpenAiApi
from cursor_api.simulator.options import SimulatorOptions
from tests.unit.simulator.api_asking import Asking, Json


def chat(question: str, **more: object) -> Json:
    """A body."""
    return {"model": "m", "messages": [{"role": "user", "content": question}], **more}


def content(question: str) -> str:
    """The text of the answer to a question."""
    answer = Asking(OpenAiApi(ApiOptions())).ask(CHAT, chat(question)).json
    return str(answer["choices"][0]["message"]["content"])


def test_requests_are_kept_as_read() -> None:
    """With the credential, and why they were refused."""
    asking = Asking(OpenAiApi(ApiOptions()), SimulatorOptions(requests_kept_max=2))
    asking.ask(CHAT, chat("one"))
    asking.ask(CHAT, b"{")
    asking.ask("/v1/nothing")
    kept = list(asking.responder.requests)
    assert [one.ordinal for one in kept] == [1, 2]
    assert kept[0].refusal.startswith("We could not parse")
    assert kept[1].refusal == "Invalid URL (POST /v1/nothing)"
    assert {one.credential for one in kept} == {"a-key"}
    assert kept[0].headers["authorization"] == "Bearer a-key"
    assert "OpenAiApi" in repr(asking.responder)


def test_a_body_that_is_none_is_refused() -> None:
    """No JSON, no object, more than is allowed."""
    asking = Asking(OpenAiApi(ApiOptions()))
    assert asking.ask(CHAT, b"{").status == 400
    assert asking.ask(CHAT, [1]).status == 400
    assert asking.ask(CHAT, b"[" * 100_000).status == 400


def test_faults_concern_chats_only() -> None:
    """And each credential has its own, by a script or by its own text."""
    options = SimulatorOptions(
        faults=Faults(http_error=1, http_status=503), scripts={"a-key": Faults()}
    )
    asking = Asking(OpenAiApi(ApiOptions(models=("m",))), options)
    assert asking.ask(CHAT, chat("hi")).status == 200
    assert asking.ask(CHAT, chat("hi"), authorization="Bearer other").status == 503
    assert asking.ask("/v1/models", method="GET", authorization="Bearer other").status == 200
    limited = asking.ask(CHAT, chat("hi"), authorization="Bearer sim-429-retry-after-2@me")
    assert (limited.status, limited.headers["retry-after"]) == (429, "2")
    assert limited.json["error"]["code"] == "rate_limit_exceeded"
    healthy = Asking(OpenAiApi(ApiOptions()))
    misspelt = healthy.ask(CHAT, chat("hi"), authorization="Bearer sim-oops")
    assert misspelt.status == 401
    assert "'oops'" in misspelt.json["error"]["message"]


def test_a_message_may_command() -> None:
    """The rest of it is the question; the manual explains."""
    assert content("/sim batch 9\nSay tea") == "tea"
    assert "context-too-long [mid]" in content("/sim")
    assert content("/sim dance").startswith("Sorry: the simulator knows no 'dance'")
    assert len(content("/sim bytes 5000")) == 5000


def test_thinking_can_be_commanded() -> None:
    """Whatever the model's name is."""
    asking = Asking(OpenAiApi(ApiOptions()))
    thought = asking.ask(CHAT, chat("/sim think\nhi")).json["choices"][0]["message"]
    assert thought["reasoning_content"]
    body = chat("/sim no-think\nhi", model="thinking")
    assert "reasoning_content" not in asking.ask(CHAT, body).json["choices"][0]["message"]


def test_the_same_order_is_the_same_answers() -> None:
    """Byte for byte, streamed too."""

    def run() -> list[bytes]:
        faults = Faults(seed=5, http_error=0.2, reset_mid_stream=0.2, malformed_message=0.2)
        asking = Asking(OpenAiApi(ApiOptions()), SimulatorOptions(faults=faults))
        return [asking.ask(CHAT, chat(f"question {at}", stream=True)).body for at in range(20)]

    assert run() == run()
