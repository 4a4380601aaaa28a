"""Stop signals, probes and SIGHUP, on the gateway as a program."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from tests.acceptance.background import Upstream, upstream
from tests.acceptance.draining import (
    BODY,
    CHAT,
    HEADERS,
    KEY,
    begun,
    drain,
    ended,
    post,
    stream,
    unready,
)
from tests.acceptance.programs import Program, running
from tests.openai_stream import read_stream
from tests.serving import ask
from tests.waiting import until

SERVE = [sys.executable, "-m", "cursor_api", "serve"]
# The kernel delivers no signal to process 1 that it has no handler for.
AS_PROCESS_ONE = ["unshare", "--pid", "--fork", "--kill-child", *SERVE]
STREAM_COUNT = 40
# A third of the time that answers get, by default, to end.
QUICK_S_MAX = 10.0
# An answer of about five seconds: long enough to be stopped in, short enough to be waited for.
SLOW = Faults(tokens_per_s=20.0, answer_bytes=400)
ENDLESS = Faults(tokens_per_s=5.0, answer_bytes=20_000)


@pytest.fixture(scope="module")
def slow() -> Iterator[Upstream]:
    """An upstream whose answers take a while."""
    with upstream(SimulatorOptions(faults=SLOW)) as started:
        yield started


def start(
    folder: Path, url: str, command: list[str] | None = None, **more: str
) -> AbstractContextManager[Program]:
    """A gateway with one credential in the folder."""
    (folder / ".token").write_text("work::token-of-work\n")
    variables = {"PORT": "0", "AUTH_TOKEN": KEY, "CURSOR_BASE_URL": url} | more
    return running(command or SERVE, folder, variables)


def can_be_process_one() -> bool:
    """Whether this user may make a process namespace here."""
    if shutil.which("unshare") is None:
        return False
    trial = ["unshare", "--pid", "--fork", "true"]
    return subprocess.run(trial, check=False, capture_output=True, timeout=10).returncode == 0


def served_by(process: subprocess.Popen[bytes], command: list[str]) -> int:
    """The gateway's own process id, which `unshare` stands before."""
    if command is SERVE:
        return process.pid
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(children[0])


