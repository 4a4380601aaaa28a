"""Everything that can be done in the console, done in a real browser in both languages."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from cursor_api.simulator.cursor.refusals import UPDATE_REQUIRED
from cursor_api.simulator.faults import Faults
from cursor_api.web.console.pages import read_static_files
from tests.acceptance.console_house import (
    CHAT_KEY,
    KEY,
    LOCALES,
    REMEMBER_KEY,
    House,
    Words,
    open_house,
    open_page,
    sign_in,
)
from tests.waiting import wait_until

ONE, TWO, THREE = "first-token-0001", "second-token-0002", "third-token-0003"
TOKENS = f"# my accounts\none::{ONE}\n\ntwo::{TWO}\n"
# Numbers of the private API's errors.
NOT_LOGGED_IN, RATE_LIMITED = 2, 50


@pytest.fixture(scope="module", params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    """Each language in turn."""
    return str(request.param)


@pytest.fixture
def t(language: str) -> Words:
    """What the page says for an entry of the language's table."""
    return Words(language)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A gateway with two credentials."""
    with open_house(tmp_path, TOKENS) as opened:
        yield opened


@pytest.fixture(scope="module")
def signed_in(browser: Browser, language: str) -> Iterator[Page]:
    """A page of a browser of that language, in which the key was given before."""
    with open_page(browser, locale=LOCALES[language]) as opened:
        opened.context.add_init_script(REMEMBER_KEY)
        yield opened


@pytest.fixture
def page(signed_in: Page, house: House) -> Page:
    """The console of this test's gateway. Each gateway is an origin of its own."""
    signed_in.goto(f"{house.url}/console#/credentials")
    signed_in.locator("tr.row").first.wait_for()
    return signed_in


def row(page: Page, alias: str) -> Locator:
    """The row of a credential."""
    return page.locator(f'tr.row[data-alias="{alias}"]')


def quoted(alias: str) -> str:
    """A name within a sentence, held apart by two invisible characters."""
    return f"\u2068{alias}\u2069"


def aliases(page: Page) -> list[str]:
    """All rows from above."""
    return [str(one.get_attribute("data-alias")) for one in page.locator("tr.row").all()]


def test_the_page_is_in_the_wheel(wheel: Path) -> None:
    """Each of its files, as it is in the source."""
    with zipfile.ZipFile(wheel) as archive:
        folder = "cursor_api/web/console/static/"
        found = {
            name.removeprefix(folder): archive.read(name)
            for name in archive.namelist()
            if name.startswith(folder)
        }
    assert found == {name: file.body for name, file in read_static_files().items()}


def test_the_key_is_asked_for_and_kept_in_this_tab_only(
    browser: Browser, house: House, language: str, t: Words
) -> None:
    """A wrong key and a key that may only chat are told apart; the right one survives a reload."""
    with open_page(browser, locale=LOCALES[language]) as page:
        page.goto(f"{house.url}/tokeninfo#/credentials")
        expect(page.locator("html")).to_have_attribute(
            "lang", {"en": "en", "zh": "zh-CN"}[language]
        )
        for wrong, said in (("not the key", "signin.wrong"), (CHAT_KEY, "signin.chat_only")):
            page.get_by_label(t("signin.key")).fill(wrong)
            page.get_by_role("button", name=t("signin.button")).click()
            expect(page.get_by_role("alert")).to_have_text(t(said))
        page.get_by_label(t("signin.key")).fill(KEY)
        page.get_by_role("button", name=t("signin.button")).click()
        expect(row(page, "one")).to_be_visible()
        assert KEY not in page.url
        assert page.context.cookies() == []
        assert page.evaluate("JSON.stringify(localStorage)").find(KEY) == -1
        page.reload()
        expect(row(page, "one")).to_be_visible()
        page.get_by_role("button", name=t("signin.out")).click()
        expect(page.get_by_label(t("signin.key"))).to_be_visible()
        page.reload()
        expect(page.get_by_label(t("signin.key"))).to_have_value("")
        assert "first" not in page.content()


