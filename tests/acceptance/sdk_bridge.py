"""The genuine bridge of Cursor's SDK, in front of a server on this machine in Cursor's place."""

from __future__ import annotations

import importlib.util
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.ports.upstream import UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.transport.client import HttpClient
from cursor_api.upstreams.cursor_sdk.bridge import BridgeParts, Greeter, OwnBridge
from cursor_api.upstreams.cursor_sdk.calls import (
    BridgeAddress,
    SdkCalls,
    bridge_http_options,
)
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from tests.fakes import ListObserver
from tests.scripted_server import ScriptedServer, Turn
from tests.waiting import until

# `make test` sets it: there a missing package is a failure.
REQUIRED = os.environ.get("TEST_SDK_BRIDGE") == "required"
IS_INSTALLED = importlib.util.find_spec("cursor_sdk") is not None

needs_bridge = pytest.mark.skipif(
    not IS_INSTALLED and not REQUIRED,
    reason="cursor-sdk is not installed: pip install --require-hashes -r requirements/sdk.txt",
)

KEY = Secret("crsr_0123456789abcdef0123456789")
OTHER_KEY = Secret("crsr_other9876543210fedcba987654")
MODELS: list[dict[str, Any]] = [
    {"id": "composer-2.5", "displayName": "Composer 2.5"},
    {
        "id": "claude-opus-4.5",
        "displayName": "Opus 4.5",
        "parameters": [
            {"id": "effort", "values": [{"value": "low"}, {"value": "high"}]},
            {"id": "fast", "values": [{"value": "true"}]},
        ],
        "variants": [
            {"params": [{"id": "effort", "value": "low"}], "isDefault": True},
            {"params": [{"id": "effort", "value": "high"}, {"id": "fast", "value": "true"}]},
        ],
    },
    {"id": "auto", "displayName": "Auto"},
]
# Cursor's refusals by the key that meets them: the status, and the code in the body.
REFUSALS = {
    "crsr_rejected0123456789": (401, "unauthorized"),
    "crsr_forbidden0123456789": (403, "plan_required"),
    "crsr_limited0123456789": (429, "rate_limited"),
    "crsr_broken0123456789": (500, "internal"),
}


class SystemTime:
    """The machine's clock."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


async def play_cursor(turn: Turn) -> None:
    """What the bridge asks before any run: the key's exchange, the models, whose key it is."""
    key = turn.headers.get("authorization", "").removeprefix("Bearer ")
    path = turn.line.split()[1]
    status, code = REFUSALS.get(key, (200, ""))
    answers: dict[str, Any] = {
        "/auth/exchange_user_api_key": {"accessToken": f"access-{key}", "refreshToken": "r"},
        "/v1/models": {"items": MODELS},
        "/v1/me": {"apiKeyName": "k", "userId": 7, "userEmail": "a@b.c"},
    }
    if path not in answers:
        await turn.answer(b"{}", 404, content_type="application/json")
    elif status != 200 and path == "/v1/models":
        error = {"code": code, "error": "refused", "message": "refused"}
        await turn.answer(json.dumps(error).encode(), status, content_type="application/json")
    else:
        await turn.answer(json.dumps(answers[path]).encode(), content_type="application/json")


@dataclass(frozen=True)
class Stage:
    """A bridge of the gateway's own, what it says, and Cursor's place."""

    bridge: OwnBridge
    calls: SdkCalls
    observer: ListObserver
    cursor: ScriptedServer
    base: Path
    parts: UpstreamParts

    def options_for_agent(self, key: str, model: str) -> dict[str, Any]:
        """What an agent is made with."""
        return {
            "options": {
                "model": {"id": model},
                "apiKey": key,
                "local": {"settingSources": []},
                "tools": {"names": []},
            }
        }


async def _listen() -> BridgeAddress:
    """Where tools would be."""
    return BridgeAddress("http://127.0.0.1:9", Secret("callback-token"))


@asynccontextmanager
async def open_stage(base: Path) -> AsyncIterator[Stage]:
    """All of it, in a folder; nothing is started yet."""
    observer = ListObserver()
    async with (
        ScriptedServer(play_cursor) as cursor,
        HttpClient(bridge_http_options(20)) as http,
    ):
        options = SdkOptions(folder=base, backend_url=cursor.url)
        greeter = Greeter(http, time.time, _listen)
        bridge = OwnBridge(
            options, BridgeParts(greeter.greet, greeter.answers, SystemTime(), observer)
        )
        calls = SdkCalls(http, bridge, time.time)
        parts = UpstreamParts("cursor-sdk", SystemTime(), StepRunner(), find_api_keys=lambda: [KEY])
        try:
            yield Stage(bridge, calls, observer, cursor, base, parts)
        finally:
            await bridge.close()


def is_running(pid: int) -> bool:
    """Whether a process is there and no mere zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def wait_until_noticed(stage: Stage, limit_s: float = 3.0) -> None:
    """Until the gateway knows that its bridge has ended."""
    await until(lambda: stage.bridge.pid is None, limit_s)


async def wait_until_gone(pid: int, limit_s: float = 3.0) -> None:
    """Until a process has ended."""
    await until(lambda: not is_running(pid), limit_s)
