"""The genuine bridge: started, asked, caged, killed; Cursor's place is taken on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.client import Timeouts
from cursor_api.upstreams.cursor_sdk import cage
from cursor_api.upstreams.cursor_sdk.calls import (
    CANCEL_RUN,
    CLOSE_AGENT,
    CREATE_AGENT,
    DELETE_AGENT,
    GET_VERSION,
    PING,
    BridgeAddress,
)
from cursor_api.upstreams.cursor_sdk.folder import open_folder
from cursor_api.upstreams.cursor_sdk.listing import ModelListing
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from cursor_api.upstreams.cursor_sdk.process import Launch, make_environment, make_orders
from cursor_api.upstreams.cursor_sdk.program import find_program
from cursor_api.wire.connect import EnvelopeDecoder, parse_end_stream
from tests.acceptance.background import LoopThread
from tests.acceptance.sdk_bridge import (
    KEY,
    OTHER_KEY,
    REFUSALS,
    Stage,
    is_running,
    needs_bridge,
    open_stage,
    wait_until_gone,
    wait_until_noticed,
)

pytestmark = needs_bridge

HOLDER = """
import asyncio, sys, uvloop
from pathlib import Path
from tests.acceptance.sdk_bridge import open_stage

async def hold():
    async with open_stage(Path(sys.argv[1])) as stage:
        await stage.bridge.get_address()
        print(stage.bridge.pid, flush=True)
        await asyncio.sleep(60)

uvloop.run(hold())
"""
# What a bridge could be made to do: read, write, run, look at other processes and end them.
PROBE = """
const fs = require("fs"), run = require("child_process").spawnSync;
const [outside, gateway] = process.argv.slice(1);
const attempts = {
  read: () => fs.readFileSync(outside + "/secret"),
  list: () => fs.readdirSync(outside),
  passwords: () => fs.readFileSync("/etc/passwd"),
  environment: () => fs.readFileSync(`/proc/${gateway}/environ`),
  write: () => fs.writeFileSync(outside + "/new", "x"),
  remove: () => fs.unlinkSync(outside + "/secret"),
  shell: () => { const e = run("/bin/sh", ["-c", "true"]).error; if (e) throw e; },
  kill: () => process.kill(Number(gateway), 0),
  own: () => fs.writeFileSync(process.env.HOME + "/own", "x"),
  temporary: () => fs.mkdtempSync(process.env.TMPDIR + "/x"),
};
const seen = {};
for (const [name, attempt] of Object.entries(attempts)) {
  try { attempt(); seen[name] = "done"; } catch (error) { seen[name] = error.code; }
}
console.log(JSON.stringify(seen));
"""


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    """One for all."""
    with LoopThread() as running:
        yield running


@pytest.fixture(scope="module")
def stage(loop: LoopThread, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """One bridge for all; the tests below are in an order that leaves it running."""
    base = tmp_path_factory.mktemp("bridge") / "base"
    return loop.open(open_stage(base))


def test_it_is_found_started_and_spoken_to(loop: LoopThread, stage: Stage) -> None:
    """On need, in under five seconds, by its own token, and it speaks our protocol."""
    assert loop.run(stage.calls.call(PING, {})) == {"message": "pong"}
    version = loop.run(stage.calls.call(GET_VERSION, {}))
    assert version["protocolVersion"] == "sdk.v1"
    assert [event for event, _ in stage.observer.events] == ["the Cursor SDK bridge runs"]
    address = loop.run(stage.bridge.get_address())
    assert address.url.startswith("http://127.0.0.1:")
    assert Path(address.workspace).is_relative_to(stage.base)
    assert stage.base.stat().st_mode & 0o777 == 0o700


def test_it_gets_nothing_of_the_gateways(stage: Stage) -> None:
    """No variable of the gateway's environment, and no key or token among its arguments."""
    process = Path(f"/proc/{stage.bridge.pid}")
    names = {one.split("=")[0] for one in (process / "environ").read_text().split("\0") if one}
    assert names == {
        *("PATH", "HOME", "TMPDIR", "CURSOR_SDK_CLIENT_LANGUAGE", "OPENSSL_CONF"),
        *("CURSOR_BACKEND_URL", "CURSOR_WEBSITE_URL"),
    }
    command = (process / "cmdline").read_text()
    assert "callback-token" not in command
    assert KEY.reveal() not in command


def test_another_token_is_not_let_in(loop: LoopThread, stage: Stage) -> None:
    """That is the bridge's refusal, and no fault of a key."""
    there = loop.run(stage.bridge.get_address())
    stranger = BridgeAddress(there.url, Secret("a-wrong-token"))
    with pytest.raises(Fault, match="does not accept the gateway's token") as caught:
        loop.run(stage.calls.call(PING, {}, address=stranger))
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR


def test_it_lists_the_models_of_a_key(loop: LoopThread, stage: Stage) -> None:
    """With their variants; the key goes to Cursor's place and is kept for a while."""
    listing = ModelListing(stage.calls, stage.parts)
    models = loop.run(listing.list_models())
    assert [model.id for model in models] == [
        *("composer-2.5", "claude-opus-4.5", "claude-opus-4.5:effort=high,fast"),
        *("claude-opus-4.5:*", "auto"),
    ]
    asked = [turn for turn in stage.cursor.requests if "/v1/models" in turn.line]
    assert asked[-1].headers["authorization"] == f"Bearer {KEY.reveal()}"
    loop.run(listing.list_models())
    assert len([one for one in stage.cursor.requests if "/v1/models" in one.line]) == len(asked)
    with pytest.raises(Fault, match="has no value 'huge' for effort: low, high"):
        listing.select("claude-opus-4.5:effort=huge", KEY)


