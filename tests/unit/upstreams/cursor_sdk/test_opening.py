"""From options to a bridge that can be called."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.upstream import UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.upstreams.cursor_sdk.calls import PING, BridgeAddress
from cursor_api.upstreams.cursor_sdk.opening import open_calls
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from tests.fake_bridge import SystemTime, fake_options
from tests.fakes import ListObserver
from tests.scripted_server import ScriptedServer, Turn

CALLBACK = BridgeAddress("http://127.0.0.1:9", Secret("token-of-the-callback"))


async def listen() -> BridgeAddress:
    """Where our tools are."""
    return CALLBACK


def parts() -> tuple[UpstreamParts, ListObserver]:
    """What a kind is built with, and what the operator is told."""
    observer = ListObserver()
    return UpstreamParts("cursor-sdk", SystemTime(), StepRunner(), observer=observer), observer


@pytest.mark.parametrize("is_early", [False, True])
async def test_a_bridge_of_our_own_lasts_as_long_as_the_context(
    *, tmp_path: Path, is_early: bool
) -> None:
    """Started on need, or early; ended with it."""
    options = replace(fake_options(tmp_path, "good"), is_started_early=is_early)
    given, observer = parts()
    async with open_calls(options, given, listen) as calls:
        assert (await calls.call(PING, {}))["message"] == "pong"
        assert list((tmp_path / "base").glob("bridge-*"))
    assert [event for event, _ in observer.events].count("the Cursor SDK bridge runs") == 1
    assert list((tmp_path / "base").glob("bridge-*")) == []


async def test_nothing_is_started_that_nobody_needs(tmp_path: Path) -> None:
    """No process, no folder, no word."""
    given, observer = parts()
    async with open_calls(fake_options(tmp_path, "good"), given):
        pass
    assert observer.events == []
    assert not (tmp_path / "base").exists()


async def test_another_ones_bridge_is_attached_to() -> None:
    """By address and token; it is told where our tools are, once for many calls."""

    async def answer(turn: Turn) -> None:
        body = b'{"protocolVersion": "sdk.v1", "message": "pong"}'
        await turn.answer(body, content_type="application/json")

    given, _ = parts()
    async with ScriptedServer(answer) as server:
        options = SdkOptions(bridge_url=server.url, bridge_token=Secret("their-token"))
        async with open_calls(options, given, listen) as calls:
            await calls.call(PING, {})
            await calls.call(PING, {})
        asked = [turn.line.split("/")[2].split()[0] for turn in server.requests]
        assert asked == ["GetVersion", "SetToolCallback", "Ping", "Ping"]
        assert {turn.headers["authorization"] for turn in server.requests} == {"Bearer their-token"}
        told = json.loads(server.requests[1].body)
        assert told == {"url": CALLBACK.url, "authToken": CALLBACK.token.reveal()}


async def test_another_ones_bridge_that_is_away_is_asked_again() -> None:
    """A failure is not kept."""
    is_there = False

    async def answer(turn: Turn) -> None:
        body = b'{"protocolVersion": "sdk.v1"}' if is_there else b'{"protocolVersion": 7}'
        await turn.answer(body, content_type="application/json")

    given, _ = parts()
    async with ScriptedServer(answer) as server:
        options = SdkOptions(bridge_url=server.url, bridge_token=Secret("their-token"))
        async with open_calls(options, given) as calls:
            with pytest.raises(Fault, match="something unknown") as caught:
                await calls.call(PING, {})
            assert caught.value.kind is FaultKind.CLIENT_OUTDATED
            is_there = True
            await calls.call(PING, {})


async def test_more_than_the_allowed_number_is_refused_at_once() -> None:
    """Each run has a stream, and room for a call beside it."""

    async def answer(turn: Turn) -> None:
        if b"Ping" in turn.line.encode():
            await turn.gone()
        await turn.answer(b'{"protocolVersion": "sdk.v1"}', content_type="application/json")

    given, _ = parts()
    async with ScriptedServer(answer) as server:
        options = SdkOptions(bridge_url=server.url, bridge_token=Secret("t"), runs_max=1)
        async with open_calls(options, given) as calls:
            await calls.get_address()
            waiting = [asyncio.create_task(calls.call(PING, {})) for _ in range(2)]
            while len(server.requests) < 3:
                await asyncio.sleep(0.01)
            with pytest.raises(Fault) as caught:
                await calls.call(PING, {})
            assert caught.value.kind is FaultKind.OVERLOADED
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
