"""The console as a person meets it: a served gateway, a simulated Cursor, and Debian's Chromium.

The gateway lives on a loop of its own, so that the tests can drive the browser step by step.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect, sync_playwright

from cursor_api.bootstrap import build_gateway, file_stores
from cursor_api.domain.record import RequestRecord
from cursor_api.installed import DIALECTS, SCHEMA, Settings
from cursor_api.runtime import Reloader
from cursor_api.settings import (
    ByCommand,
    Drafts,
    Loaded,
    SettingsFiles,
    SettingsInUse,
    load_settings,
)
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.stores.memory_records import MemoryRecords
from cursor_api.telemetry.clock import SystemClock
from cursor_api.telemetry.redaction import Redactor
from cursor_api.web.console.pages import read_static_files
from cursor_api.web.server.server import ServerOptions, create_server
from tests.acceptance.background import LoopThread
from tests.serving import Answer, ask, serve

KEY = "a-key-for-the-console"
CHAT_KEY = "a-key-that-may-only-chat"
# Everything here is on this machine, which may be busy; what takes longer is broken.
PATIENCE_MS = 10_000
expect.set_options(timeout=PATIENCE_MS)

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str:
    """The browser's path; a machine without one fails the tests and learns what to install."""
    named = os.environ.get("CHROMIUM")
    # The same browser without windows takes a third less time; where there is none, the whole one.
    names = (named,) if named else ("chromium-headless-shell", "chromium")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise AssertionError(
            f"The console's tests need Chromium and there is no program `{names[-1]}`."
            " On Debian or Ubuntu: apt-get install chromium;"
            " elsewhere set CHROMIUM to the path of a Chromium or Chrome."
        )
    return path


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser with a new, empty profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), headless=True, args=list(CHROMIUM_FLAGS)
        )
        try:
            yield browser
        finally:
            browser.close()


class Words:
    """What the page says in one of its languages; called with the name of an entry."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._table: dict[str, str] = json.loads(read_static_files()[f"lang/{language}.json"].body)

    def __call__(self, key: str, **values: object) -> str:
        """The entry, with these values in it."""
        text = self._table[key]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text


@dataclass(frozen=True, slots=True)
class House:
    """A gateway with real token files, and the simulator behind it."""

    loop: LoopThread
    simulator: CursorSimulator
    port: int
    folder: Path

    @property
    def url(self) -> str:
        """Where it is served, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        """One request with the key."""
        headers = {"Authorization": f"Bearer {KEY}"}
        return self.loop.run(ask(self.port, method, path, headers=headers, body=body))

    def credentials(self) -> list[dict[str, Any]]:
        """What the gateway says it has."""
        found: list[dict[str, Any]] = self.ask("GET", "/api/credentials").json()["credentials"]
        return found

    def tokens(self) -> str:
        """The text of the token file."""
        return (self.folder / ".token").read_text(encoding="utf-8")


@asynccontextmanager
async def _served(
    folder: Path, environment: Mapping[str, str], records: Sequence[RequestRecord]
) -> AsyncIterator[tuple[CursorSimulator, int]]:
    async with CursorSimulator() as simulator:
        environ = {
            "AUTH_TOKEN": KEY,
            "CLIENT_TOKENS": CHAT_KEY,
            "CURSOR_BASE_URL": simulator.url,
            "TOKEN_FILE": str(folder / ".token"),
            "TOKEN_LIST_FILE": str(folder / ".token-list"),
        }

        def load(drafts: Drafts) -> Loaded[Settings]:
            said = ByCommand(dotenv=drafts.dotenv)
            return load_settings(SCHEMA, environ | dict(environment), folder, drafts.toml, said)

        loaded = load(Drafts())
        assert not loaded.problems, loaded.problems
        settings = loaded.settings
        files = SettingsFiles(SCHEMA, load, folder)
        in_use = SettingsInUse(SCHEMA, loaded, lambda: load(Drafts()), files)
        stores = file_stores(settings)
        if records:
            kept = MemoryRecords(SystemClock(), len(records) + 1000)
            for record in records:
                kept.record(record)
            stores = replace(stores, records=kept)
        async with (
            build_gateway(settings, stores, Redactor(), configuration=in_use) as gateway,
            serve(gateway.app) as port,
        ):
            # What is reloaded of a server, the one that serves here has no use for.
            server = create_server(gateway.app, ServerOptions(), DIALECTS[0].fault)
            in_use.on_reload = Reloader(gateway, server, in_use).reload
            yield simulator, port


@contextmanager
def open_house(
    folder: Path,
    tokens: str = "",
    environment: Mapping[str, str] | None = None,
    records: Sequence[RequestRecord] = (),
) -> Iterator[House]:
    """A gateway that serves while the context lasts, with that text as its token file.

    `records` are of requests that ended before.
    """
    (folder / ".token").write_text(tokens, encoding="utf-8")
    (folder / ".token").chmod(0o600)
    with LoopThread() as loop:
        simulator, port = loop.open(_served(folder, environment or {}, records))
        yield House(loop, simulator, port, folder)


# Runs before the page's own scripts: counts what must never happen.
WATCH = """
window.ran = 0;
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""


@contextmanager
def open_page(browser: Browser, **context: Any) -> Iterator[Page]:
    """A page of a new context; it ends with an error when the page had one of its own."""
    options: dict[str, Any] = {
        "locale": "en-GB",
        "viewport": {"width": 1200, "height": 800},
        "reduced_motion": "reduce",
    }
    opened = browser.new_context(**(options | context))
    opened.add_init_script(WATCH)
    opened.set_default_timeout(PATIENCE_MS)
    page = opened.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        yield page
        assert errors == []
        assert page.evaluate("window.violations") == []
        assert page.evaluate("window.ran") == 0
    finally:
        opened.close()


# Stands for a sign-in that is not what the test is about.
REMEMBER_KEY = f"if (origin !== 'null') sessionStorage.setItem('cursor-api-key', '{KEY}');"
LOCALES = {"en": "en-GB", "zh": "zh-CN"}


def sign_in(page: Page, url: str, path: str = "/console#/credentials") -> None:
    """Come in with the right key."""
    page.goto(url + path)
    page.locator("#key").fill(KEY)
    page.locator("form button[type=submit]").click()
    page.locator("#panel").wait_for()
