"""The chat route: whole answers, honest failures, nobody forgotten."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from cursor_api.domain.credential import CredentialChange
from cursor_api.domain.deltas import ReasoningDelta, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.record import Status
from cursor_api.web.inference import streaming
from cursor_api.web.inference.route import InferenceOptions
from cursor_api.web.inference.streaming import KeepAliveOptions
from cursor_api.web.parts import WebOptions
from tests.fakes import Step
from tests.house import BEARER, CLIENT_KEY, END, HELLO, House
from tests.serving import Answer, ask, serve
from tests.unit.web.second_dialect import PING, SecondDialect
from tests.waiting import until

CHAT = "/v1/chat/completions"


def request_body(**fields: Any) -> bytes:
    """A small request, with fields added or replaced."""
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]} | fields
    return json.dumps(body).encode()


async def post(house: House, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    """One POST to the chat route."""
    async with serve(house.app) as port:
        return await ask(
            port, "POST", CHAT, headers=BEARER if headers is None else headers, body=body
        )


def events(answer: Answer) -> list[Any]:
    """The data of each event, JSON decoded but for [DONE]."""
    lines = [line for line in answer.body.decode().split("\n\n") if line.startswith("data: ")]
    datas = [line.removeprefix("data: ") for line in lines]
    return [data if data == "[DONE]" else json.loads(data) for data in datas]


async def test_a_whole_answer_is_a_completion_with_usage() -> None:
    """With its type, its length and the request's id."""
    answer = await post(House(), request_body())
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["id"] == f"chatcmpl-{answer.headers['x-request-id']}"
    assert body["choices"][0]["message"]["content"] == "Hello"
    assert body["choices"][0]["finish_reason"] == "stop"
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


async def test_a_streamed_answer_has_one_end() -> None:
    """Role first, one finish reason, one [DONE], one id."""
    answer = await post(House(), request_body(stream=True))
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    chunks = events(answer)
    assert chunks.pop() == "[DONE]"
    assert {chunk["id"] for chunk in chunks} == {f"chatcmpl-{answer.headers['x-request-id']}"}
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0]["role"] == "assistant"
    assert "".join(delta.get("content", "") for delta in deltas) == "Hello"
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
    assert reasons == [None] * (len(reasons) - 1) + ["stop"]


@pytest.mark.parametrize("is_stream", [False, True])
async def test_what_was_left_out_of_a_request_is_named(*, is_stream: bool) -> None:
    """Whole or streamed, good or bad; where nothing was, there is no such header."""
    thought = {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}]}
    asked = [thought, {"role": "user", "content": "cut in two: \ud83d"}]
    for model, status in (("gpt-4o", 200), ("no-such-model", 404)):
        body = request_body(messages=asked, stream=is_stream, model=model)
        answer = await post(House(), body)
        assert answer.status == status
        named = answer.headers["x-ignored-params"]
        assert named == "lone_surrogates, messages[0].content[0]"
    answer = await post(House(), request_body(stream=is_stream))
    assert "x-ignored-params" not in answer.headers


@pytest.mark.parametrize("spelling", ["中文", "%E4%B8%AD%E6%96%87", "%e4%b8%ad文"])
async def test_a_name_in_any_script_can_be_asked_for(spelling: str) -> None:
    """In UTF-8, or percent-encoded as `x-attempts` gives it back; browsers send nothing else."""
    house = House()
    await house.roster.update("a", CredentialChange(alias="中文"))
    house.upstream.script["中文"] = house.upstream.script["a"]
    answer = await post(house, request_body(), BEARER | {"x-credential": spelling})
    assert answer.status == 200
    assert answer.headers["x-attempts"].startswith('"%E4%B8%AD%E6%96%87";')


