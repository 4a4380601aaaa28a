"""Each credential and each upstream, against servers on real sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from cursor_api.bootstrap import copy_credentials
from cursor_api.cli.doctor.upstreams import check_routes
from cursor_api.cli.home.settings import load_upstreams
from cursor_api.domain.credential import Secret
from cursor_api.domain.diagnosis import Check, Verdict
from cursor_api.installed import KINDS
from cursor_api.ports.upstream import UpstreamParts
from cursor_api.stores.postgres.link import Link
from cursor_api.telemetry.redaction import Redactor
from tests.fakes import ListObserver
from tests.postgres_server import postgres_server
from tests.scripted_server import Handler, ScriptedServer, Turn
from tests.unit.cli.editor_folder import make_token
from tests.unit.cli.gateway_folder import enter

KEY = "sk-0123456789abcdefghijkl"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    return enter(tmp_path, monkeypatch)


async def look(folder: Path, url: str, more: str = "") -> list[Check]:
    """What is said of one upstream at this address."""
    (folder / "cursor-api.toml").write_text(
        f'[[upstream]]\nname = "mine"\nkind = "openai"\nbase_url = "{url}"\n'
        f'api_key = "{KEY}"\n{more}'
    )
    loaded = load_upstreams(None)
    assert not loaded.problems
    return await check_routes(loaded.settings, Redactor())


def of(checks: list[Check], area: str) -> list[Check]:
    """Those about one thing."""
    return [one for one in checks if one.area.startswith(area)]


def listing(*models: str, status: int = 200, date: str = "") -> Handler:
    """A server that lists these."""

    async def handler(turn: Turn) -> None:
        content = {"data": [{"id": model} for model in models]}
        body = json.dumps(content if status == 200 else {"error": {"message": "no"}}).encode()
        headers = {"date": date} if date else {}
        await turn.answer(body, status, content_type="application/json", **headers)

    return handler


@pytest.mark.parametrize(
    ("handler", "more", "verdict", "words"),
    [
        (listing("a", "b"), "", Verdict.OK, "lists 2 model(s)"),
        (listing(), "", Verdict.PROBLEM, "lists no model"),
        (listing(status=401), "", Verdict.PROBLEM, "gives no list of models"),
        (listing(status=404), 'models = ["a"]\n', Verdict.WARNING, "the settings name some"),
    ],
)
async def test_its_list_of_models(
    folder: Path, handler: Handler, more: str, verdict: Verdict, words: str
) -> None:
    """An address that answers is reached, whatever it answers; then the key is judged."""
    async with ScriptedServer(handler) as server:
        reach, models = of(await look(folder, server.url, more), "upstream mine")
    assert reach.verdict is Verdict.OK
    assert (models.verdict, words in models.message) == (verdict, True)
    assert verdict is Verdict.OK or models.advice


async def test_one_that_is_not_reached_is_not_asked(folder: Path) -> None:
    """One sentence is enough; one without a credential is not looked at."""
    checks = await look(folder, "http://127.0.0.1:9")
    (problem,) = of(checks, "upstream mine")
    assert problem.verdict is Verdict.PROBLEM
    (unused,) = of(checks, "upstream cursor (")
    assert unused.verdict is Verdict.SKIPPED


@pytest.mark.parametrize(
    ("unix_s", "verdict"), [(None, Verdict.OK), (4e9, Verdict.WARNING)], ids=["now", "in 2096"]
)
async def test_the_clock_is_compared(folder: Path, unix_s: float | None, verdict: Verdict) -> None:
    """With that of whoever answered; a date that is none tells nothing."""
    date = formatdate(unix_s, usegmt=True)
    async with ScriptedServer(listing("a", date=date)) as server:
        (clock,) = of(await look(folder, server.url), "clock")
    assert clock.verdict is verdict
    async with ScriptedServer(listing("a", date="yesterday")) as server:
        assert of(await look(folder, server.url), "clock") == []


async def test_credentials_with_their_state(folder: Path) -> None:
    """One that has expired is a warning with what to do; files that are wrong are a problem."""
    (folder / ".token").write_text(f"old::{make_token(expires_at=1_000_000_000)}\n")
    checks = of(await look(folder, "http://127.0.0.1:9"), "credentials")
    assert [one.verdict for one in checks] == [Verdict.WARNING, Verdict.OK]
    assert "old" in checks[0].message
    assert checks[0].advice
    assert "from the settings" in checks[1].message
    (folder / ".token").write_text("not a token\n")
    (problem,) = of(await look(folder, "http://127.0.0.1:9"), "credentials")
    assert problem.verdict is Verdict.PROBLEM


async def test_credentials_in_the_database(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was altered is a warning; a wrong key is a problem that names the right one."""
    (folder / ".token").write_text(f"mine::{make_token()}\nyours::{make_token(subject='other')}\n")
    with postgres_server() as server:
        monkeypatch.setenv("DATABASE_URL", server.url)
        monkeypatch.setenv("CREDENTIALS_KEY", "a" * 64)
        await copy_credentials(load_upstreams(None).settings, ListObserver())
        link = Link(Secret(server.url), "test", 10.0)
        damage = b"UPDATE cursor_api.credentials SET sealed = '' WHERE name = 'yours'"
        await link.run(lambda connection: connection.execute(damage))
        await link.close()
        warning, good, _ = of(await look(folder, "http://127.0.0.1:9"), "credentials")
        assert (warning.verdict, "yours" in warning.message) == (Verdict.WARNING, True)
        assert "mine" in good.message
        monkeypatch.setenv("CREDENTIALS_KEY", "b" * 64)
        (problem,) = of(await look(folder, "http://127.0.0.1:9"), "credentials")
        assert problem.verdict is Verdict.PROBLEM
        assert "CREDENTIALS_KEY does not have" in problem.message


class _Candid:
    """A kind of upstream that has a word of its own."""

    def __init__(self) -> None:
        self._like = KINDS["openai"]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._like, name)

    async def diagnose(self, _options: Any, parts: UpstreamParts) -> AsyncIterator[Check]:
        """One problem."""
        yield Check("", Verdict.PROBLEM, f"{parts.endpoint} has no engine", "Fit one.")


async def test_a_kind_has_checks_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come between, under its name; what cannot be asked then is not."""
    monkeypatch.setitem(KINDS, "openai", _Candid())
    async with ScriptedServer(listing("a")) as server:
        _reach, own = of(await look(folder, server.url), "upstream mine (openai)")
    assert own.message == "mine has no engine"
