"""Connect, Chat, Settings and signing in by a code: what a newcomer does in the first minute."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from cursor_api.clients.table import CLIENTS
from cursor_api.simulator.cursor.refusals import UPDATE_REQUIRED
from cursor_api.simulator.faults import Faults
from tests.acceptance.console_house import (
    CHAT_KEY,
    KEY,
    LOCALES,
    REMEMBER_KEY,
    House,
    Words,
    open_house,
    open_page,
)

ONE = "first-token-00000001"
TOKENS = f"one::{ONE}\n"
MODEL = "gpt-4o-128k"
NO_SCRIPT = "<img src=x onerror=window.ran=1><script>window.ran=1</script>"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway with one credential, which the tests here only ask."""
    folder = tmp_path_factory.mktemp("talk")
    (folder / ".env").write_text("GATEWAY_QUEUE_MAX=50\n", encoding="utf-8")
    with open_house(folder, TOKENS) as opened:
        yield opened


@pytest.fixture(scope="module", params=sorted(LOCALES))
def language(request: pytest.FixtureRequest) -> str:
    """Each language in turn."""
    return str(request.param)


@pytest.fixture
def t(language: str) -> Words:
    """What the page says for an entry of the language's table."""
    return Words(language)


@pytest.fixture(scope="module")
def signed_in(browser: Browser, language: str) -> Iterator[Page]:
    """A page in which the key was given before, and which may use the clipboard."""
    with open_page(browser, locale=LOCALES[language]) as opened:
        opened.context.add_init_script(REMEMBER_KEY)
        opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
        yield opened


@pytest.fixture
def page(signed_in: Page) -> Page:
    """The same, with nothing left of the test before."""
    signed_in.goto("about:blank")
    return signed_in


def copied(page: Page) -> str:
    """What the clipboard holds."""
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def say(page: Page, text: str) -> None:
    """Type it and send it."""
    page.locator("#chat-prompt").fill(text)
    page.locator("#chat-prompt").press("Enter")


def test_a_client_is_set_up_by_what_is_copied(page: Page, house: House, t: Words) -> None:
    """Complete and with the key, which the screen does not show; the place keeps the choice."""
    page.goto(f"{house.url}/console#/connect")
    page.get_by_label(t("connect.client"), exact=True).select_option("curl")
    block = page.locator("#block-snippet-0-title")
    expect(block).to_be_visible()
    page.get_by_label(t("connect.model"), exact=True).select_option(MODEL)
    expect(page.locator("pre").last).to_contain_text(MODEL)
    assert KEY not in page.locator("#panel").inner_text()
    page.locator("#copy-snippet-0").click()
    expect(page.locator(".toast")).to_contain_text(t("copy.done"))
    text = copied(page)
    assert f"{house.url}/v1" in text
    assert KEY in text
    assert MODEL in text
    page.reload()
    expect(page.get_by_label(t("connect.client"), exact=True)).to_have_value("curl")
    expect(page.get_by_label(t("connect.model"), exact=True)).to_have_value(MODEL)
    page.get_by_label(t("connect.key"), exact=True).select_option("client-1")
    page.locator("#copy-snippet-0").click()
    page.wait_for_function(
        "(key) => navigator.clipboard.readText().then((text) => text.includes(key))", arg=CHAT_KEY
    )
    assert CHAT_KEY not in page.locator("#panel").inner_text()


def test_every_client_that_is_known_can_be_chosen(browser: Browser, house: House) -> None:
    """Each with something to copy or to do, and never with a key on the screen."""
    with open_page(browser) as page:
        page.context.add_init_script(REMEMBER_KEY)
        page.goto(f"{house.url}/console#/connect")
        choice = page.locator("#connect-client")
        expect(choice.locator("option")).to_have_count(len(CLIENTS))
        for client in CLIENTS.values():
            choice.select_option(client.name)
            expect(page.locator("#connect-title")).to_have_text(client.title)
            assert page.locator(".instructions :is(pre, ol)").count() > 0
            assert KEY not in page.locator("#panel").inner_text()


