"""A change of the settings: what it opens, what it keeps, and what it does not wait for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cursor_api.bootstrap import Gateway, build_gateway, file_stores, memory_stores
from cursor_api.installed import SCHEMA, Settings
from cursor_api.options.masking import MARK
from cursor_api.service.inference.open_upstreams import OpenUpstreams
from cursor_api.settings import load_settings
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.telemetry.redaction import Redactor
from cursor_api.upstreams.cursor.chat import CursorChat
from tests.serving import ask, serve
from tests.waiting import until

KEY = "reload-key-0123456789"
BLOCK = '[[upstream]]\nname = "work"\nkind = "cursor"\napi_key = "k-1"\n'


def settings(folder: Path, toml: str, key: str = KEY) -> Settings:
    """Settings with this TOML file."""
    (folder / "cursor-api.toml").write_text(toml)
    return load_settings(SCHEMA, {"AUTH_TOKEN": key}, folder).settings


@asynccontextmanager
async def running(first: Settings) -> AsyncIterator[Gateway]:
    """A gateway under these settings."""
    async with build_gateway(first, memory_stores([]), Redactor()) as gateway:
        yield gateway


@pytest.mark.parametrize(
    ("changed", "is_same"),
    [
        (BLOCK.replace("k-1", "k-2"), True),
        (BLOCK + 'models = ["m"]\n', True),
        (BLOCK + 'base_url = "https://other.example"\n', False),
        (BLOCK + 'headers = { x-team = "red" }\n', False),
    ],
)
async def test_connections_stay_open_unless_where_or_how_has_changed(
    tmp_path: Path,
    changed: str,
    is_same: bool,  # noqa: FBT001 - what is expected of the case
) -> None:
    """Another key or list of models travels over the warm connections."""
    async with running(settings(tmp_path, BLOCK)) as gateway:
        before = gateway.endpoints["work"].upstream
        await gateway.renew(settings(tmp_path, changed))
        assert (gateway.endpoints["work"].upstream is before) == is_same
        assert gateway.roster.credential_count == 1


async def test_a_list_of_models_that_does_not_come_delays_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings are taken up; the lists follow when they come, or the gateway ends."""
    async with running(settings(tmp_path, BLOCK)) as gateway:
        asked: list[CursorChat] = []

        async def stall(self: CursorChat) -> None:
            asked.append(self)
            await asyncio.Event().wait()

        monkeypatch.setattr(CursorChat, "list_models", stall)
        async with asyncio.timeout(10), serve(gateway.app) as port:
            await gateway.renew(settings(tmp_path, BLOCK, "another-key-0123456789"))
            headers = {"Authorization": "Bearer another-key-0123456789"}
            assert (await ask(port, "GET", "/api/credentials", headers=headers)).status == 200
        assert len(asked) == 2


async def test_an_upstream_that_was_replaced_is_closed_before_the_gateway_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred reloads with other certificates do not add up."""
    monkeypatch.setattr("cursor_api.service.inference.open_upstreams.LINGER_S", 0)
    monkeypatch.setattr("cursor_api.service.inference.open_upstreams.LOOK_EVERY_S", 0.01)
    close_unused = OpenUpstreams.close_unused
    seen: list[str] = []

    async def look(self: OpenUpstreams) -> None:
        seen.append(repr(self))
        await close_unused(self)

    monkeypatch.setattr(OpenUpstreams, "close_unused", look)
    async with running(settings(tmp_path, BLOCK)) as gateway:
        await gateway.renew(settings(tmp_path, BLOCK + 'headers = { x-team = "red" }\n'))
        await until(lambda: "OpenUpstreams(3, retired=1)" in seen)
        await until(lambda: seen[-1] == "OpenUpstreams(3, retired=0)")


async def test_what_is_said_is_kept_only_where_that_is_set(tmp_path: Path) -> None:
    """Without secrets; a reload turns it on and off."""
    (tmp_path / ".token").write_text("one\n")
    headers = {"Authorization": f"Bearer {KEY}"}
    body = json.dumps(
        {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"My key is {KEY}, see"}]}
    ).encode()

    async with CursorSimulator() as simulator:
        block = f'[cursor]\nbase_url = "{simulator.url}"\n[logs]\nkeep_content = '
        off, on = (settings(tmp_path, block + one) for one in ("false", "true"))
        async with (
            build_gateway(off, file_stores(off), Redactor()) as gateway,
            serve(gateway.app) as port,
        ):
            for now in (off, on, off):
                await gateway.renew(now)
                await ask(port, "POST", "/v1/chat/completions", headers=headers, body=body)
            listed = await ask(port, "GET", "/api/requests", headers=headers)
            found = [
                await ask(port, "GET", f"/api/requests/{one['id']}", headers=headers)
                for one in listed.json()["requests"]
            ]
    contents = [one.json()["content"] for one in found]
    assert (contents[0], contents[2]) == (None, None)
    assert contents[1]["prompt"][0]["text"] == f"My key is {MARK}, see"
    assert contents[1]["answer"][0]["text"]
    file = (tmp_path / ".request-log.sqlite3").read_bytes()
    assert b"My key is" in file
    assert KEY.encode() not in file
