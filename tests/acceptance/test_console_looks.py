"""The console for everybody: no barrier that axe finds, narrow screens, the keyboard alone.

And for nobody else: text that others chose stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.acceptance.console_house import (
    KEY,
    REMEMBER_KEY,
    House,
    find_chromium,
    open_house,
    open_page,
    sign_in,
)
from tests.acceptance.console_looking import (
    NARROW,
    assert_fits,
    assert_no_barrier,
    load_axe,
    press_until,
)
from tests.acceptance.console_states import (
    HOSTILE,
    credential,
    every_state,
    hostile,
    listing,
    notice,
    problem,
    quarantine,
    upstream,
)

TOKENS = "one::first-token-0001\ntwo::second-token-0002\n"
LISTING = re.compile(r"/api/credentials\?order")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A gateway behind a prefix, with two credentials."""
    with open_house(tmp_path, TOKENS, {"ROUTE_PREFIX": "/behind"}) as opened:
        yield opened


def show(page: Page, answer: dict[str, Any]) -> None:
    """From now on the list of credentials is this one."""

    def fulfill(route: Route) -> None:
        route.fulfill(json=answer)

    page.route(LISTING, fulfill)


def look_again(page: Page) -> None:
    """The page asks the gateway at once, as when its tab comes to the front."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def everything() -> dict[str, Any]:
    """All that a list of credentials can tell."""
    problems = [problem("space", "U+0020"), problem("of another time", "")]
    return listing(
        every_state(),
        notices=[notice("f")],
        trouble={"message": "Broken.", "notice": None, "problems": problems},
        upstreams=[upstream("open", "unreachable"), upstream("half_open", "client_outdated")],
    )


@pytest.mark.parametrize("viewport", [{"width": 1200, "height": 800}, NARROW], ids=["wide", "360"])
def test_no_screen_has_a_barrier_or_is_too_wide(
    browser: Browser, house: House, viewport: Any
) -> None:
    """Sign-in, every state, test outcomes, dialogs, files with problems: axe finds nothing."""

    def look(screen: str) -> None:
        # A narrow screen has the same colours: one look at its layout is enough.
        if viewport["width"] > NARROW["width"]:
            assert_no_barrier(page, screen)
        assert_fits(page, screen)

    with open_page(browser, viewport=viewport) as page:
        page.goto(f"{house.url}/behind/tokeninfo#/credentials")
        page.locator("#key").wait_for()
        load_axe(page)
        look("sign-in")
        show(page, listing([]))
        page.locator("#key").fill(KEY)
        page.keyboard.press("Enter")
        page.locator("#add-text").fill("a::token-0001\nwrong one")
        page.locator(".found li.bad").wait_for()
        look("empty")
        show(page, everything())
        page.locator("tr.row").first.wait_for()
        page.locator('tr.row[data-alias="soon"] button.test').click()
        page.locator(".outcome").wait_for()
        look("every state")
        page.locator("#open-add").click()
        look("add")
        page.keyboard.press("Escape")
        page.locator("button.edit").first.click()
        page.locator("#edit-weight").fill("0")
        page.locator("#edit button[type=submit]").click()
        page.locator("#edit [role=alert]").wait_for()
        look("edit")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.locator("#tab-files").click()
        page.locator("#masked-tokens").wait_for()
        look("files, masked")
        page.locator("#show-files").click()
        page.locator("#file-tokens").fill("wrong one")
        page.locator("#save-files").click()
        page.locator("#problems-tokens").wait_for()
        look("files")
        page.once("dialog", lambda dialog: dialog.accept())
        page.locator("#sign-out").click()


def test_a_narrow_screen_is_wide_enough_in_chinese(browser: Browser, house: House) -> None:
    """Two hundred credentials as cards."""
    with open_page(browser, viewport=NARROW, locale="zh-CN") as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        many = [one | {"alias": f"{one['alias']} {n}"} for n in range(20) for one in every_state()]
        show(page, listing(many))
        sign_in(page, f"{house.url}/behind")
        expect(page.locator("tr.row")).to_have_count(200)
        assert_fits(page, "many")
        # Behind a prefix, everything is asked for behind it: a proxy's path works the same way.
        assert [url for url in asked if not url.startswith(f"{house.url}/behind/")] == []


def test_a_row_says_in_words_what_can_be_done_and_fits(browser: Browser, house: House) -> None:
    """No tooltip tells a finger. The widths are those of a common screen at 125 and 140 %."""
    with open_page(browser) as page:
        show(page, everything())
        sign_in(page, f"{house.url}/behind")
        tools = page.locator('tr.row[data-alias="soon"] .actions button')
        expect(tools).to_have_text(["Test", "More tests", "Edit", "Remove"])
        for width in (1024, 905):
            page.set_viewport_size({"width": width, "height": 800})
            assert_fits(page, f"every state, {width}")


def test_what_stands_in_the_settings_is_only_preferred_here(browser: Browser, house: House) -> None:
    """No way to remove, rename or renew it, and the reason is there; its priority is a field."""
    revoked = quarantine("revoked", "Not logged in")
    configured = {"upstream": "work", "configured": True}
    with open_page(browser) as page:
        show(page, listing([credential("work", "quarantined", quarantine=revoked, **configured)]))
        sign_in(page, f"{house.url}/behind")
        row = page.locator('tr.row[data-alias="work"]')
        expect(row).to_contain_text("from the settings")
        expect(row.locator("button.remove")).to_have_count(0)
        expect(row.get_by_role("button", name="Renew token…")).to_have_count(0)
        row.locator("button.edit").click()
        expect(page.locator("#edit")).to_contain_text(
            re.compile(r"\[\[upstream\]\] .*work.* in cursor-api\.toml")
        )
        expect(page.locator("#edit-priority")).to_be_focused()
        for name in ("alias", "token", "checksum"):
            expect(page.locator(f"#edit-{name}")).to_have_count(0)


def test_hostile_text_stays_text(browser: Browser, house: House) -> None:
    """In names, models, details, previews, outcomes, problems and files: nothing runs."""
    with open_page(browser) as page:
        page.context.add_init_script(REMEMBER_KEY)
        show(page, listing(hostile(), notices=[notice(text) for text in HOSTILE]))
        page.goto(f"{house.url}/console#/credentials")
        page.locator("tr.row").first.wait_for()
        assert page.locator("tr.row").count() == len(HOSTILE)
        assert page.locator("#app :is(script, iframe, img, [onerror], [onload])").count() == 0
        assert "\u202e" not in page.locator("#app").inner_text()
        fault = {"kind": "internal", "message": HOSTILE[0], "retry_after_s": None}
        outcome = {"is_ok": False, "model": HOSTILE[1], "fault": fault, "advice": HOSTILE[1]}
        outcome |= {"credential": hostile()[0], "latency_ms": None, "duration_ms": 1, "text": ""}
        page.route(re.compile("/test$"), lambda route: route.fulfill(json=outcome))
        page.locator("tr.row button.test").first.click()
        page.locator(".outcome summary").click()
        expect(page.locator(".outcome")).to_contain_text(HOSTILE[0])
        page.locator("button.edit").last.click()
        page.keyboard.press("Escape")
        page.locator("#open-add").click()
        page.locator("#add-text").fill(
            "\n".join(f"{text}::token-{n}" for n, text in enumerate(HOSTILE))
        )
        page.locator(".found li").first.wait_for()
        page.keyboard.press("Escape")
        page.locator("#tab-files").click()
        page.locator("#show-files").click()
        page.locator("#file-tokens").fill("\n".join(HOSTILE))
        page.locator("#save-files").click()
        page.locator("#problems-tokens").wait_for()
        assert page.locator("#app :is(script, iframe, img, [onerror], [onload])").count() == 0
        page.once("dialog", lambda dialog: dialog.accept())
        page.locator("#sign-out").click()


def test_hostile_names_go_through_the_gateway(browser: Browser, house: House) -> None:
    """Added, tested, removed and brought back under names that an address must encode."""
    alias = "<script>window.ran=1</script>/../?#%2F&'"
    with open_page(browser) as page:
        page.context.add_init_script(REMEMBER_KEY)
        page.goto(f"{house.url}/console#/credentials")
        page.locator("#open-add").click()
        page.locator("#add-text").fill(f"{alias}::third-token-0003")
        page.locator("#add button[type=submit]").click()
        row = page.locator("tr.row").filter(has_text="<script>")
        expect(row).to_be_visible()
        row.locator("button.test").click()
        page.locator(".outcome.ok").wait_for()
        row.locator("button.remove").click()
        expect(row).to_have_count(0)
        page.locator(".toast .undo").click()
        expect(row).to_be_visible()
        assert alias in [one["alias"] for one in house.credentials()]


def test_the_keyboard_is_enough(browser: Browser, house: House) -> None:
    """Sign in, add, test, remove and bring back without a mouse; the focus is never lost."""
    with open_page(browser) as page:
        page.goto(f"{house.url}/console#/credentials")
        expect(page.locator("#key")).to_be_focused()
        page.keyboard.type(KEY)
        page.keyboard.press("Enter")
        page.locator("tr.row").first.wait_for()
        press_until(page, "#open-add")
        page.keyboard.press("Enter")
        expect(page.locator("#add-text")).to_be_focused()
        page.keyboard.type("three::third-token-0003")
        page.locator(".found li.good").wait_for()
        press_until(page, "#add button[type=submit]")
        page.keyboard.press("Enter")
        three = 'tr.row[data-alias="three"]'
        expect(page.locator(f"{three} button.test")).to_be_focused()
        page.keyboard.press("Enter")
        page.locator(".outcome.ok").wait_for()
        expect(page.locator(f"{three} button.test")).to_be_focused()
        press_until(page, f"{three} button.remove")
        page.keyboard.press("Enter")
        expect(page.locator(".toast .undo")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(three)).to_be_visible()
        assert page.evaluate("getComputedStyle(document.body).outlineStyle") == "none"
        page.locator("#open-add").focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineWidth"
        assert page.evaluate(outline) == "2px"


def test_a_machine_without_chromium_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not a skip: a page that no browser has seen is not tested."""
    monkeypatch.setenv("CHROMIUM", "/nonexistent/chromium")
    with pytest.raises(AssertionError, match="apt-get install chromium"):
        find_chromium()