def test_a_key_that_is_not_kept_is_gone_after_a_reload(browser: Browser, house: House) -> None:
    """Without the tick it is in memory only."""
    with open_page(browser) as page:
        page.goto(f"{house.url}/console#/credentials")
        page.locator("#key").fill(KEY)
        page.locator("input[name=keep]").uncheck()
        page.locator("button[type=submit]").click()
        expect(row(page, "one")).to_be_visible()
        assert page.evaluate("sessionStorage.length") == 0
        page.reload()
        expect(page.locator("#key")).to_be_visible()


def test_the_first_credential_is_pasted_into_the_empty_page(
    browser: Browser, tmp_path: Path, language: str, t: Words
) -> None:
    """What to paste and from where stands there, with the box to paste it into."""
    with open_house(tmp_path) as house, open_page(browser, locale=LOCALES[language]) as page:
        sign_in(page, house.url)
        expect(page.get_by_role("heading", name=t("first.title"))).to_be_visible()
        page.get_by_label(t("add.text")).fill(f"WorkosCursorSessionToken=user_9%3A%3A{ONE}")
        expect(page.locator(".found li.good")).to_contain_text("user_9")
        page.get_by_role("button", name=t("add.submit.one", count=1)).click()
        expect(row(page, "user_9")).to_be_visible()
        expect(row(page, "user_9").locator(".badge")).to_have_text(t("state.healthy"))
        assert [one["alias"] for one in house.credentials()] == ["user_9"]


def test_pasted_lines_are_looked_at_before_they_are_stored(
    page: Page, house: House, t: Words
) -> None:
    """Good and bad lines are told apart at once; nothing is stored until all are good."""
    page.get_by_role("button", name=t("add.open"), exact=True).click()
    box = page.get_by_label(t("add.text"))
    expect(box).to_be_focused()
    box.fill(f"three::{THREE}\nwith a space\n")
    expect(page.locator(".found li.good")).to_contain_text("three")
    expect(page.locator(".found li.bad")).to_contain_text(t("problem.line", line=2))
    expect(page.locator(".found li.bad")).to_contain_text("U+0020")
    expect(page.locator("#add button[type=submit]")).to_be_disabled()
    assert len(house.credentials()) == 2
    box.fill(f"three::{THREE}\n")
    page.get_by_role("button", name=t("add.submit.one", count=1)).click()
    expect(row(page, "three")).to_be_visible()
    expect(page.locator(".toast")).to_contain_text(t("add.done.one", count=1))
    assert THREE in house.tokens()
    assert house.tokens().startswith("# my accounts\n")


def test_a_test_that_succeeds_shows_what_came(page: Page, t: Words) -> None:
    """One real request; the model's words are shown as words."""
    row(page, "one").get_by_role("button", name=t("test.label", alias=quoted("one"))).click()
    outcome = page.locator(".outcome.ok")
    expect(outcome).to_contain_text(t("test.ok"))
    expect(row(page, "one").locator(".spark rect.good")).to_have_count(1)
    outcome.get_by_role("button", name=t("test.dismiss")).click()
    expect(outcome).to_have_count(0)


def test_a_revoked_token_is_explained_and_renewed(page: Page, house: House, t: Words) -> None:
    """The outcome says what to do, the way to do it is beside it, and the name stays.

    A token that was typed and not saved is there after another test of the old one, and is saved.
    """
    house.simulator.script(ONE, Faults(error_before_text=1, error_number=NOT_LOGGED_IN))
    row(page, "one").locator("button.test").click()
    expect(page.locator(".outcome.failed")).to_contain_text(t("fault.credential_rejected"))
    expect(row(page, "one").locator(".badge")).to_have_text(t("state.quarantined"))
    expect(row(page, "one")).to_contain_text(t("quarantine.revoked"))
    row(page, "one").get_by_role("button", name=t("edit.renew")).click()
    new = page.get_by_label(t("edit.token"), exact=True)
    expect(new).to_be_focused()
    new.fill(THREE)
    page.keyboard.press("Escape")
    row(page, "one").locator("button.test").click()
    expect(row(page, "one").locator("button.test")).to_have_attribute("aria-disabled", "false")
    assert THREE not in house.tokens()
    row(page, "one").get_by_role("button", name=t("edit.renew")).click()
    expect(new).to_have_value(THREE)
    page.get_by_role("button", name=t("edit.save")).click()
    expect(row(page, "one").locator(".badge")).to_have_text(t("state.healthy"))
    assert f"one::{THREE}" in house.tokens()
    assert ONE not in house.tokens()


