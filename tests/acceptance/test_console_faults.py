"""Faults that were once seen on the console, so that they do not come back."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from cursor_api.simulator.faults import Faults
from cursor_api.web.console.pages import read_static_files
from tests.acceptance.console_house import (
    LOCALES,
    REMEMBER_KEY,
    House,
    open_house,
    open_page,
    sign_in,
)
from tests.acceptance.console_looking import NARROW, assert_fits
from tests.acceptance.console_states import (
    cooldown,
    credential,
    every_state,
    instant,
    listing,
    notice,
    problem,
    quarantine,
)

ONE, TWO = "first-token-00000001", "second-token-00000002"
TOKENS = f"# mine\none::{ONE}\ntwo::{TWO}\n"
LISTING = re.compile(r"/api/credentials\?order")
# Words that are the same in both languages: names, addresses, what people type.
NAMES = re.compile(
    r"cursor(-api)?|English|OpenAI|Anthropic"
    r"|https?://\S+|/\S+|Cookie|Bearer|JWT|API|UTF-8|U\+\w+( [A-Z]+)*"
    r"|WorkosCursorSessionToken|chmod|Esc|cursor\.com|F12|AUTH_TOKEN|HTTP|(o1)?-mini|\bone\b"
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway with two credentials, which the tests here leave as they are."""
    with open_house(tmp_path_factory.mktemp("faults"), TOKENS) as opened:
        yield opened


def come_in(
    page: Page, house: House, place: str = "", answer: dict[str, Any] | None = None
) -> None:
    """The console at a place of it, with the key given before; maybe with another list."""
    page.context.add_init_script(REMEMBER_KEY)
    if answer is not None:
        page.route(LISTING, lambda route: route.fulfill(json=answer))
    page.goto(f"{house.url}/console{place or '#/credentials'}")
    page.locator("#panel > *").first.wait_for()


def words(language: str) -> dict[str, str]:
    """A language's table."""
    table: dict[str, str] = json.loads(read_static_files()[f"lang/{language}.json"].body)
    return table


def test_a_chinese_page_speaks_chinese(browser: Browser, house: House) -> None:
    """Every state, problems, notices and refusals: no sentence of the gateway's own English."""
    problems = [problem("space", "U+0020"), problem("again", "3")]
    trouble = {"message": "Two lines cannot be used.", "notice": None, "problems": problems}
    rows = [one | {"reason": "It is not healthy.", "alias": "账号"} for one in every_state()]
    told = listing(rows, notices=[notice("/f/.token")], trouble=trouble)
    with open_page(browser, locale=LOCALES["zh"]) as page:
        come_in(page, house, answer=told)
        page.locator("tr.row").first.wait_for()
        page.locator("#open-add").click()
        page.locator("#add-text").fill(f"a b\nc,d\n{ONE}")
        page.locator(".found li.bad").first.wait_for()
        shown = page.locator("#app").inner_text()
        for code in page.locator("code, .quote, .path, .model, .alias").all_inner_texts():
            shown = shown.replace(code, "")
        assert re.findall(r"[A-Za-z]{3,}", NAMES.sub("", shown)) == []
        page.keyboard.press("Escape")
        page.unroute(LISTING)
        refusal = {"error": {"message": "It is full of English.", "code": "store_failed"}}
        page.route(LISTING, lambda route: route.fulfill(status=500, json=refusal))
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator("#lost")).to_contain_text(words("zh")["code.store_failed"])
        expect(page.locator("#lost")).not_to_contain_text("English")


def test_chosen_and_switched_on_are_seen_in_forced_colours(browser: Browser, house: House) -> None:
    """By the reader's own colours, which hide all others."""
    with open_page(browser, forced_colors="active") as page:
        come_in(page, house)
        page.locator("tr.row").first.wait_for()
        background = "(one) => getComputedStyle(one).backgroundColor"
        knob = "(one) => getComputedStyle(one, '::after').backgroundColor"
        switch = page.get_by_role("switch").first
        assert switch.evaluate(background) != switch.evaluate(knob)
        chosen, other = page.locator(".chip").all()
        assert chosen.evaluate(background) != other.evaluate(background)
        chosen, other = page.locator(".subnav a").all()
        assert chosen.evaluate(background) != other.evaluate(background)