async def test_the_operators_key_with_an_alias_asks_for_that_credential() -> None:
    """As the earlier program has it; an alias that nobody has is no reason to take another one."""
    house = House(script={"a": HELLO, "b": HELLO})
    for alias in ("b", "a", "b"):
        named = {"Authorization": f"{BEARER['Authorization']}-{alias}"}
        answer = await post(house, request_body(), named)
        assert answer.headers["x-attempts"].startswith(f'"{alias}";')
    nobodys = {"Authorization": f"{BEARER['Authorization']}-nobody"}
    assert (await post(house, request_body(), nobodys)).status == 400


async def test_a_name_that_is_no_utf8_is_nobodys() -> None:
    """It is refused like any other that is unknown."""
    for name in ("nobody", "%FF%FE", "100%"):
        answer = await post(House(), request_body(), BEARER | {"x-credential": name})
        assert answer.status == 400
        assert answer.json()["error"]["param"] == "x-credential"


@pytest.mark.parametrize("name", ["a", "nobody"])
async def test_a_chat_key_learns_no_names(name: str) -> None:
    """Asking for a credential is refused alike, whether there is one of that name or not."""
    chat_only = {"Authorization": f"Bearer {CLIENT_KEY}"}
    house = House()
    answer = await post(house, request_body(), chat_only | {"x-credential": name})
    assert answer.status == 403
    assert answer.json()["error"]["param"] == "x-credential"
    assert name not in answer.json()["error"]["message"].split()
    assert (await post(house, request_body(), chat_only)).status == 200


async def test_reasoning_goes_out_apart_from_the_answer() -> None:
    """Streamed and not."""
    script: dict[str, list[Step]] = {"a": [[ReasoningDelta("hm")], [TextDelta("yes")], [END]]}
    whole = (await post(House(script), request_body())).json()["choices"][0]["message"]
    assert (whole["reasoning_content"], whole["content"]) == ("hm", "yes")
    chunks = events(await post(House(script), request_body(stream=True)))
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks[:-1]]
    assert [delta["reasoning_content"] for delta in deltas if "reasoning_content" in delta] == [
        "hm"
    ]


@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_failure_before_the_first_delta_is_a_real_status(is_stream: bool) -> None:  # noqa: FBT001
    """Streamed or not, with OpenAI's error object and a request id."""
    house = House({"a": [Fault(FaultKind.RATE_LIMITED, "Slow down.", retry_after_s=7)]})
    answer = await post(house, request_body(stream=is_stream))
    assert answer.status == 429
    assert answer.headers["retry-after"] == "7"
    assert len(answer.headers["x-request-id"]) == 32
    error = answer.json()["error"]
    assert error["message"] == "Slow down."
    assert set(error) == {"message", "type", "param", "code"}


async def test_a_failure_in_mid_stream_is_an_error_event_and_no_end() -> None:
    """No [DONE], no finish reason: nobody can take it for a whole answer."""
    house = House({"a": [[TextDelta("Hel")], Fault(FaultKind.INCOMPLETE, "It stopped.")]})
    answer = await post(house, request_body(stream=True))
    assert answer.status == 200
    chunks = events(answer)
    assert chunks[-1]["error"]["message"] == "It stopped."
    assert b"[DONE]" not in answer.body
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks[:-1])
    assert house.log.records[-1].status is Status.FAILED


async def test_a_failure_in_the_middle_of_a_whole_answer_is_a_status() -> None:
    """Half an answer is never a 200."""
    house = House({"a": [[TextDelta("Hel")], Fault(FaultKind.INCOMPLETE, "It stopped.")]})
    answer = await post(house, request_body())
    assert answer.status == 502
    assert b"Hel" not in answer.body


async def test_a_wrong_key_is_refused_before_the_body_is_looked_at() -> None:
    """Authentication precedes parsing: garbage with a wrong key is a 401."""
    house = House()
    answer = await post(house, b"{garbage", {"Authorization": "Bearer wrong"})
    assert answer.status == 401
    assert answer.headers["x-should-retry"] == "false"
    assert answer.json()["error"]["code"] == "unauthorized"
    assert house.log.records == []