def test_a_cooldown_has_a_bar_and_is_cleared(page: Page, house: House, t: Words) -> None:
    """How long it still takes, for which model and why; a button ends it."""
    limited = Faults(error_before_text=1, error_number=RATE_LIMITED, retry_after_s=500)
    house.simulator.script(ONE, limited)
    row(page, "one").locator("button.test").click()
    expect(page.locator(".outcome.failed")).to_contain_text(t("fault.rate_limited"))
    expect(row(page, "one").locator(".badge")).to_have_text(t("state.cooling"))
    expect(row(page, "one").get_by_role("progressbar")).to_be_visible()
    expect(row(page, "one")).to_contain_text(t("cause.rate_limited"))
    page.get_by_role("button", name=t("clear.cooldown")).click()
    expect(row(page, "one").locator(".badge")).to_have_text(t("state.healthy"))
    expect(row(page, "one").get_by_role("progressbar")).to_have_count(0)


def test_an_upstream_that_is_not_asked_is_told_above_healthy_credentials(
    page: Page, house: House, t: Words
) -> None:
    """Why, how often, and when it is tried again; no credential is shown as ill."""
    outdated = Faults(error_before_text=1, error_number=UPDATE_REQUIRED)
    for token in (ONE, TWO):
        house.simulator.script(token, outdated)
    body = {"model": "gpt-4o-128k", "messages": [{"role": "user", "content": "x"}]}
    assert house.ask("POST", "/v1/chat/completions", json.dumps(body).encode()).status == 502
    page.reload()
    notice = page.locator("#upstream")
    expect(notice).to_contain_text(t("upstream.title", upstream=quoted("cursor")))
    expect(notice).to_contain_text(t("fault.client_outdated"))
    # How long still, counted down: 30, 29, ...
    expect(notice).to_contain_text(re.compile(r"\b[12]\d|30"))
    expect(row(page, "one").locator(".badge")).to_have_text(t("state.healthy"))


def test_everything_about_a_credential_is_edited(page: Page, house: House, t: Words) -> None:
    """Name, priority, weight and limit; what the gateway refuses stays in the dialog with why."""
    row(page, "two").get_by_role("button", name=t("edit.label", alias=quoted("two"))).click()
    page.get_by_label(t("edit.alias"), exact=True).fill("zwei")
    page.get_by_label(t("edit.priority"), exact=True).fill("7")
    page.get_by_label(t("edit.weight"), exact=True).fill("3")
    limit = page.get_by_label(t("edit.limit"), exact=True)
    limit.fill("5000")
    page.get_by_role("button", name=t("edit.save")).click()
    expect(page.locator("dialog [role=alert]")).to_be_visible()
    limit.fill("4")
    page.get_by_role("button", name=t("edit.save")).click()
    expect(row(page, "zwei")).to_contain_text(t("tag.limit", limit=4))
    expect(row(page, "zwei")).to_contain_text(t("tag.weight", weight=3))
    assert aliases(page) == ["zwei", "one"]
    (changed,) = [one for one in house.credentials() if one["alias"] == "zwei"]
    assert (changed["priority"], changed["weight"], changed["concurrency_max"]) == (7, 3, 4)


