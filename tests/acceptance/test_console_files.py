"""The tab with the two raw files: line-numbered problems, conflicts, backups, nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.acceptance.console_house import (
    LOCALES,
    REMEMBER_KEY,
    House,
    open_house,
    open_page,
)

TOKENS = "# my accounts\none::first-token-0001\n\ntwo::second-token-0002\n"
OTHERS = TOKENS + "three::third-token-0003\n"


@pytest.fixture(scope="module")
def signed_in(browser: Browser) -> Iterator[Page]:
    """A page in which the key was given before."""
    with open_page(browser, locale=LOCALES["zh"]) as opened:
        opened.context.add_init_script(REMEMBER_KEY)
        yield opened


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A gateway with two credentials."""
    with open_house(tmp_path, TOKENS) as opened:
        yield opened


@pytest.fixture
def page(signed_in: Page, house: House) -> Page:
    """The tab of the files, read."""
    signed_in.goto(f"{house.url}/console#/credentials")
    signed_in.locator("#tab-files").click()
    signed_in.locator("#show-files").click()
    expect(signed_in.locator("#file-tokens")).to_have_value(TOKENS)
    return signed_in


def change_behind(house: House, text: str) -> None:
    """Somebody else saves the token file."""
    body = json.dumps({"tokens": text}).encode()
    assert house.ask("POST", "/update-tokeninfo", body).status == 200


def test_both_files_are_shown_and_saved(page: Page, house: House) -> None:
    """Comments and order stay; a new token gets its device, which is shown at once."""
    box = page.locator("#file-tokens")
    expect(page.locator("#save-files")).to_be_disabled()
    expect(page.locator("#gutter-tokens")).to_have_text("1\n2\n3\n4\n5")
    box.fill(OTHERS)
    expect(page.locator("#tab-files .dot")).to_have_count(1)
    page.locator("#save-files").click()
    expect(page.locator("#file-token_list")).to_have_value(
        (house.folder / ".token-list").read_text(encoding="utf-8")
    )
    expect(page.locator("#tab-files .dot")).to_have_count(0)
    assert house.tokens() == OTHERS
    assert "third-token-0003," in page.locator("#file-token_list").input_value()


def test_a_line_that_cannot_be_used_is_pointed_at(page: Page, house: House) -> None:
    """Its number is marked and leads to it; nothing is written and nothing typed is lost."""
    wrong = TOKENS + "no token here\n"
    page.locator("#file-tokens").fill(wrong)
    page.locator("#save-files").click()
    problem = page.locator("#problems-tokens li")
    expect(problem).to_contain_text("U+0020")
    expect(page.locator("#gutter-tokens b")).to_have_text("5")
    problem.get_by_role("button").click()
    selected = "(area) => area.value.slice(area.selectionStart, area.selectionEnd)"
    assert page.locator("#file-tokens").evaluate(selected) == "no token here"
    expect(page.locator("#file-tokens")).to_be_focused()
    assert house.tokens() == TOKENS
    expect(page.locator("#file-tokens")).to_have_value(wrong)


def test_a_change_of_somebody_else_is_compared_then_taken(page: Page, house: House) -> None:
    """Neither side is overwritten before the reader has decided."""
    change_behind(house, OTHERS)
    page.locator("#file-tokens").fill(TOKENS + "mine::fourth-token-0004\n")
    page.locator("#save-files").click()
    expect(page.locator(".conflict")).to_be_visible()
    page.locator("#conflict-compare").click()
    expect(page.locator(".difference .minus").first).to_contain_text("third-token-0003")
    expect(page.locator(".difference .plus").first).to_contain_text("fourth-token-0004")
    page.locator("#conflict-theirs").click()
    expect(page.locator("#file-tokens")).to_have_value(OTHERS)
    assert house.tokens() == OTHERS


def test_a_change_of_somebody_else_is_overwritten_when_wished(page: Page, house: House) -> None:
    """And only in the version that was seen."""
    change_behind(house, OTHERS)
    mine = TOKENS + "mine::fourth-token-0004\n"
    page.locator("#file-tokens").fill(mine)
    page.locator("#file-token_list").fill("")
    page.locator("#save-files").click()
    page.locator("#conflict-mine").click()
    expect(page.locator(".conflict")).to_have_count(0)
    expect(page.locator("#tab-files .dot")).to_have_count(0)
    assert house.tokens() == mine


def test_unsaved_changes_are_guarded(page: Page) -> None:
    """They stay while another tab is looked at; leaving and reading again ask first."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.locator("#file-tokens").fill("mine::fourth-token-0004\n")
    page.locator("#tab-credentials").click()
    page.locator("#tab-files").click()
    page.locator("#reload-files").click()
    page.locator("#sign-out").click()
    page.evaluate("setTimeout(() => location.reload())")
    page.wait_for_timeout(300)
    expect(page.locator("#file-tokens")).to_have_value("mine::fourth-token-0004\n")
    page.remove_listener("dialog", stay)
    assert asked == ["confirm", "confirm", "beforeunload"]
    page.locator("#file-tokens").fill(TOKENS)


def test_a_backup_is_downloaded_and_opened_again(page: Page, house: House, tmp_path: Path) -> None:
    """It holds both files in the form that the API takes; another file is refused with a word."""
    with page.expect_download() as waiting:
        page.locator("#download-backup").click()
    backup = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(backup)
    assert json.loads(backup.read_text(encoding="utf-8"))["tokens"] == TOKENS
    change_behind(house, "other::fifth-token-0005\n")
    page.locator("#reload-files").click()
    expect(page.locator("#file-tokens")).to_have_value("other::fifth-token-0005\n")
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(backup)
    expect(page.locator("#file-tokens")).to_have_value(TOKENS)
    chooser.set_input_files(house.folder / ".token")
    expect(page.locator(".trouble")).to_be_visible()
    page.locator("#save-files").click()
    expect(page.locator("#tab-files .dot")).to_have_count(0)
    assert house.tokens() == TOKENS
