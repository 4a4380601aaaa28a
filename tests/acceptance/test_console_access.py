"""Every page of the console for everybody: no barrier, narrow screens, the keyboard alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.console_house import (
    KEY,
    REMEMBER_KEY,
    House,
    open_house,
    open_page,
)
from tests.acceptance.console_looking import (
    NARROW,
    assert_fits,
    assert_no_barrier,
    load_axe,
    press_until,
)
from tests.acceptance.console_states import HOSTILE, record

TOKENS = "one::first-token-00000001\ntwo::second-token-00000002\n"
MODEL = "gpt-4o-128k"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway with a short past."""
    with open_house(tmp_path_factory.mktemp("access"), TOKENS) as opened:
        for model in (MODEL, "no such model"):
            body = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
            opened.ask("POST", "/v1/chat/completions", json.dumps(body).encode())
        yield opened


def every_screen(page: Page, look: Callable[[str], None]) -> None:
    """Go through all pages, each with everything open that can be opened."""

    def go(place: str, ready: str) -> None:
        page.evaluate(f"location.hash = '{place}'")
        page.locator(ready).first.wait_for()

    go("#/overview", "#hours")
    page.locator("#checklist").wait_for()
    look("overview")
    go("#/connect?client=codex", "#connect-title")
    look("connect")
    go("#/chat", "#chat-prompt")
    page.locator("#chat-prompt").fill("Hello")
    page.locator("#chat-prompt").press("Enter")
    page.locator(".raw summary").click()
    look("chat")
    go("#/requests?status=refused", "tr.request")
    page.locator("tr.request a").click()
    page.locator(".detail").wait_for()
    page.locator(".menu summary").click()
    look("requests")
    page.locator("#open-deletion").click()
    page.locator("#confirm-deletion:not([aria-disabled=true])").wait_for()
    look("deletion")
    page.keyboard.press("Escape")
    go("#/usage", ".numbers")
    look("usage")
    go("#/credentials", "tr.row")
    page.locator("button.grid").first.click()
    page.locator("#run-grid").click()
    page.locator("#grid td .good-text").nth(5).wait_for()
    look("grid")
    page.keyboard.press("Escape")
    go("#/settings", ".settings li")
    page.locator("#settings-all").click()
    look("settings")


def test_no_page_has_a_barrier(browser: Browser, house: House) -> None:
    """Axe finds nothing, in light and in dark."""
    with open_page(browser, viewport={"width": 1280, "height": 800}) as page:
        page.context.add_init_script(REMEMBER_KEY)
        page.goto(f"{house.url}/console")
        load_axe(page)
        every_screen(page, lambda screen: assert_no_barrier(page, screen))


def test_no_page_is_too_wide(browser: Browser, house: House) -> None:
    """At 360 pixels, in the language with the longer words, and in the reader's few colours."""
    with open_page(browser, viewport=NARROW, forced_colors="active") as page:
        page.context.add_init_script(REMEMBER_KEY)
        page.goto(f"{house.url}/console")
        every_screen(page, lambda screen: assert_fits(page, screen))


def test_the_keyboard_goes_through_every_page(browser: Browser, house: House) -> None:
    """From the key to an answer, its record, usage and settings, and the focus is never lost."""
    with open_page(browser) as page:
        page.goto(f"{house.url}/console")
        expect(page.locator("#key")).to_be_focused()
        page.keyboard.type(KEY)
        page.keyboard.press("Enter")
        expect(page.locator("#title")).to_be_focused()

        def visit(name: str, ready: str) -> None:
            press_until(page, f"#page-{name}")
            page.keyboard.press("Enter")
            page.locator(ready).first.wait_for()
            expect(page.locator("#title")).to_be_focused()

        visit("connect", "#connect-client")
        press_until(page, "#connect-client")
        page.keyboard.type("curl")
        press_until(page, "#copy-snippet-0")
        page.keyboard.press("Enter")
        page.locator(".toast").first.wait_for()
        visit("chat", "#chat-prompt")
        press_until(page, "#chat-prompt")
        page.keyboard.type("Hello")
        page.keyboard.press("Enter")
        page.locator(".turn .facts a").wait_for()
        visit("requests", "tr.request")
        press_until(page, "tr.request a")
        page.keyboard.press("Enter")
        page.locator(".detail").wait_for()
        expect(page.locator("tr.request a").first).to_be_focused()
        visit("usage", ".numbers")
        press_until(page, "#usage-7d")
        page.keyboard.press("Enter")
        expect(page.locator("#usage-bars .plot a")).to_have_count(7)
        expect(page.locator("#usage-7d")).to_be_focused()
        press_until(page, "#usage-bars .plot a[tabindex='0']")
        page.keyboard.press("Enter")
        page.locator("tr.request").first.wait_for()
        visit("settings", "#settings-search")
        press_until(page, "#settings-search")
        page.keyboard.type("queue")
        page.locator(".settings li").first.wait_for()
        expect(page.locator("#settings-search")).to_be_focused()


def test_what_others_wrote_stays_text(browser: Browser, house: House) -> None:
    """In models, callers, credentials and errors of records: nothing runs, nothing turns."""
    rows = [record(text, number) for number, text in enumerate(HOSTILE)]
    answer = {"requests": rows, "continue_from": None, "order": "newest_first"}
    with open_page(browser) as page:
        page.context.add_init_script(REMEMBER_KEY)
        page.route("**/api/requests?*", lambda route: route.fulfill(json=answer))
        page.goto(f"{house.url}/console#/requests/{rows[0]['id']}")
        expect(page.locator("tr.request")).to_have_count(len(HOSTILE))
        expect(page.locator(".detail")).to_contain_text(HOSTILE[0])
        for one in rows[1:3]:
            page.evaluate(f"location.hash = '#/requests/{one['id']}'")
            expect(page.locator(f'[data-request="{one["id"]}"]')).to_be_visible()
        assert page.locator("#app :is(script, iframe, img, [onerror], [onload])").count() == 0
        assert "\u202e" not in page.locator("#app").inner_text()
        page.evaluate("location.hash = '#/overview'")
        page.locator("#last-failures ~ ul li").first.wait_for()
        assert page.locator("#app :is(script, iframe, img, [onerror], [onload])").count() == 0