def test_a_newcomer_chats(page: Page, house: House, t: Words) -> None:
    """Streamed, with what is to know beneath, and as a program that sends it again."""
    page.goto(f"{house.url}/console#/chat")
    page.get_by_label(t("chat.model"), exact=True).select_option(MODEL)
    page.get_by_label(t("chat.system"), exact=True).fill("Be short.")
    say(page, NO_SCRIPT)
    turn = page.locator(".turn")
    expect(turn).to_contain_text(t("chat.done"))
    expect(turn.locator(".prompt")).to_have_text(NO_SCRIPT)
    facts = turn.locator(".facts")
    for key in ("credential", "attempts", "first", "total", "tokens"):
        expect(facts).to_contain_text(t(f"fact.{key}"))
    expect(facts).to_contain_text("one")
    assert page.locator(".turn :is(img, script)").count() == 0
    turn.locator(".raw summary").click()
    expect(turn.locator("pre").first).to_contain_text('"content": "Be short."')
    expect(turn.locator("pre").last).to_contain_text("data: [DONE]")
    assert KEY not in page.locator("#panel").inner_text()
    for name, sign in (("curl", "curl -N"), ("Python", "OpenAI(base_url="), ("Node", "baseURL")):
        turn.get_by_role("button", name=t("chat.copy_as", language=name)).click()
        page.wait_for_function(
            "(sign) => navigator.clipboard.readText().then((text) => text.includes(sign))", arg=sign
        )
        assert KEY in copied(page)
    assert page.locator(".turn .said pre").count() == 0
    say(page, "Show me some Python code.")
    expect(page.locator(".turn .said pre").first).to_contain_text("def moving_average")
    expect(page.locator(".turn").last).to_contain_text(t("chat.done"))
    page.locator("#chat-anew").click()
    say(page, NO_SCRIPT)
    expect(page.locator(".turn").last).to_contain_text(t("chat.done"))
    say(page, "And now?")
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn").last).to_contain_text(t("chat.done"))
    page.locator("#chat-anew").click()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.locator("#chat-prompt")).to_be_focused()
    expect(page.get_by_label(t("chat.model"), exact=True)).to_have_value(MODEL)


def test_an_answer_is_stopped(page: Page, house: House, t: Words) -> None:
    """What has come stays; the next message can be sent."""
    house.simulator.script(ONE, Faults(tokens_per_s=5))
    page.goto(f"{house.url}/console#/chat")
    page.locator("#chat-model").wait_for()
    say(page, "long")
    expect(page.locator(".turn .said")).to_be_visible()
    expect(page.locator("#chat-send")).to_have_attribute("title", t("busy.wait"))
    page.locator("#chat-stop").click()
    expect(page.locator(".turn")).to_contain_text(t("chat.stopped"))
    assert page.locator(".turn .said").inner_text()
    house.simulator.script(ONE, Faults())


def test_an_error_says_whose_fault_it_is_and_what_helps(page: Page, house: House, t: Words) -> None:
    """By its kind, in the reader's language; the gateway's sentence is a click away."""
    house.simulator.script(ONE, Faults(error_before_text=1, error_number=25))
    page.goto(f"{house.url}/console#/chat")
    page.locator("#chat-model").wait_for()
    say(page, "Hello")
    trouble = page.locator(".turn .trouble")
    expect(trouble.locator("b")).not_to_be_empty()
    trouble.locator("summary").click()
    expect(trouble.locator(".quote")).not_to_be_empty()
    expect(trouble).to_contain_text(t("test.details"))
    house.simulator.script(ONE, Faults())
    house.ask("POST", "/api/credentials/one/clear")