def test_an_agent_is_made_closed_and_deleted(loop: LoopThread, stage: Stage) -> None:
    """By two keys in one bridge. A new one has a run that has to be cancelled before it goes."""
    for key in (KEY, OTHER_KEY):
        options = stage.options_for_agent(key.reveal(), "composer-2.5")
        made = loop.run(stage.calls.call(CREATE_AGENT, options, key))
        named = {"agentId": made["agentId"]}
        (run,) = loop.run(stage.calls.call("SdkAgentService/ListRuns", named))["items"]
        cancelled = {**named, "runId": run["runId"]}
        assert loop.run(stage.calls.call(CANCEL_RUN, cancelled)) == {}
        assert loop.run(stage.calls.call(CLOSE_AGENT, named)) == {}
        assert loop.run(stage.calls.call(DELETE_AGENT, named)) == {}
        with pytest.raises(Fault) as caught:
            loop.run(stage.calls.call(CLOSE_AGENT, named))
        assert (caught.value.kind, caught.value.upstream_code) == (
            *(FaultKind.INTERNAL, "agent_not_found"),
        )


@pytest.mark.parametrize(
    ("key", "model", "kind"),
    [
        (KEY.reveal(), "no-such-model", FaultKind.MODEL_NOT_FOUND),
        ("crsr_rejected0123456789", "composer-2.5", FaultKind.CREDENTIAL_REJECTED),
        ("crsr_forbidden0123456789", "composer-2.5", FaultKind.CREDENTIAL_FORBIDDEN),
        ("crsr_limited0123456789", "composer-2.5", FaultKind.RATE_LIMITED),
        ("crsr_broken0123456789", "composer-2.5", FaultKind.UPSTREAM_ERROR),
    ],
)
def test_a_bad_key_or_model_is_known_before_a_run(
    loop: LoopThread, stage: Stage, key: str, model: str, kind: FaultKind
) -> None:
    """Whose fault it is follows from what the bridge says; nobody is shown the key."""
    assert key in {KEY.reveal(), *REFUSALS}
    with pytest.raises(Fault) as caught:
        loop.run(stage.calls.call(CREATE_AGENT, stage.options_for_agent(key, model), Secret(key)))
    assert caught.value.kind is kind
    assert key not in str(caught.value)


def test_send_is_opened_as_a_stream(loop: LoopThread, stage: Stage) -> None:
    """An agent that is not there ends it with the reason, on HTTP's 200."""

    async def send() -> bytes:
        address = await stage.bridge.get_address()
        message = {"agentId": "agent-nobody", "message": {"text": "hello"}}
        async with stage.calls.open_send(message, Timeouts(), address) as answer:
            assert (answer.status, answer.headers["content-type"]) == (
                *(200, "application/connect+json"),
            )
            data = b""
            while piece := await answer.read():
                data += piece
            return data

    (frame,) = EnvelopeDecoder(1 << 20, 1 << 20).feed(loop.run(send()))
    failure = parse_end_stream(frame.payload).error
    assert failure is not None
    assert failure.message == "Unknown agent: agent-nobody"


@pytest.mark.skipif(cage.find_landlock_abi() == 0, reason="this kernel has no Landlock")
def test_the_cage_holds_what_the_bridge_runs_on(tmp_path: Path) -> None:
    """Node, as the bridge runs it, reads and writes its own folder and nothing else."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("canary")
    folder, program = open_folder(tmp_path / "base"), find_program()
    try:
        options = SdkOptions()
        orders = make_orders(Launch(program, folder, options, print))
        assert orders["is_caged"]
        orders["argv"] = [str(program.executable), "-e", PROBE, str(outside), str(os.getpid())]
        done = subprocess.run(
            [sys.executable, "-I", "-S", cage.__file__, json.dumps(orders)],
            env=dict(make_environment(folder, options)),
            capture_output=True,
            check=True,
        )
    finally:
        folder.remove()
    seen = json.loads(done.stdout)
    assert (seen.pop("own"), seen.pop("temporary")) == ("done", "done")
    assert seen.pop("kill") in {"EPERM", "done"}  # the kernel can deny it from ABI 6 on
    assert set(seen.values()) == {"EACCES"}, seen
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_a_killed_gateway_leaves_no_bridge(loop: LoopThread, tmp_path: Path) -> None:
    """Nobody runs on, and the next start removes the folder with the conversations."""
    base = tmp_path / "base"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(base)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    with holder.stdout:
        pid = int(holder.stdout.readline())
    assert is_running(pid)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    loop.run(wait_until_gone(pid))
    (left,) = base.glob("bridge-*")
    assert list(left.rglob("auth-token"))
    folder = open_folder(base)
    assert list(base.glob("bridge-*")) == [folder.path]
    folder.remove()


def test_one_that_dies_is_started_again_and_ends_with_the_gateway(
    loop: LoopThread, stage: Stage
) -> None:
    """At another address; its agents are gone, and at the end so are process and folder."""
    before, pid = loop.run(stage.bridge.get_address()), stage.bridge.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    loop.run(wait_until_noticed(stage))
    assert loop.run(stage.calls.call(PING, {})) == {"message": "pong"}
    after = loop.run(stage.bridge.get_address())
    assert after != before
    (warning,) = stage.observer.warnings
    assert warning[1]["exit_code"] == -signal.SIGKILL
    pid = stage.bridge.pid
    assert pid is not None
    loop.run(stage.bridge.close())
    assert not is_running(pid)
    assert list(stage.base.glob("bridge-*")) == []
    with pytest.raises(Fault, match="refuses connections"):
        loop.run(stage.calls.call(PING, {}, address=after))
