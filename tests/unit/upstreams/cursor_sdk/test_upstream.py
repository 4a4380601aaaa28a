"""The official way as an upstream."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from cursor_api.domain.deltas import FinishReason
from cursor_api.domain.features import Feature
from cursor_api.ports.upstream import UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.simulator.cursor_sdk.options import BridgeOptions
from cursor_api.simulator.scenario import Scenario
from cursor_api.upstreams.cursor_sdk.kind import CursorSdkKind
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from tests.fakes import ListObserver, StillClock
from tests.sdk_stage import KEY, QUICK, WEATHER, ask, results, stage, user
from tests.waiting import until

ROOT = Path(__file__).parents[4]
ASKED = user("What is the weather in Paris?")


async def test_it_lists_and_answers_and_shows_no_key() -> None:
    """The models of its keys; a chat; and what it says of itself."""
    async with stage(BridgeOptions(scenario=Scenario("All well."))) as on:
        names = [model.id for model in await on.upstream.list_models()]
        assert {"auto", "composer-2.5"} <= set(names)
        assert (await on.ask(user("How are you?"))).text == "All well."
        assert KEY.reveal() not in repr(on.upstream)


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
async def test_a_bridge_of_our_own_dies_in_mid_run_and_is_started_again(tmp_path: Path) -> None:
    """The answer breaks off, the conversation goes on: the next bridge is told all of it."""
    program = tmp_path / "bridge"
    program.write_text(
        f"#!/bin/sh\nPYTHONPATH={ROOT / 'src'} exec {sys.executable}"
        ' -m cursor_api.simulator.cursor_sdk.program "$@"\n'
    )
    program.chmod(0o755)
    options = SdkOptions(bridge_bin=program, is_caged=False, folder=tmp_path / "base", runs=QUICK)
    parts = UpstreamParts(
        "cursor-sdk",
        StillClock(),
        StepRunner(),
        find_api_keys=lambda: (KEY,),
        observer=(told := ListObserver()),
    )
    async with CursorSdkKind().build(options, parts) as upstream:
        first = await ask(upstream, ASKED, tools=(WEATHER,))
        (started,) = [facts for event, facts in told.notices if event.endswith("bridge runs")]
        os.kill(int(str(started["pid"])), signal.SIGKILL)
        # The run that waits for this result is gone with its bridge.
        turns = ASKED, first.message, results(first.calls, "sunny")
        await until(lambda: any("ended by itself" in event for event, _ in told.warnings))
        again = await ask(upstream, *turns, tools=(WEATHER,))
        assert again.end.reason in {FinishReason.STOP, FinishReason.TOOL_CALLS}
        running = [facts for event, facts in told.notices if event.endswith("bridge runs")]
        assert len(running) == 2


def test_it_says_what_it_can() -> None:
    """Tools, demanded ones too, images and effort; not how words are chosen."""
    features = CursorSdkKind.features
    assert {Feature.TOOLS, Feature.FORCED_TOOLS, Feature.IMAGES} <= features
    assert not features & {Feature.TEMPERATURE, Feature.SEED, Feature.MANY_ANSWERS}
