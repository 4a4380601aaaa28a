"""The pictures of docs/console.md, taken anew: `python -m tests.acceptance.console_pictures`.

With pngquant on the machine they come out at a third of their size.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page

from tests.acceptance.console_house import (
    LOCALES,
    REMEMBER_KEY,
    House,
    open_browser,
    open_house,
    open_page,
)
from tests.acceptance.console_states import every_state, listing
from tests.acceptance.console_week import week_until

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
SIZE: Final[Any] = {"width": 1120, "height": 720}
TOKENS: Final = "work::first-token-of-the-picture\nhome::second-token-of-the-picture\n"
LIMITS: Final = {"requests_per_minute": 60, "budget": {"period": "month", "dollars": 20}}
KEYS: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "Anna",
        "limits": LIMITS,
    },
    {"name": "Ben", "models": ["claude-*", "composer-*"], "limits": {"tokens_per_day": 2_000_000}},
    {"name": "Nightly review", "limits": {"concurrent_max": 2, "requests_per_day": 500}},
)


def overview(page: Page) -> None:
    """The day's figures, hour by hour."""
    page.locator(".strips").wait_for()


def connect(page: Page) -> None:
    """What the first client is set up by."""
    page.locator("pre").first.wait_for()


def chat(page: Page) -> None:
    """One answer."""
    page.fill(".composer textarea", "What does a gateway do?")
    page.locator(".composer button[type=submit]").click()
    page.locator(".turn .facts").wait_for()


def requests(page: Page) -> None:
    """The newest rows; one is open that a second credential has answered."""
    page.locator(".detail").wait_for()
    page.locator(".detail").scroll_into_view_if_needed()


def usage(page: Page) -> None:
    """Bars by day or hour, and the table beneath."""
    page.locator("table.numbers").wait_for()


def credentials(page: Page) -> None:
    """The table with everything that it can show."""
    page.locator("tr.row").first.wait_for()


def keys(page: Page) -> None:
    """Keys of others."""
    page.locator("#key-anna").wait_for()


def settings(page: Page) -> None:
    """One of them is changed."""
    page.locator('[id="setting-GATEWAY_REQUESTS_MAX"] button.edit').click()
    page.locator('[id="edit-GATEWAY_REQUESTS_MAX"]').fill("200")
    page.locator("h2").last.scroll_into_view_if_needed()
    page.mouse.wheel(0, 2000)
    page.wait_for_timeout(200)


PLACES: Final[tuple[tuple[str, Callable[[Page], None]], ...]] = (
    ("overview", overview),
    ("connect", connect),
    ("chat", chat),
    ("requests", requests),
    ("usage?span=7d&of=tokens", usage),
    ("credentials", credentials),
    ("keys", keys),
    ("settings", settings),
)


def take(browser: Browser, house: House, language: str) -> None:
    """One picture of each page; the Chinese ones in dark colours."""
    colours: Any = {"en": "light", "zh": "dark"}[language]
    ending = {"en": "png", "zh": "zh-CN.png"}[language]
    with open_page(browser, viewport=SIZE, locale=LOCALES[language], color_scheme=colours) as page:
        page.context.add_init_script(REMEMBER_KEY)
        answer = listing(every_state())
        for place, prepare in PLACES:
            name = place.partition("?")[0]
            if name == "credentials":
                page.route("**/api/credentials?order*", lambda route: route.fulfill(json=answer))
            page.goto("about:blank")
            rest = f"/{helped(house)}" if name == "requests" else ""
            page.goto(f"{house.url}/console#/{place}{rest}")
            page.locator("#panel > *").first.wait_for()
            prepare(page)
            page.unroute("**/api/credentials?order*")
            path = IMAGES / f"console-{name}.{ending}"
            page.screenshot(path=path)
            shrink(path)


def helped(house: House) -> str:
    """The newest request that a second credential has answered."""
    listed = house.ask("GET", "/api/requests?status=success&count=500").json()["requests"]
    found: str = next(one["id"] for one in listed if len(one["attempts"]) > 1)
    return found


def shrink(path: Path) -> None:
    """To 128 colours, where there is a program for that."""
    program = shutil.which("pngquant")
    if program is not None:
        command = [program, "--force", "--skip-if-larger", "--ext", ".png", "128", str(path)]
        subprocess.run(command, check=False)


def main() -> None:
    """Take them all."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_house(Path(folder), TOKENS, records=tuple(week_until(time.time()))) as house,
        open_browser() as browser,
    ):
        (Path(folder) / ".env").write_text("GATEWAY_REQUESTS_MAX=100\nGATEWAY_STREAMS_MAX=50\n")
        house.ask("POST", "/api/reload")
        for key in KEYS:
            house.ask("POST", "/api/keys", json.dumps(key).encode())
        for language in sorted(LOCALES):
            take(browser, house, language)


if __name__ == "__main__":
    main()
