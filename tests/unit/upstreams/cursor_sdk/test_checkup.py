"""What doctor says of the official way."""

from __future__ import annotations

import json
from pathlib import Path

from msgspec.structs import replace

from cursor_api.domain.credential import Secret
from cursor_api.domain.diagnosis import Check, Diagnosing, Verdict
from cursor_api.ports.upstream import UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.telemetry.clock import SystemClock
from cursor_api.upstreams.cursor_sdk.checkup import diagnose
from cursor_api.upstreams.cursor_sdk.kind import CursorSdkKind
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from tests.scripted_server import ScriptedServer, Turn

PARTS = UpstreamParts("cursor-sdk", SystemClock(), StepRunner())


async def look(options: SdkOptions) -> list[Check]:
    """All that is said."""
    return [check async for check in diagnose(options, PARTS)]


async def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """One sentence that says what to do; nothing is started."""
    assert isinstance(CursorSdkKind(), Diagnosing)
    (problem,) = await look(SdkOptions(bridge_bin=tmp_path / "nowhere"))
    assert problem.verdict is Verdict.PROBLEM
    assert "CURSOR_SDK_BRIDGE_BIN" in problem.message


async def test_a_program_that_is_no_bridge(tmp_path: Path) -> None:
    """It is there, and does not become ready; without a cage that is told as well."""
    program = tmp_path / "bin" / "bridge"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    options = SdkOptions(bridge_bin=program, is_caged=False, folder=tmp_path / "folder")
    found, cage, start = await look(options)
    assert [found.verdict, cage.verdict, start.verdict] == [
        Verdict.OK,
        Verdict.WARNING,
        Verdict.PROBLEM,
    ]
    assert "CURSOR_SDK_BRIDGE_CAGE" in cage.message


async def test_a_bridge_that_somebody_else_runs() -> None:
    """It answers in our protocol, in another one, or not at all."""
    spoken = "sdk.v1"

    async def handler(turn: Turn) -> None:
        body = json.dumps({"protocolVersion": spoken}).encode()
        await turn.answer(body, content_type="application/json")

    async with ScriptedServer(handler) as server:
        options = SdkOptions(bridge_url=server.url, bridge_token=Secret("a-token-0123456789"))
        (start,) = await look(options)
        assert start.verdict is Verdict.OK
        spoken = "sdk.v9"
        (start,) = await look(options)
        assert (start.verdict, "sdk.v9" in start.message) == (Verdict.PROBLEM, True)
    (start,) = await look(replace(options, bridge_url="http://127.0.0.1:9"))
    assert start.verdict is Verdict.PROBLEM