def test_language_and_colours_are_switched_and_kept(browser: Browser, house: House) -> None:
    """The browser's own first; a choice is remembered, the key is not among what is."""
    with open_page(browser, locale="zh-TW") as page:
        page.goto(f"{house.url}/console#/credentials")
        expect(page).to_have_title(re.compile("控制台"))
        page.locator("button.language").click()
        expect(page).to_have_title("cursor-api console")
        page.locator("button.theme").click()
        page.locator("button.theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.reload()
        expect(page).to_have_title("cursor-api console")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_lost_connection_is_said_and_mends_itself(browser: Browser, house: House) -> None:
    """What was last known stays, with its age; the next answer takes the notice away."""
    with open_page(browser) as page:
        page.context.add_init_script(REMEMBER_KEY)
        page.goto(f"{house.url}/console#/credentials")
        page.locator("tr.row").first.wait_for()
        page.route(LISTING, lambda route: route.abort())
        look_again(page)
        expect(page.locator("#lost")).to_be_visible()
        expect(page.locator("tr.row")).to_have_count(2)
        page.unroute(LISTING)
        page.locator("#lost button").click()
        expect(page.locator("#lost")).to_have_count(0)


def test_a_key_that_is_no_longer_right_ends_the_session(browser: Browser, house: House) -> None:
    """The page forgets everything and says why."""
    refusal = {"error": {"message": "No.", "type": "x", "param": None, "code": "unauthorized"}}
    with open_page(browser) as page:
        sign_in(page, house.url)
        page.locator("tr.row").first.wait_for()
        page.route(LISTING, lambda route: route.fulfill(status=401, json=refusal))
        look_again(page)
        expect(page.get_by_role("alert")).to_contain_text("no longer accepts")
        assert page.locator("tr.row").count() == 0
        assert page.evaluate("sessionStorage.length") == 0