def test_what_is_touched_is_large_enough(browser: Browser, house: House) -> None:
    """24 pixels each way, the switch too; a date in a tag stays in one line at 360 pixels."""
    with open_page(browser, viewport={"width": 360, "height": 740}) as page:
        come_in(page, house, answer=listing(every_state()))
        page.locator("tr.row").first.wait_for()
        sizes = "(all) => all.map((one) => [one.outerHTML, one.getBoundingClientRect().toJSON()])"
        touched = page.locator("button, a, input, summary").evaluate_all(sizes)
        small = [
            text
            for text, box in touched
            if box["width"] > 1 and min(box["width"], box["height"]) < 24
        ]
        assert small == []
        tags = page.locator(".tags .tag").evaluate_all(sizes)
        assert [text for text, box in tags if box["height"] >= 26] == []


def test_the_add_dialog_loses_nothing_and_says_everything(browser: Browser, house: House) -> None:
    """No "Add 0", a count of the lines, where tokens come from; Escape keeps what was pasted."""
    with open_page(browser) as page:
        come_in(page, house)
        page.locator("#open-add").click()
        submit = page.locator("#add button[type=submit]")
        expect(submit).to_have_text("Add")
        expect(submit).to_have_attribute("title", re.compile("Paste an API key"))
        page.locator("#add summary").first.click()
        expect(page.locator("#add")).to_contain_text("WorkosCursorSessionToken")
        text = "\n".join(f"n{number}::token-of-many-{number:04}" for number in range(10))
        page.locator("#add-text").fill(f"{text}\nnot a token")
        expect(page.locator("#add")).to_contain_text("11 lines: 10 can be added")
        page.keyboard.press("Escape")
        expect(page.locator(".toast")).to_contain_text("is kept")
        page.locator("#open-add").click()
        expect(page.locator("#add-text")).to_have_value(f"{text}\nnot a token")
        page.get_by_role("button", name="Cancel").click()
        page.locator("#open-add").click()
        expect(page.locator("#add-text")).to_have_value("")


def test_escape_keeps_a_new_token(browser: Browser, house: House) -> None:
    """For the same credential; who cancels drops it. Where nothing was typed nothing is kept."""
    with open_page(browser) as page:
        come_in(page, house)
        page.locator("button.edit").first.click()
        page.keyboard.press("Escape")
        expect(page.locator("#edit")).to_have_count(0)
        page.locator("button.edit").first.click()
        page.locator("#edit-token").fill("a-token-that-was-fetched")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        expect(page.locator(".toast")).to_contain_text("is kept")
        page.locator("button.edit").first.click()
        expect(page.locator("#edit-token")).to_have_value("a-token-that-was-fetched")
        page.get_by_role("button", name="Cancel").click()
        page.locator("button.edit").first.click()
        expect(page.locator("#edit-token")).to_have_value("")


def test_files_show_secrets_only_when_asked(browser: Browser, house: House) -> None:
    """Masked at first, each line at its number; comments and names stay."""
    with open_page(browser) as page:
        come_in(page, house, "#/credentials/files")
        masked = page.locator("#masked-tokens").text_content()
        assert masked == "# mine\none::firs…0001\ntwo::seco…0002\n"
        assert ONE not in page.content()
        save = page.locator("#save-files")
        expect(save).to_have_attribute("title", re.compile("masked"))
        page.locator("#show-files").click()
        expect(page.locator("#file-tokens")).to_have_value(TOKENS)
        expect(page.locator("#show-files")).to_have_attribute("aria-pressed", "true")
        page.locator("#show-files").click()
        expect(page.locator("#file-tokens")).to_have_count(0)


def test_what_is_said_of_a_credential_fits_together(browser: Browser, house: House) -> None:
    """Used but without an outcome; works though expired; how long is no time of day."""
    used = credential("used", last_used_at=instant(-4), recent=[], success_count=0, failure_count=0)
    rests = credential("rests", "cooling", cooldowns=[cooldown("o1", 3 * 60 + 5, "rate_limited")])
    over = quarantine("expired", "")
    old = credential("old", "expired", expires_at=instant(-90_000), quarantine=over)
    outcome = {"is_ok": True, "model": "o1", "fault": None, "credential": old, "text": "Hi"}
    outcome |= {"latency_ms": 10, "duration_ms": 20, "advice": "It works."}
    with open_page(browser) as page:
        page.route(re.compile("/test$"), lambda route: route.fulfill(json=outcome))
        come_in(page, house, answer=listing([used, rests, old]))
        row = 'tr.row[data-alias="{}"]'
        expect(page.locator(row.format("used"))).to_contain_text("no outcome yet")
        expect(page.locator(row.format("used"))).not_to_contain_text("no requests yet")
        expect(page.locator(row.format("rests"))).to_contain_text(re.compile(r"3 min \d+ s left"))
        page.locator(row.format("old")).locator("button.test").click()
        expect(page.locator(".outcome")).to_contain_text("although its date is over")
        expect(page.locator(".outcome")).not_to_contain_text("It works.")


