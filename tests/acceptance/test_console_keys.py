"""Keys in the console: made and shown once, limited, rotated, revoked; and prices beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

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
from tests.acceptance.console_looking import NARROW, assert_fits, assert_no_barrier, load_axe
from tests.serving import Answer, ask

TOKENS = "one::first-token-00000001\n"
WIDE: Any = {"width": 1280, "height": 900}
HOSTILE = "<img src=x onerror=window.ran=1>"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One gateway for the file; each test has keys of its own there."""
    with open_house(tmp_path_factory.mktemp("keys"), TOKENS) as opened:
        yield opened


@pytest.fixture(params=["en", "zh"])
def words(request: pytest.FixtureRequest) -> Words:
    """The console's own words in one of its languages."""
    return Words(request.param)


def chat(house: House, secret: str) -> Answer:
    """A question of whoever has this secret."""
    body = {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 20,
    }
    headers = {"Authorization": f"Bearer {secret}"}
    data = json.dumps(body).encode()
    path = "/v1/chat/completions"
    return house.loop.run(ask(house.port, "POST", path, headers=headers, body=data))


def make(house: House, name: str, **terms: object) -> str:
    """A key that somebody else makes; gives its secret."""
    body = json.dumps({"name": name, **terms}).encode()
    secret: str = house.ask("POST", "/api/keys", body).json()["secret"]
    return secret


def open_keys(page: Page, house: House, rest: str = "") -> None:
    """Signed in, at the page."""
    page.add_init_script(REMEMBER_KEY)
    page.goto(f"{house.url}/console#/keys{rest}")
    expect(page.locator("#new-price" if rest else "#new-key")).to_be_visible()


def test_a_key_is_made_and_its_secret_shown_once(
    browser: Browser, house: House, words: Words
) -> None:
    """It works at once; when the dialog is closed nobody can show it again."""
    language = words.language
    with open_page(browser, viewport=WIDE, locale=LOCALES[language]) as page:
        open_keys(page, house)
        page.click("#new-key")
        page.fill("#key-name", f"Alice {language}")
        page.fill("#key-requests_per_day", "2")
        page.fill("#key-amount", "20")
        page.click("#key-form button[type=submit]")
        secret = page.locator("#secret").inner_text()
        assert chat(house, secret).status == 403  # dollars, and no price yet
        page.keyboard.press("Escape")
        expect(page.locator("#secret")).to_have_count(0)
        row = page.locator(f"#key-alice-{language}")
        expect(row).to_contain_text(words("key_state.active"))
        expect(row).to_contain_text("$20")
        assert secret not in page.content()
        page.reload()
        expect(row).to_be_visible()
        assert secret not in page.content()


def test_a_wrong_field_is_named_and_nothing_is_lost(browser: Browser, house: House) -> None:
    """The dialog stays, with what was typed."""
    with open_page(browser, viewport=WIDE) as page:
        open_keys(page, house)
        page.click("#new-key")
        # The dialog is higher than the window; what it does stays in sight.
        expect(page.locator("#key-form button[type=submit]")).to_be_in_viewport(ratio=1)
        page.fill("#key-name", "Fay")
        page.fill("#key-time_zone", "Mars")
        page.click("#key-form button[type=submit]")
        expect(page.locator("#key-form-trouble")).to_contain_text("time_zone")
        expect(page.locator("#key-time_zone")).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#key-name")).to_have_value("Fay")
        page.fill("#key-time_zone", "Europe/Berlin")
        page.fill("#key-requests_per_minute", "many")
        page.click("#key-form button[type=submit]")
        expect(page.locator("#key-form-trouble")).to_contain_text("requests_per_minute")
        page.fill("#key-requests_per_minute", "1,000")
        page.click("#key-form button[type=submit]")
        expect(page.locator("#secret")).to_be_visible()
    assert house.ask("GET", "/api/keys/fay").json()["limits"]["requests_per_minute"] == 1000


