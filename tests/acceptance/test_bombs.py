"""Bytes that swell, and bytes that a failure leaves behind: the process stays small.

Measured on the running program: the most memory that it had meanwhile, against what it had before.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator

import pytest

from tests.acceptance.background import upstream
from tests.acceptance.memory import KEY, Process
from tests.acceptance.programs import running

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells and forgets a process's highest memory"
)
MEBIBYTE = 1024 * 1024
GROWTH_BYTES_MAX = 32 * MEBIBYTE
# A thousand times what is sent; the limit for a body is 10 MiB, for a frame 12.
BOMB_BYTES = 64 * MEBIBYTE
LARGE_BYTES = 2 * MEBIBYTE
LARGE_COUNT = 8
MODEL = "gpt-4o-128k"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A gateway at work before a simulator; it has answered a few requests."""
    folder = tmp_path_factory.mktemp("bombs")
    (folder / ".token").write_text("work::token-of-work\n", encoding="utf-8")
    with upstream() as far:
        variables = {"AUTH_TOKEN": KEY, "PORT": "0", "CURSOR_BASE_URL": far.url}
        # Every bomb is to be met; an open breaker would refuse those behind the fifth.
        variables |= {"GATEWAY_BREAKER_FAILURES": "0", "GATEWAY_ATTEMPTS_MAX": "1"}
        command = [sys.executable, "-m", "cursor_api", "serve"]
        with running(command, folder, variables) as program:
            it = Process(program)
            for _ in range(5):
                assert it.ask(chat("Hello")).status == 200
            yield it


def chat(question: str, *, is_stream: bool = False) -> bytes:
    """A chat request with one message."""
    message = {"role": "user", "content": question}
    return json.dumps({"model": MODEL, "stream": is_stream, "messages": [message]}).encode()


def test_a_callers_bomb_is_refused_and_leaves_no_room(process: Process) -> None:
    """413 as soon as the limit is passed, time after time; the next request is served."""
    bomb = gzip.compress(chat(" " * BOMB_BYTES), 9)
    assert len(bomb) < BOMB_BYTES / 500
    before_bytes = process.forget()
    for _ in range(6):
        assert process.ask(bomb, content_encoding="gzip").status == 413
    assert process.memory_bytes("VmHWM") - before_bytes <= GROWTH_BYTES_MAX
    assert process.ask(chat("Hello")).status == 200


@pytest.mark.parametrize("is_stream", [False, True])
def test_the_upstreams_bomb_is_an_error_and_leaves_no_room(
    process: Process,
    is_stream: bool,  # noqa: FBT001 - a pytest parameter
) -> None:
    """A frame of 64 MiB in 64 KiB, before the first word and in the middle of an answer."""
    before_bytes = process.forget()
    for after in ("", " + after 3"):
        for _ in range(3):
            answer = process.ask(chat(f"/sim bomb{after}\nHello", is_stream=is_stream))
            is_told_in_band = answer.status == 200 and b'"error"' in answer.body
            assert answer.status == 502 or is_told_in_band, answer
            assert b"[DONE]" not in answer.body
    assert process.memory_bytes("VmHWM") - before_bytes <= GROWTH_BYTES_MAX
    assert process.ask(chat("Hello")).status == 200


def test_a_frame_of_100_megabytes_is_refused_by_its_head(process: Process) -> None:
    """It is sent whole, by an upstream that means it; nothing of it is kept."""
    before_bytes = process.forget()
    for _ in range(3):
        answer = process.ask(chat("/sim oversized 100000000\nHello"))
        assert answer.status == 502, answer
        assert answer.json()["error"]["code"] == "upstream_protocol_error"
    assert process.memory_bytes("VmHWM") - before_bytes <= GROWTH_BYTES_MAX
    assert process.ask(chat("Hello")).status == 200


@pytest.mark.parametrize("name", ["messages", "tools"])
@pytest.mark.parametrize(
    ("item", "what"),
    [
        (b"{}", "containers"),
        (b"[]", "containers"),
        (b'{"role":""}', "containers"),
        (b"1", "values"),
        (b'""', "values"),
    ],
)
def test_a_body_of_values_is_not_made_into_objects(
    process: Process, item: bytes, what: str, name: str
) -> None:
    """Ten megabytes of them are a million values and more, at fifty bytes each."""
    inside = b",".join([item] * (10 * MEBIBYTE // (len(item) + 1) - 100))
    body = b'{"model":"m","%b":[%b]}' % (name.encode(), inside)
    before_bytes = process.forget()
    for _ in range(3):
        answer = process.ask(body)
        assert answer.status == 400
        assert answer.json()["error"]["code"] == f"json_above_max_{what}"
    assert process.memory_bytes("VmHWM") - before_bytes <= GROWTH_BYTES_MAX


@pytest.mark.parametrize("trouble", ["reset", "500 html", "cut", "bad-gzip", "ok"])
def test_a_large_prompt_is_gone_when_its_request_is(process: Process, trouble: str) -> None:
    """Whatever became of it: nothing waits for the garbage collector, which comes seldom."""
    large = chat(f"/sim {trouble}\n{'x' * LARGE_BYTES}", is_stream=trouble == "cut")
    process.ask(large)
    before_bytes = process.forget()
    for _ in range(LARGE_COUNT):
        assert process.ask(large).status in {200, 502}
    # One that stayed each time would be seven too many.
    assert process.memory_bytes("VmRSS") - before_bytes <= 3 * LARGE_BYTES
