"""The seven known defects of the earlier program's chat path, each shown to be absent here.

The whole gateway runs in the test, before a simulator or a scripted server; where a process has
to survive or to end, it is the installed one.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cursor_api.service.inference.catalog import Catalog
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.cursor.refusals import ErrorText, numbered_error
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.scenario import CHINESE, CODE, Scenario
from cursor_api.wire.connect import encode_end_stream, encode_envelope
from cursor_api.wire.protobuf import field_string
from tests.acceptance.background import upstream
from tests.acceptance.in_process import KEY, MODEL, Gateway, gateway_before
from tests.acceptance.programs import running
from tests.acceptance.wheel_house import Installed
from tests.openai_stream import read_answer, read_stream
from tests.scripted_server import ScriptedServer, Turn
from tests.serving import Answer, ask

# Three pieces of code that begin with spaces, and words whose letters take three bytes each.
TEXT = CODE + CHINESE
WAYS = {"stream": True, "whole": False}
# Many faults of an upstream in a row are what these tests are about.
ASK_ALWAYS = {"GATEWAY_BREAKER_FAILURES": "0"}


async def get_text(gateway: Gateway, question: str, *, is_stream: bool) -> str:
    """The text of an answer that must be whole."""
    if is_stream:
        stream = await gateway.stream(question)
        assert stream.error is None
        assert stream.is_done
        return stream.text
    answer = await gateway.chat(question)
    assert answer.status == 200, answer
    return read_answer(answer.body).choices[0].message.content or ""


def simulated(faults: Faults, text: str = TEXT) -> CursorSimulator:
    """A simulator that always says the same, and does it in this way."""
    return CursorSimulator(SimulatorOptions(faults=faults, scenario=Scenario(text=text)))


@pytest.mark.parametrize("is_stream", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "faults",
    [
        Faults(split_bytes_max=1),
        Faults(split_at=tuple(range(0, 6000, 700)), split_pause_s=0.01),
        Faults(frames_per_write=50, split_bytes_max=64),
        Faults(gzip_bytes_min=1),
        Faults(compressed_end=1),
    ],
    ids=["byte by byte", "700 bytes", "many frames", "every frame compressed", "flag 3"],
)
async def test_defect_1_frames_that_do_not_fit_the_reads(faults: Faults, is_stream: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """However the network cuts the frames, compressed and end frames included, no text is lost."""
    async with simulated(faults) as far, gateway_before(far.url) as gateway:
        assert await get_text(gateway, "Speak", is_stream=is_stream) == TEXT


@pytest.mark.parametrize("is_stream", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("is_compressed", [True, False], ids=["gzip", "plain"])
async def test_defect_2_error_frames_are_errors(is_compressed: bool, is_stream: bool) -> None:  # noqa: FBT001 - pytest parameters
    """An error frame, compressed or not, is an error with the upstream's words, and never text."""
    error = numbered_error(50, ErrorText(title="Rate limited", detail="Slow down."))
    frame = encode_end_stream(error, is_compressed=is_compressed)
    text = encode_envelope(field_string(1, "A beginning."))

    async def play(turn: Turn) -> None:
        await turn.head(connect_content_encoding="gzip")
        await turn.chunk((text if b"midway" in turn.body else b"") + frame)
        await turn.end()

    async with ScriptedServer(play) as far, gateway_before(far.url) as gateway:
        answer = await gateway.chat("midway", stream=is_stream)
        if is_stream:
            stream = read_stream(answer.body)
            assert (stream.text, stream.is_done) == ("A beginning.", False)
            told = stream.error
        else:
            assert answer.status == 429
            told = answer.json()["error"]
        assert told is not None
        assert told["code"] == "rate_limit_exceeded"
        assert "Slow down." in told["message"]
    async with ScriptedServer(play) as far, gateway_before(far.url) as gateway:
        assert (await gateway.chat("at once", stream=is_stream)).status == 429


# The upstream's status, what the caller sees of it, and under which code.
HTTP_ERRORS = {
    401: (502, "upstream_auth_error"),
    403: (403, "upstream_forbidden"),
    429: (429, "rate_limit_exceeded"),
    464: (502, "upstream_client_outdated"),
    500: (502, "upstream_error"),
}
# A page is a firewall's, or asks to sign in: nobody has judged the credential.
PAGES = {401: HTTP_ERRORS[500], 403: HTTP_ERRORS[500]}


