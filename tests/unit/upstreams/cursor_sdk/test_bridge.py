"""The bridge as the rest sees it: started on need, watched, started again, ended."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.process import Clock
from cursor_api.transport.client import HttpClient
from cursor_api.transport.options import Timeouts
from cursor_api.upstreams.cursor_sdk import bridge as bridge_module
from cursor_api.upstreams.cursor_sdk import calls as calls_module
from cursor_api.upstreams.cursor_sdk.bridge import (
    GREETED_S,
    LINES_PER_MINUTE_MAX,
    AttachedBridge,
    BridgeParts,
    Greeter,
    LineLimit,
    OwnBridge,
    find_flaw_of_cage,
)
from cursor_api.upstreams.cursor_sdk.calls import PING, BridgeAddress, SdkCalls, bridge_http_options
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from tests.fake_bridge import SystemTime, fake_options
from tests.fakes import ListObserver, StillClock
from tests.waiting import until

CALLBACK = BridgeAddress("http://127.0.0.1:9", Secret("token-of-the-callback"))


async def listen() -> BridgeAddress:
    """Where our tools are."""
    return CALLBACK


RUNS = "the Cursor SDK bridge runs"


class Stage:
    """A bridge, the client that asks it, and what the operator was told."""

    def __init__(self, options: SdkOptions, http: HttpClient, clock: Clock) -> None:
        self.observer = ListObserver()
        greeter = Greeter(http, clock.now, listen)
        parts = BridgeParts(greeter.greet, greeter.answers, clock, self.observer)
        self.bridge = OwnBridge(options, parts)
        self.calls = SdkCalls(http, self.bridge, clock.now)
        self.base = options.folder or Path()

    @property
    def starts(self) -> int:
        """How often one was ready."""
        return sum(event == RUNS for event, _ in self.observer.events)

    async def kill(self) -> None:
        """End it from outside, and wait until that is noticed."""
        assert self.bridge.pid is not None
        os.kill(self.bridge.pid, signal.SIGKILL)
        await until(lambda: self.bridge.pid is None)


@asynccontextmanager
async def stage_for(
    folder: Path, behaviour: str, clock: Clock | None = None
) -> AsyncIterator[Stage]:
    """A bridge whose program behaves so; it is closed at the end."""
    async with HttpClient(bridge_http_options(10)) as http:
        stage = Stage(fake_options(folder, behaviour), http, clock or SystemTime())
        try:
            yield stage
        finally:
            await stage.bridge.close()


async def test_it_is_started_once_for_all_who_come_meanwhile(tmp_path: Path) -> None:
    """Asked for its version, told where our tools are; one who leaves breaks nothing off."""
    async with stage_for(tmp_path, "good") as stage:
        assert "not running" in repr(stage.bridge)
        assert not stage.base.exists()
        waiting = [asyncio.create_task(stage.bridge.get_address()) for _ in range(3)]
        await asyncio.sleep(0.05)
        waiting.pop().cancel()
        first, second = await asyncio.gather(*waiting)
        assert first is second is await stage.bridge.get_address()
        assert await stage.calls.call(PING, {}) == {"message": "pong", "protocolVersion": "sdk.v1"}
        assert stage.starts == 1
        (own,) = stage.base.glob("bridge-*")
        asked = (own / "box" / "home" / "asked").read_bytes()
        assert asked.index(b"/GetVersion ") < asked.index(b"/SetToolCallback ")
        assert CALLBACK.token.reveal().encode() in asked
    assert list(stage.base.glob("bridge-*")) == []


async def test_one_that_ends_is_started_again_when_it_is_needed(tmp_path: Path) -> None:
    """After a short pause that a request waits for; its end is told with its exit code."""
    async with stage_for(tmp_path, "good") as stage:
        before = await stage.bridge.get_address()
        await stage.kill()
        assert stage.starts == 1
        assert await stage.bridge.get_address() != before
        assert stage.starts == 2
        ((event, facts),) = [one for one in stage.observer.warnings if "ended" in one[0]]
        assert (event, facts["exit_code"]) == (
            *(
                "the Cursor SDK bridge has ended by itself; it is started again when it is needed",
                -9,
            ),
        )


async def test_one_that_answers_nothing_any_more_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next request has another one; one that answers is left alone, whatever it says."""
    monkeypatch.setattr(bridge_module, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(calls_module, "CALL_TIMEOUTS", Timeouts(first_token_s=1, idle_s=1))
    async with stage_for(tmp_path, "good") as stage:
        before = await stage.bridge.get_address()
        (own,) = stage.base.glob("bridge-*")
        asked = own / "box" / "home" / "asked"
        await until(lambda: asked.read_bytes().count(b"/Ping ") > 1)
        assert stage.bridge.pid is not None
        os.kill(stage.bridge.pid, signal.SIGSTOP)
        await until(lambda: stage.bridge.pid is None)
        assert [event for event, _ in stage.observer.warnings if "ended" in event] == [
            "the Cursor SDK bridge answered nothing any more and was ended;"
            " it is started again when it is needed"
        ]
        assert await stage.bridge.get_address() != before


async def test_failures_are_followed_by_pauses_that_grow(tmp_path: Path) -> None:
    """Then requests are refused at once, and told when to come back."""
    clock = StillClock()
    async with stage_for(tmp_path, "ends", clock) as stage:
        for pause_s in (0.5, 1, 2, 4):
            with pytest.raises(Fault, match="exit code 3"):
                await stage.bridge.get_address()
            clock.seconds += pause_s
        clock.seconds -= 3
        with pytest.raises(
            Fault, match="failed 4 times in a row; it is tried again in 3 s"
        ) as caught:
            await stage.bridge.get_address()
        assert (caught.value.kind, caught.value.retry_after_s) == (FaultKind.UNREACHABLE, 3)
        # A refusal is no failure.
        with pytest.raises(Fault, match="failed 4 times"):
            await stage.bridge.get_address()


async def test_a_long_life_ends_the_pauses(tmp_path: Path) -> None:
    """What ended it then is not what kept it from starting."""
    clock = StillClock()
    async with stage_for(tmp_path, "good", clock) as stage:
        await stage.bridge.get_address()
        await stage.kill()
        clock.seconds += 0.5
        await stage.bridge.get_address()
        clock.seconds += bridge_module.STEADY_S
        await stage.kill()
        await stage.bridge.get_address()
        assert stage.starts == 3


async def test_another_protocol_is_not_spoken_to(tmp_path: Path) -> None:
    """It is ended, and the operator told which versions do not fit."""
    async with stage_for(tmp_path, "other version") as stage:
        with pytest.raises(
            Fault, match=r"speaks sdk\.v2, and this gateway speaks sdk\.v1"
        ) as caught:
            await stage.bridge.get_address()
        assert caught.value.kind is FaultKind.CLIENT_OUTDATED
        assert stage.bridge.pid is None


async def test_a_start_before_any_need_fails_to_the_operator_alone(tmp_path: Path) -> None:
    """The gateway starts all the same."""
    async with stage_for(tmp_path, "ends") as stage:
        stage.bridge.begin_early()
        await until(lambda: any("not be started" in event for event, _ in stage.observer.warnings))


async def test_one_that_is_closed_starts_no_more(tmp_path: Path) -> None:
    """Nor goes on with a start that has begun."""
    async with stage_for(tmp_path, "silent") as stage:
        waiting = asyncio.create_task(stage.bridge.get_address())
        await asyncio.sleep(0.2)
        await stage.bridge.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert list(stage.base.glob("bridge-*")) == []
        with pytest.raises(Fault, match="is stopping"):
            await stage.bridge.get_address()


async def test_a_folder_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    """Somebody else's, or open to others."""
    (tmp_path / "base").mkdir(0o755)
    async with stage_for(tmp_path, "good") as stage:
        with pytest.raises(Fault, match=r"has no folder: .*mode 0700"):
            await stage.bridge.get_address()


async def test_a_bridge_without_a_cage_is_told_of_once(tmp_path: Path) -> None:
    """Loudly: a warning that says what it means and what helps."""
    async with stage_for(tmp_path, "good") as stage:
        await stage.bridge.get_address()
        await stage.kill()
        await stage.bridge.get_address()
        (facts,) = [facts for event, facts in stage.observer.warnings if "without a cage" in event]
        assert facts["why"] == "CURSOR_SDK_BRIDGE_CAGE is false"


@pytest.mark.parametrize(
    ("options", "abi", "why"),
    [
        (SdkOptions(), 1, ""),
        (SdkOptions(), 0, "no Landlock"),
        (SdkOptions(is_caged=False), 1, "is false"),
        (SdkOptions(is_caged=False, bridge_url="http://127.0.0.1:1"), 0, ""),
    ],
)
def test_why_there_is_no_cage(
    options: SdkOptions, abi: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system has none, or the operator wants none; another's bridge is another's concern."""
    monkeypatch.setattr(bridge_module, "find_landlock_abi", lambda: abi)
    flaw = find_flaw_of_cage(options)
    assert why in flaw
    assert bool(why) is bool(flaw)


async def test_another_ones_bridge_is_greeted_now_and_then() -> None:
    """It may have been started anew, and would not know where our tools are."""
    greeted: list[BridgeAddress] = []
    clock = StillClock()
    address = BridgeAddress("http://127.0.0.1:1", Secret("token"))

    async def greet(to: BridgeAddress) -> None:
        greeted.append(to)

    attached = AttachedBridge(address, greet, clock)
    assert await attached.get_address() is address
    await attached.get_address()
    assert greeted == [address]
    clock.seconds += GREETED_S
    await attached.get_address()
    assert len(greeted) == 2
    assert "token" not in repr(attached)


def lines_of(observer: ListObserver) -> list[object]:
    """What was put into the log."""
    return [facts["line"] for _, facts in observer.notices]


def test_what_it_says_is_masked_and_limited() -> None:
    """Nothing that looks like a secret; so many lines a minute; the last one says so."""
    observer, clock = ListObserver(), StillClock()

    async def greet(_address: BridgeAddress) -> None: ...
    async def answers(_address: BridgeAddress) -> bool:
        return True

    mask: Callable[[str], str] = lambda text: text.replace("canary", "…")  # noqa: E731
    limit = LineLimit(BridgeParts(greet, answers, clock, observer, mask))
    limit.token = Secret("the-token-of-the-bridge-itself")
    limit.say(f"a canary and crsr_{'7' * 30}\x1b[31m {limit.token.reveal()}")
    assert lines_of(observer) == [f"a … and … [31m {limit.token.masked}"]
    for number in range(2 * LINES_PER_MINUTE_MAX):
        limit.say(str(number))
    assert len(lines_of(observer)) == LINES_PER_MINUTE_MAX
    assert "left out" in str(lines_of(observer)[-1])
    clock.seconds += 60
    limit.say("again")
    assert lines_of(observer)[-1] == "again"
