"""What is set from the console: upstreams of one's own, and settings that a reload takes."""

from __future__ import annotations

import tomllib
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
from tests.acceptance.console_looking import (
    NARROW,
    assert_fits,
    assert_no_barrier,
    load_axe,
    press_until,
)

TOKENS = "one::first-token-00000001\n"
SECRET = "sk-a-key-of-a-provider-0123456789"
# Nothing listens there; its models are named, so that it is not asked.
ADDRESS = "http://127.0.0.1:9/v1"
WARNING = "没有这项设置；是不是 GATEWAY_REQUESTS_MAX？"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One gateway for the file; each test has upstreams and settings of its own there."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / ".env").write_text("GATEWAY_REQUESTS_MAY=7\n")
    with open_house(folder, TOKENS) as opened:
        yield opened


def come_in(page: Page, house: House, place: str) -> None:
    """Signed in, at a place of the console."""
    page.add_init_script(REMEMBER_KEY)
    page.goto(f"{house.url}/console#/{place}")
    page.locator("#panel > *").first.wait_for()


def blocks(house: House) -> dict[str, Any]:
    """Each `[[upstream]]` by its name."""
    found = tomllib.loads((house.folder / "cursor-api.toml").read_text())["upstream"]
    return {one["name"]: one for one in found}


def test_an_upstream_is_added_and_served(browser: Browser, house: House) -> None:
    """What is wrong is told at its field; the key is in a file of its own, and on no page."""
    t, name = Words("zh"), "box"
    with open_page(browser, locale=LOCALES["zh"]) as page:
        come_in(page, house, "credentials")
        page.click("#open-upstream")
        expect(page.locator("#upstream button[type=submit]")).to_have_attribute(
            "title", t("upstreams.nothing")
        )
        page.fill("#upstream-base_url", "ftp://nowhere")
        page.fill("#upstream-name", name)
        page.fill("#upstream-keys", f"{SECRET}\n{SECRET}x")
        page.fill("#upstream-models", "small, large")
        page.keyboard.press("Enter")
        trouble = page.locator("#upstream-trouble")
        expect(trouble).to_contain_text("不是以 https:// 或 http:// 开头")
        expect(page.locator("#upstream-base_url")).to_have_attribute("aria-invalid", "true")
        page.fill("#upstream-base_url", ADDRESS)
        expect(page.locator("#upstream-allow_http")).to_be_visible()
        # Somebody else sets something meanwhile: this is seen before anything is written.
        house.ask("PUT", "/api/settings/GATEWAY_STREAMS_MAX", b'{"value": "50"}')
        page.click("#upstream button[type=submit]")
        expect(trouble).to_have_text(t("upstreams.stale"))
        page.click("#upstream button[type=submit]")
        expect(page.locator(".toast")).to_contain_text(t("upstreams.added", name="").strip())
        expect(page.locator("#open-upstream")).to_be_focused()
        expect(page.locator(f'tr[data-alias^="{name}"]')).to_have_count(2)
        assert SECRET not in page.content()
        page.click("#open-upstream")
        page.fill("#upstream-base_url", ADDRESS)
        page.fill("#upstream-name", name)
        page.click("#upstream button[type=submit]")
        expect(trouble).to_have_text(t("upstreams.taken"))
        expect(page.locator("#upstream-name")).to_have_attribute("aria-invalid", "true")
    block = blocks(house)[name]
    assert (block["base_url"], block["models"]) == (ADDRESS, ["small", "large"])
    assert (house.folder / f".{name}.key").read_text() == f"{SECRET}\n{SECRET}x\n"
    assert f"{name}/small" in house.ask("GET", "/v1/models").body.decode()


