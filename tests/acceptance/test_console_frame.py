"""What stands around every page of the console: places, head, base URLs, what travels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.console_house import (
    KEY,
    REMEMBER_KEY,
    House,
    open_house,
    open_page,
    sign_in,
)

TOKENS = "one::first-token-0001\ntwo::second-token-0002\n"
WIRE_BYTES_MAX = 150_000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway behind a prefix, which no test here changes."""
    folder: Path = tmp_path_factory.mktemp("frame")
    with open_house(folder, TOKENS, {"ROUTE_PREFIX": "/behind"}) as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    """A page in which the key was given before."""
    with open_page(browser) as opened:
        opened.context.add_init_script(REMEMBER_KEY)
        opened.goto(f"{house.url}/console#/credentials")
        opened.locator("tr.row").first.wait_for()
        yield opened


def copied(page: Page) -> str:
    """What the clipboard holds."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_the_place_is_in_the_address(page: Page) -> None:
    """Reload, back and a link lead to the same place; the title names it; a wrong one is told."""
    page.locator("#tab-files").click()
    expect(page).to_have_url(re.compile("#/credentials/files$"))
    expect(page.locator("#masked-tokens")).to_contain_text("one::firs…0001")
    page.reload()
    expect(page.locator("#masked-tokens")).to_contain_text("one::firs…0001")
    page.go_back()
    expect(page.locator("tr.row")).to_have_count(2)
    expect(page).to_have_title("Credentials · cursor-api console")
    page.evaluate("location.hash = '#/%E0%A4%A/nowhere?x=%'")
    expect(page.locator("#panel")).to_have_text("There is no such page.")
    page.locator("#page-credentials").click()
    expect(page.locator("tr.row")).to_have_count(2)


def test_each_client_api_has_its_base_url(page: Page, house: House) -> None:
    """From the address that this browser came by, with the prefix; copied by a button."""
    root = f"{house.url}/behind"
    for name, url in (("OpenAI", f"{root}/v1"), ("Anthropic", root)):
        line = page.locator(".base-url", has_text=name)
        expect(line.locator("code").first).to_have_text(url)
        line.get_by_role("button").click()
        expect(page.locator(".toast").last).to_contain_text("Copied.")
        assert copied(page) == url
    page.goto(f"{root}/console#/credentials")
    expect(page.locator(".base-url code").first).to_have_text(f"{root}/v1")


def test_copying_works_where_the_clipboard_is_closed_to_pages(
    browser: Browser, house: House
) -> None:
    """As over plain HTTP from another machine; where nothing helps, that is said."""
    with open_page(browser) as page:
        page.context.add_init_script(REMEMBER_KEY)
        page.context.add_init_script("delete Navigator.prototype.clipboard;")
        page.goto(f"{house.url}/console#/credentials")
        page.evaluate("document.addEventListener('copy', () => { window.copied = 'yes'; })")
        button = page.locator(".base-url button").first
        button.click()
        expect(page.locator(".toast")).to_contain_text("Copied.")
        expect(button).to_be_focused()
        assert page.evaluate("window.copied") == "yes"
        page.evaluate("document.execCommand = () => false")
        button.click()
        expect(page.locator(".toast.trouble")).to_contain_text("by hand")


def test_the_way_to_chinese_is_drawn(page: Page) -> None:
    """A system without Chinese letters would show two boxes in place of the word."""
    switch = page.get_by_role("button", name="中文", exact=True)
    assert switch.inner_text() == ""
    expect(switch.locator("svg")).to_be_visible()
    switch.click()
    expect(page.get_by_role("button", name="English", exact=True)).to_have_text("English")


def test_the_dot_says_in_words_how_many_are_ready(page: Page, house: House) -> None:
    """It leads to the overview, which says why not all."""
    expect(page.locator("#ready")).to_have_text("Ready: 2 of 2")
    house.ask("PATCH", "/api/credentials/one", b'{"enabled": false}')
    expect(page.locator("#ready")).to_have_text("Ready: 1 of 2")
    house.ask("PATCH", "/api/credentials/one", b'{"enabled": true}')
    page.locator("#tab-files").click()
    page.locator("#ready").click()
    expect(page).to_have_url(re.compile("#/overview$"))


def test_the_focus_is_on_the_page_after_signing_in(browser: Browser, house: House) -> None:
    """Who listens hears where they are; the next Tab goes on from there."""
    with open_page(browser) as page:
        page.goto(f"{house.url}/console#/credentials/files")
        page.locator("#key").fill(KEY)
        page.keyboard.press("Enter")
        expect(page.locator("#title")).to_be_focused()
        expect(page.locator("#masked-tokens")).to_contain_text("one::firs…0001")


def test_a_first_visit_fits_a_slow_line(browser: Browser, house: House) -> None:
    """Everything together, heads included, as the browser counted it, and all from the gateway."""
    with open_page(browser, locale="zh-CN") as page:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        sizes: list[float] = []
        asked: list[str] = []
        session.on(
            "Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"])
        )
        page.on("request", lambda request: asked.append(request.url))
        sign_in(page, house.url)
        page.locator("tr.row").first.wait_for()
    assert 10_000 < sum(sizes) <= WIRE_BYTES_MAX
    assert [url for url in asked if not url.startswith(house.url)] == []