def test_every_button_that_does_nothing_says_why(browser: Browser, house: House) -> None:
    """To the eye as a title; it keeps the focus, so that the ear hears it too."""
    house.simulator.script(ONE, Faults(first_text_delay_s=1.5))
    top = [credential("top", priority=100), credential("bottom", priority=-100)]
    blocked = "button:is(:disabled, [aria-disabled=true])"
    with open_page(browser) as page:
        come_in(page, house, answer=listing(top))
        page.locator("tr.row").first.wait_for()
        assert page.locator(blocked).count() == 2
        page.unroute(LISTING)
        page.reload()
        page.locator('tr.row[data-alias="one"] button.test').click()
        page.locator("#open-add").click()
        assert page.locator(blocked).count() >= 2
        for one in page.locator(blocked).all():
            assert one.get_attribute("title"), one.inner_text()
        page.keyboard.press("Escape")
        page.locator(".outcome").wait_for()
        page.locator("#tab-files").click()
        page.locator("#masked-tokens").wait_for()
        for one in page.locator(blocked).all():
            assert one.get_attribute("title"), one.inner_text()


@pytest.mark.parametrize("language", LOCALES)
def test_what_is_out_of_reach_is_told_on_every_page(
    browser: Browser, house: House, language: str
) -> None:
    """A database that records wait for, and what nodes share; nothing of it while all is well."""
    away = house.ask("GET", "/api/now").json()
    away["records"] = {
        "store": "postgres",
        "is_writing": False,
        "waiting_rows": 1234,
        "dropped_count": 0,
    }
    away["is_shared_up"] = False
    with open_page(browser, locale=LOCALES[language], viewport=NARROW) as page:
        come_in(page, house, "#/requests")
        expect(page.locator("#ready")).to_have_class(re.compile("good"))
        expect(page.locator("#records-away, #shared-away")).to_have_count(0)
        page.route("**/api/now", lambda route: route.fulfill(json=away))
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator("#records-away")).to_contain_text("PostgreSQL")
        expect(page.locator("#records-away")).to_contain_text("1,234")
        expect(page.locator("#shared-away")).to_contain_text("Redis")
        assert_fits(page, "what is away")


@pytest.mark.parametrize(("place", "answered_count"), [("overview", 3), ("requests/none", 1)])
def test_what_is_answered_after_the_sign_out_is_for_nobody(
    browser: Browser, house: House, place: str, answered_count: int
) -> None:
    """No error, nothing of it is shown, and who signs in again waits for nothing of before."""
    with open_page(browser) as page:
        held: list[Route] = []
        asked = itertools.count()

        def hold(route: Route) -> None:
            if next(asked) < answered_count:
                route.continue_()
            else:
                held.append(route)

        page.context.add_init_script(REMEMBER_KEY)
        page.route("**/api/**", hold)
        with page.expect_request("**/api/**"):
            page.goto(f"{house.url}/console#/{place}")
        page.locator("#sign-out").wait_for()
        while not held:
            page.wait_for_timeout(10)
        page.locator("#sign-out").click()
        page.locator("#key").wait_for()
        for route in held:
            with page.expect_response("**/api/**"):
                route.continue_()
        page.unroute("**/api/**")
        sign_in(page, house.url)
        expect(page.locator("tr.row")).to_have_count(2)


def test_the_page_that_is_shown_first_is_asked_for_at_once(browser: Browser, house: House) -> None:
    """Not with the next look, a second and a half later: no timer runs here for so long."""
    with open_page(browser) as page:
        page.clock.install(time=0)
        page.clock.pause_at(1_000)
        come_in(page, house)
        rows = page.locator("tr.row")
        # An answer that comes late lets the page ask with its next turn: it gets a few of them.
        for _ in range(50):
            page.clock.run_for(20)
            if rows.count():
                break
            time.sleep(0.1)
        expect(rows).to_have_count(2)