@pytest.mark.parametrize("is_stream", WAYS.values(), ids=WAYS)
async def test_defect_2_http_errors_are_no_empty_answers(is_stream: bool) -> None:  # noqa: FBT001 - a pytest parameter
    """The upstream's 401, 403 and 429 are errors with a status of their own, not an empty 200."""
    cases = list(itertools.product(HTTP_ERRORS, ("json", "html", "empty")))
    tokens = [f"sim-{status}-{body}" for status, body in cases]
    async with (
        simulated(Faults()) as far,
        gateway_before(far.url, environment=ASK_ALWAYS, tokens=tokens) as gateway,
    ):
        for number, (status, body) in enumerate(cases):
            headers = {"x-credential": f"credential-{number}"}
            answer = await gateway.chat("Speak", headers=headers, stream=is_stream)
            expected = {**HTTP_ERRORS, **(PAGES if body == "html" else {})}[status]
            assert (answer.status, answer.json()["error"]["code"]) == expected


async def test_defect_3_a_stream_has_one_beginning_and_one_end() -> None:
    """Role first, one id and one `created`, one finish reason, then `[DONE]` once, at the end."""
    text = "data: [DONE]\n\n[DONE]"
    async with (
        simulated(Faults(split_bytes_max=3), text) as far,
        gateway_before(far.url) as gateway,
    ):
        answer = await gateway.chat("Speak", stream=True)
    stream = read_stream(answer.body)
    assert stream.text == text
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert answer.body.count(b"\ndata: [DONE]\n") == 1
    assert [delta for delta in stream.deltas if "role" in delta] == [stream.deltas[0]]
    assert stream.finish_reasons == ["stop"]
    assert stream.chunks[-1].choices[0].finish_reason == "stop"
    heads = {(one.id, one.created, one.model, one.object) for one in stream.chunks}
    assert len(heads) == 1
    assert abs(heads.pop()[1] - time.time()) < 60


async def test_defect_4_an_answer_in_one_piece_is_json_and_not_trimmed() -> None:
    """Content-Type, usage that is not zero, and every space and line end of the text."""
    text = "\n\n    if x:\n\treturn  \n \n"
    async with simulated(Faults(), text) as far, gateway_before(far.url) as gateway:
        answer = await gateway.chat("Speak")
        streamed = await gateway.stream("Speak", stream_options={"include_usage": True})
    assert answer.headers["content-type"] == "application/json"
    completion = read_answer(answer.body)
    assert completion.choices[0].message.content == text
    assert streamed.text == text
    assert completion.usage is not None
    assert completion.usage.prompt_tokens > 0
    assert completion.usage.completion_tokens > 0
    assert completion.usage.total_tokens == (
        completion.usage.prompt_tokens + completion.usage.completion_tokens
    )
    assert [usage.total_tokens for usage in streamed.usages] == [completion.usage.total_tokens]


async def test_defect_5_contents_and_roles_of_every_kind() -> None:
    """Parts, null and absent contents are taken; every known role is heard, others refused."""
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": [{"type": "text", "text": "sys"}]},
        {
            "role": "user",
            "content": [{"type": "text", "text": "one "}, {"type": "text", "text": "a"}],
        },
        {"role": "assistant", "content": None},
        {"role": "user", "content": "two"},
        {"role": "assistant"},
        {"role": "tool", "tool_call_id": "1", "content": "a tool"},
        {"role": "function", "name": "f", "content": "a function"},
        {"role": "developer", "content": "dev"},
    ]
    async with simulated(Faults()) as far, gateway_before(far.url) as gateway:
        assert (await gateway.chat("", messages=messages)).status == 200
        received = far.requests[-1].ask
        refused = await gateway.chat("", messages=[*messages, {"role": "wizard", "content": "x"}])
        assert len(far.requests) == 1
    assert received.instructions == "sys\n\ndev"
    said = "\n".join(turn.text for turn in received.turns)
    assert all(text in said for text in ("one a", "two", "a tool", "a function"))
    error = refused.json()["error"]
    assert (refused.status, error["param"]) == (400, "messages[8].role")
    assert "wizard" in error["message"]


async def test_defect_6_one_connection_serves_many_requests() -> None:
    """Requests in a row share one connection to the upstream, streamed or not."""
    async with simulated(Faults()) as far, gateway_before(far.url) as gateway:
        for number in range(10):
            assert await get_text(gateway, "Speak", is_stream=bool(number % 2)) == TEXT
        assert far.connection_count == 1