def test_what_is_left_is_shown_and_limits_are_changed(browser: Browser, house: House) -> None:
    """While somebody uses the key; what the form does not show stays as it was."""
    secret = make(house, "Lee", limits={"requests_per_day": 5, "output_reserve_count": 77})
    assert chat(house, secret).status == 200
    with open_page(browser, viewport=WIDE) as page:
        open_keys(page, house)
        row = page.locator("#key-lee")
        expect(row).to_contain_text("4 of 5 requests a day left")
        row.get_by_role("button", name="Edit lee").click()
        expect(page.locator("#key-requests_per_day")).to_have_value("5")
        page.fill("#key-requests_per_day", "1")
        page.fill("#key-models", "gpt-*, claude-*")
        page.click("#key-form button[type=submit]")
        expect(row).to_contain_text("gpt-*, claude-*")
        assert chat(house, secret).status == 429
        expect(row).to_contain_text("0 of 1 requests a day left")
    limits = house.ask("GET", "/api/keys/lee").json()["limits"]
    assert (limits["requests_per_day"], limits["output_reserve_count"]) == (1, 77)


def test_a_key_is_rotated_revoked_and_deleted(browser: Browser, house: House) -> None:
    """Each is asked first."""
    first = make(house, "Rob")
    with open_page(browser, viewport=WIDE) as page:
        open_keys(page, house)
        row = page.locator("#key-rob")
        row.get_by_role("button", name="Rotate rob").click()
        page.select_option("#key-keep", "3600")
        page.click("#key-ask button[type=submit]")
        second = page.locator("#secret").inner_text()
        page.keyboard.press("Escape")
        expect(row).to_contain_text("old secret good for")
        assert (chat(house, first).status, chat(house, second).status) == (200, 200)
        row.get_by_role("button", name="Revoke rob").click()
        page.keyboard.press("Escape")
        assert chat(house, second).status == 200
        row.get_by_role("button", name="Revoke rob").click()
        page.click("#key-ask button[type=submit]")
        expect(row).to_contain_text("revoked")
        assert (chat(house, first).status, chat(house, second).status) == (401, 401)
        row.get_by_role("button", name="Delete rob").click()
        page.click("#key-ask button[type=submit]")
        expect(row).to_have_count(0)


def test_a_price_is_entered_and_taken_away(browser: Browser, house: House) -> None:
    """With its source; requests have a cost from then on."""
    secret = make(house, "Pam")
    with open_page(browser, viewport=WIDE) as page:
        open_keys(page, house, "/prices")
        page.click("#new-price")
        page.fill("#price-model", "gpt-*")
        page.fill("#price-input", "2.5")
        page.fill("#price-output", "10")
        page.click("#price-form button[type=submit]")
        expect(page.locator("#price-form-trouble")).to_contain_text("source")
        page.fill("#price-source", HOSTILE)
        page.click("#price-form button[type=submit]")
        expect(page.locator("#prices")).to_contain_text("$2.5 in, $10 out")
        expect(page.locator("#prices")).to_contain_text(HOSTILE)
        assert chat(house, secret).status == 200
        page.get_by_role("button", name="Remove the price of gpt-*").click()
        expect(page.locator("#prices")).to_have_count(0)
    assert house.ask("GET", "/api/requests").json()["requests"][0]["cost_nano"] > 0


def test_the_page_is_for_everybody(browser: Browser, house: House) -> None:
    """Axe finds no barrier, nothing scrolls sideways, and names of others are text."""
    make(house, HOSTILE, owner="x" * 90, note="n" * 300, models=["m" * 60, "gpt-*"], role="admin")
    make(
        house, "Bob", limits={"tokens_per_minute": 10**9, "budget": {"period": "day", "tokens": 5}}
    )
    with open_page(browser, viewport=NARROW) as page:
        open_keys(page, house)
        load_axe(page)
        expect(page.locator("#keys")).to_contain_text(HOSTILE)
        assert_fits(page, "keys")
        assert_no_barrier(page, "keys")
        page.click("#new-key")
        assert_fits(page, "key form")
        assert_no_barrier(page, "key form")
        page.keyboard.press("Escape")
        page.click("#tab-prices")
        page.click("#new-price")
        assert_no_barrier(page, "price form")