def test_a_credential_is_switched_off_and_on(page: Page, house: House, t: Words) -> None:
    """It stays in the file and is not used."""
    switch = page.get_by_role("switch", name=t("enabled.label", alias=quoted("one")))
    switch.uncheck()
    expect(row(page, "one").locator(".badge")).to_have_text(t("state.disabled"))
    wait_until(lambda: [one["enabled"] for one in house.credentials()] == [False, True])
    switch.check()
    expect(row(page, "one").locator(".badge")).to_have_text(t("state.healthy"))


def test_a_removed_credential_comes_back_whole(page: Page, house: House, t: Words) -> None:
    """The way back gives the same token and device, its priority and its weight."""
    house.ask("PATCH", "/api/credentials/one", b'{"priority": 3, "weight": 2}')
    device = (house.folder / ".token-list").read_text(encoding="utf-8").split("\n")[0]
    expect(row(page, "one").locator(".priority .value")).to_have_text("3")
    page.get_by_role("button", name=t("remove.label", alias=quoted("one"))).click()
    expect(row(page, "one")).to_have_count(0)
    assert ONE not in house.tokens()
    page.get_by_role("button", name=t("remove.undo")).click()
    expect(row(page, "one").locator(".priority .value")).to_have_text("3")
    assert f"one::{ONE}" in house.tokens()
    assert device in (house.folder / ".token-list").read_text(encoding="utf-8")
    (back,) = [one for one in house.credentials() if one["alias"] == "one"]
    assert (back["priority"], back["weight"]) == (3, 2)


def test_priority_is_set_by_arrow_keys_and_by_dragging(page: Page, house: House, t: Words) -> None:
    """A step up or down by key; dropping on a row gives its priority, on the edge the next one."""
    raise_two = page.get_by_role(
        "button", name=t("priority.raise", alias=quoted("two"), priority=0)
    )
    raise_two.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(row(page, "two").locator(".priority .value")).to_have_text("1")
    expect(row(page, "two").locator(".raise")).to_be_focused()
    assert aliases(page) == ["two", "one"]
    row(page, "one").locator(".grip").drag_to(row(page, "two"))
    expect(row(page, "one").locator(".priority .value")).to_have_text("1")
    row(page, "one").locator(".grip").drag_to(page.locator("thead"))
    expect(row(page, "one").locator(".priority .value")).to_have_text("2")
    expect(page.locator(".zone, .drop-hint")).to_have_count(0)
    assert aliases(page) == ["one", "two"]
    # The page shows what was set before the gateway has it.
    wait_until(
        lambda: (
            {one["alias"]: one["priority"] for one in house.credentials()} == {"one": 2, "two": 1}
        )
    )


def test_a_drag_that_is_over_at_once_counts(page: Page, t: Words) -> None:
    """On a page that is busy the drop comes before it has shown what is dragged."""
    grip = row(page, "one").locator(".grip")
    before = int(row(page, "one").locator(".priority .value").inner_text())
    grip.evaluate(
        """(grip) => {
            const dataTransfer = new DataTransfer();
            const send = (place, kind) =>
                place.dispatchEvent(new DragEvent(kind, { bubbles: true, dataTransfer }));
            send(grip, "dragstart");
            send(document.querySelector("thead"), "drop");
            send(grip, "dragend");
        }"""
    )
    expect(row(page, "one").locator(".priority .value")).to_have_text(str(before + 1))
    expect(page.locator(".zone, .drop-hint")).to_have_count(0)
    # The list is asked for again, as it is while nothing is dragged.
    with page.expect_response("**/api/credentials?**"):
        page.get_by_label(t("list.search")).focus()


def test_rows_are_filtered_by_state_and_found_by_name(page: Page, t: Words) -> None:
    """With two hundred of them nobody reads the whole table."""
    page.get_by_label(t("list.search")).fill("TW")
    expect(row(page, "one")).to_have_count(0)
    assert aliases(page) == ["two"]
    page.get_by_label(t("list.search")).fill("")
    page.get_by_role("switch", name=t("enabled.label", alias=quoted("one"))).uncheck()
    page.get_by_role("button", name=t("state.disabled")).click()
    expect(row(page, "two")).to_have_count(0)
    assert aliases(page) == ["one"]
