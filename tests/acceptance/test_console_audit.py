"""Who changed what, in the console: chosen by what, whom and when, and page by page."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.console_house import (
    LOCALES,
    REMEMBER_KEY,
    House,
    Words,
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

PRICE_COUNT = 51
HOSTILE = "<svg/onload=window.ran=1>"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway where one key and more prices than a page shows were entered."""
    with open_house(tmp_path_factory.mktemp("audit"), "one::first-token-00000001\n") as opened:
        key = json.dumps({"name": "Alice"}).encode()
        assert opened.ask("POST", "/api/keys", key).status == 201
        for number in range(PRICE_COUNT):
            model = HOSTILE if number == PRICE_COUNT - 1 else f"model-{number}"
            price = {"model": model, "valid_from": "2026-01-01", "input": "1", "output": "2"}
            body = json.dumps(price | {"source": "a list"}).encode()
            assert opened.ask("PUT", "/api/prices", body).status == 200
        yield opened


def come_in(page: Page, house: House, query: str = "") -> None:
    """Signed in, at the changes."""
    page.add_init_script(REMEMBER_KEY)
    page.goto(f"{house.url}/console#/settings/changes{query}")
    page.locator("#acts-kind").wait_for()


@pytest.mark.parametrize("language", LOCALES)
def test_changes_are_listed_and_chosen(browser: Browser, house: House, language: str) -> None:
    """A page, and what is older; what was chosen stands in the address."""
    t = Words(language)
    with open_page(browser, locale=LOCALES[language]) as page:
        come_in(page, house)
        rows = page.locator(".acts tbody tr")
        expect(rows).to_have_count(50)
        expect(rows.first).to_contain_text(t("act.price_set"))
        expect(rows.first).to_contain_text(HOSTILE)
        page.click("#older-acts")
        expect(rows).to_have_count(PRICE_COUNT + 1)
        expect(rows.last).to_contain_text("alice")
        expect(page.locator("#older-acts")).to_have_count(0)
        page.select_option("#acts-kind", "key_created")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(t("actor.operator"))
        assert page.url.endswith("#/settings/changes?kind=key_created")
        page.reload()
        expect(rows).to_have_count(1)
        page.select_option("#acts-actor", "command-line")
        expect(page.get_by_text(t("audit.no_match"))).to_be_visible()


def test_changes_are_for_everybody(browser: Browser, house: House) -> None:
    """By keyboard, without a barrier, as cards in a narrow window; the choice is seen."""
    with open_page(browser, viewport=NARROW, locale=LOCALES["zh"], forced_colors="active") as page:
        page.add_init_script(REMEMBER_KEY)
        page.goto(f"{house.url}/console#/settings")
        load_axe(page)
        press_until(page, "#tab-changes")
        page.keyboard.press("Enter")
        expect(page.locator("#title")).to_be_focused()
        expect(page.locator("#tab-changes")).to_have_attribute("aria-current", "page")
        press_until(page, "#acts-period")
        page.keyboard.press("ArrowDown")
        expect(page.locator("#acts-period")).to_have_class("set")
        expect(page.locator(".acts tbody tr")).to_have_count(50)
        assert_fits(page, "changes")
        assert_no_barrier(page, "changes")


def test_changes_that_cannot_be_had_are_asked_for_again(browser: Browser, house: House) -> None:
    """What the gateway says is shown, and the way out."""
    with open_page(browser) as page:
        page.route("**/api/audit*", lambda route: route.abort())
        come_in(page, house)
        expect(page.locator("#panel").get_by_role("alert")).to_be_visible()
        page.unroute("**/api/audit*")
        page.get_by_role("button", name=Words("en")("lost.retry")).first.click()
        expect(page.locator(".acts tbody tr")).to_have_count(50)