@pytest.mark.parametrize("command", [SERVE, AS_PROCESS_ONE], ids=["program", "process 1"])
async def test_running_streams_end_whole_and_the_program_right_after_them(
    tmp_path: Path, slow: Upstream, command: list[str]
) -> None:
    """SIGTERM: none broken, new requests told to come again, exit 0 right after the last."""
    if command is AS_PROCESS_ONE and not can_be_process_one():
        pytest.skip("no process namespace is to be had here (unshare --pid --fork)")
    with start(tmp_path, slow.url, command) as program:
        assert (await ask(program.port, "GET", "/readyz")).json()["status"] == "ready"
        seen = await drain(program, served_by(program.process, command), STREAM_COUNT)
    assert program.process.returncode == 0, program.said()
    assert (seen.ready.status, seen.ready.json()["status"]) == (503, "draining")
    assert seen.ready.headers["connection"] == "close"
    assert seen.live.status == 200
    assert (seen.refused.status, seen.refused.headers["retry-after"]) == (503, "1")
    assert seen.refused.headers["connection"] == "close"
    assert seen.running_count == STREAM_COUNT
    assert (len(seen.texts), len(set(seen.texts))) == (STREAM_COUNT, 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_at_once(tmp_path: Path, number: signal.Signals) -> None:
    """The stream is cut, and looks cut."""
    with (
        upstream(SimulatorOptions(faults=ENDLESS)) as endless,
        start(tmp_path, endless.url) as program,
    ):
        running_stream = stream(program)
        await begun(program, 1)
        program.process.send_signal(number)
        await unready(program)
        assert program.process.poll() is None
        program.process.send_signal(number)
        await ended(program, QUICK_S_MAX)
        with pytest.raises((AssertionError, ConnectionError)):
            await running_stream
    assert program.process.returncode == 0, program.said()


async def test_an_answer_without_an_end_is_broken_off_and_says_so(tmp_path: Path) -> None:
    """At the end of the grace time: an error where the answer has its place, and a clean end."""
    with (
        upstream(SimulatorOptions(faults=ENDLESS)) as endless,
        start(tmp_path, endless.url, GATEWAY_SHUTDOWN_GRACE_S="0.5") as program,
    ):
        streamed, whole, waiting = (
            stream(program),
            post(program, "Hello!"),
            post(program, "/sim silence 60\nHello!", is_stream=True),
        )
        await begun(program, 3)
        program.process.send_signal(signal.SIGTERM)
        sent_at = time.monotonic()
        answers = await asyncio.gather(streamed, whole, waiting)
        await ended(program, QUICK_S_MAX)
        assert time.monotonic() - sent_at > 0.4
        endless.wait_idle(1)
    assert program.process.returncode == 0, program.said()
    assert "the grace time is over" in program.said()
    seen = read_stream(answers[0].body)
    assert seen.text
    assert not seen.is_done
    assert seen.error is not None
    assert (seen.error["code"], seen.error["type"]) == ("overloaded", "server_error")
    assert "shutting down" in seen.error["message"]
    assert answers[1].status == 503
    assert (answers[2].status, answers[2].headers["retry-after"]) == (503, "1")
    assert answers[1].json()["error"] == answers[2].json()["error"] == seen.error
    kept = json.loads((tmp_path / ".token-state").read_text())["credentials"]
    [health] = [one["standing"] for one in kept.values()]
    assert health["failure_count"] == 0, "nobody is blamed for our end"
    assert health["last_used_at"] is not None


async def test_a_client_that_does_not_read_does_not_hold_the_process(tmp_path: Path) -> None:
    """It could not be told anything: its connection is reset."""
    flood = Faults(answer_bytes=50_000_000, frames_per_write=100)
    with (
        upstream(SimulatorOptions(faults=flood)) as fast,
        start(tmp_path, fast.url, GATEWAY_SHUTDOWN_GRACE_S="0.2") as program,
    ):
        _, writer = await asyncio.open_connection("127.0.0.1", program.port, limit=1024)
        head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        writer.write(f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY)
        await begun(program, 1)
        await asyncio.sleep(0.3)
        program.process.send_signal(signal.SIGTERM)
        await ended(program, QUICK_S_MAX)
        writer.close()
    assert program.process.returncode == 0, program.said()


async def test_an_idle_gateway_ends_at_once(tmp_path: Path) -> None:
    """Connections between two requests, and those that never asked, hold nobody."""
    with start(tmp_path, "http://127.0.0.1:1") as program:
        _, silent = await asyncio.open_connection("127.0.0.1", program.port)
        reader, kept = await asyncio.open_connection("127.0.0.1", program.port)
        kept.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"}")
        program.process.send_signal(signal.SIGTERM)
        await ended(program, QUICK_S_MAX)
        silent.close()
        kept.close()
    assert program.process.returncode == 0, program.said()


async def test_a_hangup_reads_the_token_files_again(tmp_path: Path) -> None:
    """The log says so; a file that is not whole is refused, told, and changes nothing."""
    with start(tmp_path, "http://127.0.0.1:1") as program:
        assert (await ask(program.port, "GET", "/readyz")).status == 200
        # What a write to a closed pipe sends, too: nobody may end the process with it.
        program.process.send_signal(signal.SIGPIPE)
        # The file is as old as it was: who looks at times would not read it again.
        program.process.send_signal(signal.SIGHUP)
        await until(lambda: program.has_said("SIGHUP: credentials reloaded"))
        (tmp_path / ".token").write_text("work::token-of-work\nhome::another-token of-two\n")
        program.process.send_signal(signal.SIGHUP)
        await until(lambda: program.has_said("SIGHUP: the token files cannot be used"))
        assert ".token:2" in program.said()
        answer = await ask(program.port, "POST", "/get-tokeninfo", headers=HEADERS)
        assert answer.status == 200
        assert program.stop() == 0
    assert "another-token" not in program.said()