async def test_bad_input_names_its_field() -> None:
    """And costs no credential an attempt."""
    house = House()
    answer = await post(house, request_body(messages=[{"role": "user", "content": 5}]))
    assert answer.status == 400
    assert answer.json()["error"]["param"] == "messages[0].content"
    assert house.upstream.asked == []


async def test_a_body_over_the_limit_is_413() -> None:
    """Before it is read."""
    options = WebOptions(version="1", inference=InferenceOptions(body_bytes_max=100))
    answer = await post(House(options=options), request_body(user="x" * 200))
    assert answer.status == 413
    assert "GATEWAY_BODY_BYTES_MAX" in answer.json()["error"]["message"]


async def test_in_pass_through_a_refused_token_is_the_callers_401() -> None:
    """Its own key is what was wrong."""
    house = House(
        {"caller": [Fault(FaultKind.CREDENTIAL_REJECTED, "Expired.")]}, is_passthrough=True
    )
    answer = await post(house, request_body(), {"Authorization": "Bearer some-cursor-token"})
    assert answer.status == 401
    house = House({"a": [Fault(FaultKind.CREDENTIAL_REJECTED, "Expired.")]})
    assert (await post(house, request_body())).status == 502


async def test_a_bug_of_ours_is_a_500_without_its_details() -> None:
    """The caller gets a request id; the log has the rest."""
    house = House()
    house.upstream.script = {}  # the scripted upstream now fails with a KeyError
    answer = await post(house, request_body())
    assert answer.status == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert b"KeyError" not in answer.body
    assert house.log.records[-1].error_kind is FaultKind.INTERNAL


def abort(writer: asyncio.StreamWriter) -> None:
    """A reset, as of a process that was killed."""
    writer.transport.abort()


def close(writer: asyncio.StreamWriter) -> None:
    """An ordinary end."""
    writer.close()


def half_close(writer: asyncio.StreamWriter) -> None:
    """Nothing more will be sent, as by `nc -N`."""
    writer.write_eof()