def test_settings_are_shown_and_copied(page: Page, house: House, t: Words) -> None:
    """Those that are set first; secrets stay where they are; a value is copied as a line."""
    page.goto(f"{house.url}/console#/settings")
    row = page.locator('[id="setting-GATEWAY_QUEUE_MAX"]')
    expect(row.locator(".setting-value")).to_have_text("50")
    expect(row).to_contain_text(".env")
    row.locator("button.copy").click()
    page.wait_for_function(
        "() => navigator.clipboard.readText().then((text) => text === 'GATEWAY_QUEUE_MAX=50')"
    )
    secret = page.locator('[id="setting-AUTH_TOKEN"]')
    expect(secret.locator(".setting-value")).to_have_text(t("settings.hidden"))
    expect(secret.locator("button.copy")).to_have_attribute("title", t("settings.hidden_copy"))
    fixed = t("settings_fixed.environment")
    expect(secret.locator("button.edit")).to_have_attribute("title", fixed)
    assert KEY not in page.content()
    expect(page.locator('[id="setting-HOST"]')).to_have_count(0)
    page.locator("#settings-all").click()
    expect(page.locator('[id="setting-HOST"]')).to_be_visible()
    page.locator("#settings-search").fill("queue_max")
    expect(page.locator(".settings li")).to_have_count(1)
    page.locator("#settings-search").fill("nothing of this name")
    expect(page.locator("#panel")).to_contain_text(t("settings.no_match"))


def test_a_code_signs_in_once_and_leaves_no_trace(browser: Browser, house: House) -> None:
    """Not in the address, not in the history, not in a request's address; a second use is told."""
    code = house.ask("POST", "/api/ui-code").json()["code"]
    with open_page(browser) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{house.url}/console#code={code}")
        page.locator("#sign-out").wait_for()
        assert code not in page.url
        page.reload()
        page.locator("#sign-out").wait_for()
        assert [url for url in asked if KEY in url or code in url.partition("#")[0]] == []
        page.locator("#sign-out").click()
        page.goto("about:blank")
        page.goto(f"{house.url}/console#code={code}")
        expect(page.get_by_role("alert")).to_contain_text("used already")
        assert code not in page.url
        expect(page.locator("#key")).to_be_focused()


def test_a_credential_is_tried_with_models_and_apis(page: Page, tmp_path: Path, t: Words) -> None:
    """What it spends is said first; each field says works or why not, and leads to its request."""
    dialects = {"openai_chat", "openai_responses", "anthropic_messages"}
    with open_house(tmp_path, TOKENS) as house:
        page.goto(f"{house.url}/console#/credentials")
        page.locator('tr.row[data-alias="one"] button.grid').click()
        dialog = page.locator("#grid")
        expect(dialog).to_contain_text(t("grid.cost.other", value=6))
        boxes = dialog.get_by_role("checkbox").all()[:3]
        for box in boxes:
            box.uncheck()
        expect(page.locator("#run-grid")).to_have_attribute("title", t("grid.choose"))
        assert house.ask("GET", "/api/requests").json()["requests"] == []
        for box in boxes:
            box.check()
        page.locator("#run-grid").click()
        expect(dialog.locator("td .good-text")).to_have_count(6)
        expect(dialog.locator("td").first).to_contain_text(t("grid.works"))
        made = house.ask("GET", "/api/requests?credential=one").json()["requests"]
        assert {one["dialect"] for one in made} == dialects
        house.simulator.script(ONE, Faults(error_before_text=1, error_number=UPDATE_REQUIRED))
        for box in boxes[1:]:
            box.uncheck()
        page.locator("#run-grid").click()
        expect(dialog.locator("td .bad-text").first).to_have_text(t("cause.client_outdated"))
        expect(dialog.locator("td").first).to_contain_text(t("fault.client_outdated"))
        dialog.locator("td a").first.click()
        expect(page.locator(".detail")).to_be_visible()
        expect(dialog).to_have_count(0)
        page.locator("#page-credentials").click()
        page.locator('tr.row[data-alias="one"] button.grid').click()
        # One API and two models, as they were chosen last.
        expect(dialog.get_by_role("checkbox", checked=True)).to_have_count(3)
