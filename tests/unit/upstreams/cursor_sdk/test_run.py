"""One run: read as it comes, bounded, ended however it is left."""

from __future__ import annotations

import asyncio

import pytest

from cursor_api.domain.deltas import TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.simulator.cursor_sdk.options import BridgeFaults, BridgeOptions
from cursor_api.simulator.scenario import Scenario
from cursor_api.transport.timeouts import TimeoutsByModel
from cursor_api.upstreams.cursor_sdk import run
from tests.sdk_stage import CREDENTIAL, ROUTE, request, stage, user
from tests.waiting import until


async def test_a_slow_caller_does_not_slow_the_stream() -> None:
    """All of it is read at once, and given piece by piece, in order."""
    async with stage(BridgeOptions(scenario=Scenario("word " * 2000))) as on:
        async with on.upstream.open(request(user("Hi")), ROUTE, CREDENTIAL) as batches:
            await until(lambda: not on.bridge.running_count and bool(on.bridge.runs))
            await asyncio.sleep(0.1)
            told = [batch async for batch in batches]
        assert max(len(batch) for batch in told) <= run.BATCH_MAX
        said = "".join(one.text for batch in told for one in batch if isinstance(one, TextDelta))
        assert said == "word " * 2000


async def test_what_nobody_takes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run is cancelled, the caller told, nobody blamed."""
    monkeypatch.setattr(run, "UNTAKEN_MAX", 2_000)
    faults = BridgeFaults(tokens_per_s=2000)
    options = BridgeOptions(scenario=Scenario("word " * 20_000), faults=faults)
    async with stage(options) as on:
        async with on.upstream.open(request(user("Hi")), ROUTE, CREDENTIAL) as batches:
            await asyncio.sleep(0.3)
            with pytest.raises(Fault) as caught:
                await _read(batches)
        assert caught.value.kind is FaultKind.OVERLOADED
        await until(lambda: not on.bridge.running_count and not on.bridge.agents)


async def _read(batches: DeltaBatches) -> None:
    async for _ in batches:
        pass


@pytest.mark.parametrize(
    ("faults", "timeouts", "said"),
    [
        (
            BridgeFaults(is_silent=True, keepalive_s=0.01),
            TimeoutsByModel(first_token_s=(("*", 0.1),)),
            "no word of an answer within 0.1 s",
        ),
        (
            BridgeFaults(tokens_per_s=2, keepalive_s=0.01),
            TimeoutsByModel(idle_s=(("*", 0.1),)),
            "fell silent in the middle",
        ),
    ],
)
async def test_silence_is_what_is_not_said(
    faults: BridgeFaults, timeouts: TimeoutsByModel, said: str
) -> None:
    """Keep-alives come all the time."""
    async with stage(BridgeOptions(faults=faults), timeouts=timeouts) as on:
        with pytest.raises(Fault, match=said) as caught:
            await on.ask(user("Hi"))
        assert caught.value.kind is FaultKind.UPSTREAM_TIMEOUT
        await until(lambda: not on.bridge.running_count and not on.bridge.agents)


async def test_an_answer_that_goes_on_for_too_long_is_ended() -> None:
    """However much is said meanwhile: the bridge may begin again and again by itself."""
    async with stage(BridgeOptions(faults=BridgeFaults(tokens_per_s=20)), run_max_s=0.2) as on:
        with pytest.raises(Fault, match=r"not whole within 0\.2 s") as caught:
            await on.ask(user("Hi"))
        assert caught.value.kind is FaultKind.UPSTREAM_TIMEOUT
        await until(lambda: not on.bridge.running_count and not on.bridge.agents)