@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize("stage", ["before the first delta", "in the middle"])
@pytest.mark.parametrize("leave", [abort, close, half_close])
async def test_the_upstream_is_closed_within_a_second_of_its_client_leaving(
    is_stream: bool,  # noqa: FBT001
    stage: str,
    leave: Callable[[asyncio.StreamWriter], None],
) -> None:
    """Stream or not, whatever it waits for; the lease is settled and what was given recorded.

    A client that only ends its sending side is gone as well: over TCP it looks like one that has
    left altogether, and an answer for nobody costs the account that gives it.
    """
    steps: list[Step] = [asyncio.Event()]
    if stage == "in the middle":
        steps.insert(0, [TextDelta("12345678")])
    house = House({"a": steps})
    async with serve(house.app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        body = request_body(stream=is_stream)
        head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: {BEARER['Authorization']}\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        while not house.upstream.asked:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        leave(writer)
        await until(lambda: house.upstream.closed)
    assert house.pool.leased_count == 0
    assert house.relay.active_count == 0
    writer.close()
    record = house.log.records[-1]
    assert record.status is Status.CANCELLED
    assert record.usage is not None
    assert record.usage.output_count == (2 if stage == "in the middle" else 0)


async def test_silence_is_broken_in_the_dialects_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """One client API's comment is another's error."""
    monkeypatch.setattr(streaming, "WATCH_AFTER_S", 0.01)
    monkeypatch.setattr(streaming, "TICK_S", 0.01)
    gate = asyncio.Event()
    options = WebOptions(
        version="1", inference=InferenceOptions(stream=KeepAliveOptions(keep_alive_s=0.02))
    )
    script: dict[str, list[Step]] = {"a": [[TextDelta("Hel")], gate, [END]]}
    house = House(script, options, dialects=(SecondDialect(),))
    async with serve(house.app) as port:
        asking = asyncio.create_task(
            ask(port, "POST", "/second", headers=BEARER, body=request_body(stream=True))
        )
        await asyncio.sleep(0.3)
        gate.set()
        answer = await asking
    assert PING in answer.body
    assert b"keep-alive" not in answer.body
    assert answer.body.endswith(b"data: [DONE]\n\n")


def impatient(monkeypatch: pytest.MonkeyPatch) -> WebOptions:
    """Silence is broken after a few hundredths of a second."""
    monkeypatch.setattr(streaming, "WATCH_AFTER_S", 0.01)
    monkeypatch.setattr(streaming, "TICK_S", 0.01)
    stream = KeepAliveOptions(keep_alive_s=0.02)
    return WebOptions(version="1", inference=InferenceOptions(stream=stream))


async def ask_late(house: House, gate: asyncio.Event, *, is_stream: bool) -> Answer:
    """One request whose upstream says nothing for a third of a second."""
    async with serve(house.app) as port:
        body = request_body(stream=is_stream)
        asking = asyncio.create_task(ask(port, "POST", CHAT, headers=BEARER, body=body))
        await asyncio.sleep(0.3)
        gate.set()
        return await asking


async def test_a_stream_that_is_silent_before_its_first_text_is_kept_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """200 and comments, then the whole answer; failover goes on behind them, and the log tells."""
    gate = asyncio.Event()
    refused = Fault(FaultKind.RATE_LIMITED, "Slow down.", retry_after_s=7)
    script: dict[str, list[Step]] = {"a": [gate, refused], "b": [[TextDelta("Hello")], [END]]}
    house = House(script, impatient(monkeypatch))
    answer = await ask_late(house, gate, is_stream=True)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "x-attempts" not in answer.headers
    assert answer.body.startswith(b": keep-alive\n\n")
    record = house.log.records[-1]
    assert record.id == answer.headers["x-request-id"]
    assert [attempt.fault for attempt in record.attempts] == [FaultKind.RATE_LIMITED, None]
    *chunks, done = events(answer)
    assert done == "[DONE]"
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in chunks) == "Hello"


@pytest.mark.parametrize("is_stream", [True, False])
async def test_what_fails_after_a_long_silence_is_told_where_it_can_be(
    monkeypatch: pytest.MonkeyPatch, *, is_stream: bool
) -> None:
    """In the stream that silence has begun; in one piece by its own status, as ever."""
    gate = asyncio.Event()
    refused = Fault(FaultKind.RATE_LIMITED, "Slow down.", retry_after_s=7)
    house = House({"a": [gate, refused]}, impatient(monkeypatch))
    answer = await ask_late(house, gate, is_stream=is_stream)
    assert house.log.records[-1].status is Status.FAILED
    if not is_stream:
        assert answer.status == 429
        assert answer.headers["retry-after"] == "7"
        assert "x-attempts" in answer.headers
        return
    assert answer.status == 200
    (event,) = events(answer)
    assert event["error"]["message"] == "Slow down."
    assert b"[DONE]" not in answer.body


async def test_a_failure_while_the_ping_waits_for_room_has_its_own_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing of the answer was sent yet: neither is half of it begun. Nor are fields kept."""
    sent: list[Any] = []
    gate = asyncio.Event()
    blocked = asyncio.Event()
    script: dict[str, list[Step]] = {"a": [gate, Fault(FaultKind.RATE_LIMITED, "Slow down.")]}
    house = House(script, impatient(monkeypatch))
    body = request_body(stream=True)
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if messages:
            return messages.pop()
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            blocked.set()
            await asyncio.Event().wait()
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": CHAT,
        "raw_path": CHAT.encode(),
        "query_string": b"",
        "client": ("127.0.0.1", 1),
        "headers": [(name.lower().encode(), value.encode()) for name, value in BEARER.items()],
    }
    serving = asyncio.ensure_future(house.app(scope, receive, send))
    await blocked.wait()
    gate.set()
    await serving
    assert ([one.get("status") for one in sent], scope["headers"]) == ([429, None], ())