@pytest.mark.parametrize(
    ("fault", "limits"),
    [
        ("silence", {"CURSOR_FIRST_TOKEN_TIMEOUT_S": "0.4"}),
        ("stall + after 3", {"CURSOR_IDLE_TIMEOUT_S": "0.4"}),
    ],
    ids=["silence", "stall"],
)
@pytest.mark.parametrize("is_stream", WAYS.values(), ids=WAYS)
async def test_defect_6_nothing_is_waited_for_without_end(
    fault: str,
    limits: Mapping[str, str],
    is_stream: bool,  # noqa: FBT001 - a pytest parameter
) -> None:
    """An upstream that says nothing, at first or in the middle, is given up at its limit."""
    async with CursorSimulator() as far, gateway_before(far.url, environment=limits) as gateway:
        started = time.monotonic()
        answer = await gateway.chat(f"/sim {fault}", stream=is_stream)
        assert 0.3 < time.monotonic() - started < 5
        async with asyncio.timeout(10):
            await far.wait_idle()
    if is_stream and answer.status == 200:
        stream = read_stream(answer.body)
        assert not stream.is_done
        error = stream.error
    else:
        assert answer.status == 504
        error = answer.json()["error"]
    assert error is not None
    assert error["code"] == "upstream_timeout"


async def test_defect_6_a_bug_ends_one_request_and_not_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What nobody foresaw is a 500 without details; the next request is served."""
    async with simulated(Faults()) as far, gateway_before(far.url) as gateway:

        def fail(_self: Catalog, model_id: str) -> None:
            raise ZeroDivisionError(model_id)

        with monkeypatch.context() as patch:
            patch.setattr(Catalog, "resolve", fail)
            answer = await gateway.chat("Speak")
        assert (answer.status, answer.json()["error"]["code"]) == (500, "internal_error")
        assert answer.headers["x-should-retry"] == "false"
        assert b"ZeroDivision" not in answer.body
        assert await get_text(gateway, "Speak", is_stream=True) == TEXT


def test_defect_6_sigterm_ends_the_process_after_its_streams(
    installed: Installed, tmp_path: Path
) -> None:
    """The running stream ends well, then the process does, with 0, and the pool is remembered."""
    (tmp_path / ".token").write_text("mine::a-token\n", encoding="utf-8")
    question = {"role": "user", "content": "/sim rate 40 + bytes 400"}
    body = json.dumps({"model": MODEL, "messages": [question], "stream": True}).encode()
    headers = {"Authorization": f"Bearer {KEY}"}
    with upstream() as far, ThreadPoolExecutor(1) as other:
        variables = {"AUTH_TOKEN": KEY, "PORT": "0", "CURSOR_BASE_URL": far.url}
        with running([installed.command, "serve"], tmp_path, variables) as program:

            def ask_there() -> Answer:
                asking = ask(
                    program.port, "POST", "/v1/chat/completions", headers=headers, body=body
                )
                return asyncio.run(asyncio.wait_for(asking, 20))

            answer = other.submit(ask_there)
            far.wait_busy()
            program.process.terminate()
            stream = read_stream(answer.result(20).body)
            assert program.process.wait(10) == 0, program.said()
    assert (len(stream.text), stream.is_done) == (400, True)
    kept = json.loads((tmp_path / ".token-state").read_text(encoding="utf-8"))
    assert '"success_count": 1' in json.dumps(kept)


async def test_defect_7_each_log_entry_has_its_own_status() -> None:
    """Requests that run together and end in any order: each entry tells of its own request."""
    fates = {
        "ok": ("success", None),
        "rate 200 + bytes 300": ("success", None),
        "cut + after 3": ("failed", "incomplete"),
        "error 36": ("failed", "invalid_request"),
        "reserved + rate 100": ("failed", "protocol_error"),
        "ttfb 0.2": ("success", None),
    }
    async with CursorSimulator() as far, gateway_before(far.url) as gateway:

        async def run(directive: str) -> tuple[str, str]:
            answer = await gateway.chat(f"/sim {directive}", stream=directive != "ok")
            return answer.headers["x-request-id"], directive

        runs = dict(await asyncio.gather(*(run(one) for _ in range(5) for one in fates)))
        logged = (await gateway.ask("GET", "/logs")).json()
    assert logged["total"] == len(runs) == 30
    for entry in logged["logs"]:
        assert (entry["status"], entry["error_kind"]) == fates[runs[entry["id"]]]