def test_the_dialog_of_upstreams_is_for_everybody(browser: Browser, house: House) -> None:
    """By keyboard, without a barrier, in a narrow window; Escape keeps what was typed."""
    with open_page(browser, viewport=NARROW) as page:
        come_in(page, house, "credentials")
        load_axe(page)
        press_until(page, "#open-upstream")
        page.keyboard.press("Enter")
        expect(page.locator("#upstream-preset option")).not_to_have_count(1)
        assert_fits(page, "an upstream of one's own")
        press_until(page, "#upstream-preset")
        page.keyboard.type("DeepSeek")
        expect(page.locator("#upstream-name")).to_have_value("deepseek")
        press_until(page, "#upstream-keys")
        page.keyboard.type(SECRET)
        assert_no_barrier(page, "a well-known upstream")
        page.keyboard.press("Escape")
        expect(page.locator(".toast")).to_contain_text("is kept")
        expect(page.locator("#open-upstream")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#upstream-keys")).to_have_value(SECRET)
        press_until(page, "#upstream .form-end button")
        page.keyboard.press("Enter")
        expect(page.locator("#open-upstream")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#upstream-keys")).to_have_value("")


def test_a_setting_is_changed_where_it_stands(browser: Browser, house: House) -> None:
    """A wrong value is told at its field; the default comes back; what needs a restart says so."""
    t = Words("zh")
    with open_page(browser, locale=LOCALES["zh"], viewport=NARROW) as page:
        come_in(page, house, "settings")
        load_axe(page)
        page.fill("#settings-search", "GATEWAY_REQUESTS_MAX")
        row = page.locator('[id="setting-GATEWAY_REQUESTS_MAX"]')
        row.locator("button.edit").click()
        value = row.locator("input")
        value.fill("many")
        value.press("Enter")
        expect(row.get_by_role("alert")).to_have_text(
            '"many" 不是 1 到 100000 的整数；例如 GATEWAY_REQUESTS_MAX=1200'
        )
        expect(value).to_have_attribute("aria-invalid", "true")
        expect(value).to_have_value("many")
        assert_fits(page, "a setting that is changed")
        assert_no_barrier(page, "a setting that is changed")
        value.fill("77")
        value.press("Enter")
        expect(row.locator(".setting-value")).to_have_text("77")
        expect(page.locator(".toast")).to_contain_text("GATEWAY_REQUESTS_MAX")
        expect(row.locator("button.edit")).to_be_focused()
        assert "GATEWAY_REQUESTS_MAX=77" in (house.folder / ".env").read_text()
        row.locator("button.edit").click()
        row.get_by_role("button", name=t("settings.unset")).click()
        expect(row.locator("form")).to_have_count(0)
        assert "GATEWAY_REQUESTS_MAX" not in (house.folder / ".env").read_text()
        expect(page.locator("#settings-warnings")).to_contain_text(WARNING)
        page.fill("#settings-search", "PORT")
        fixed = page.locator('[id="setting-PORT"] button.edit')
        expect(fixed).to_have_attribute("title", t("settings_fixed.restart"))
        page.evaluate("location.hash = '#/overview'")
        expect(page.locator("#settings-warnings")).to_contain_text(WARNING)
        assert_fits(page, "an overview with a warning")


def test_a_setting_that_others_change_is_compared(browser: Browser, house: House) -> None:
    """Another one's change is none of this; the same one's is shown, and the reader decides."""

    def elsewhere(name: str, value: str) -> None:
        body = b'{"value": "%b"}' % value.encode()
        assert house.ask("PUT", f"/api/settings/{name}", body).status == 200

    with open_page(browser) as page:
        come_in(page, house, "settings")
        page.fill("#settings-search", "GATEWAY_BREAKER_OPEN_S")
        row = page.locator('[id="setting-GATEWAY_BREAKER_OPEN_S"]')
        row.locator("button.edit").click()
        row.locator("input").fill("7")
        elsewhere("GATEWAY_STREAMS_MAX", "60")
        row.locator("button[type=submit]").click()
        expect(row.locator(".setting-value")).to_have_text("7 s")
        for ours, theirs, choice, kept in (
            ("8", "9", "Take theirs", "9 s"),
            ("10", "11", "Save mine", "10 s"),
        ):
            row.locator("button.edit").click()
            row.locator("input").fill(ours)
            elsewhere("GATEWAY_BREAKER_OPEN_S", theirs)
            row.locator("button[type=submit]").click()
            expect(row.locator(".conflict")).to_contain_text(f"{theirs} s")
            row.get_by_role("button", name=choice).click()
            if choice == "Take theirs":
                expect(row.locator("input")).to_have_value(kept)
                row.get_by_role("button", name="Cancel").click()
            expect(row.locator(".setting-value")).to_have_text(kept)
