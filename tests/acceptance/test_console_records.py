"""Overview, Requests and Usage: what happened, by one definition on every page."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from cursor_api.simulator.faults import Faults
from cursor_api.web.console.pages import read_static_files
from tests.acceptance.console_house import (
    KEY,
    LOCALES,
    REMEMBER_KEY,
    House,
    Words,
    open_house,
    open_page,
)
from tests.serving import ask

ONE, TWO = "first-token-00000001", "second-token-00000002"
TOKENS = f"one::{ONE}\ntwo::{TWO}\n"
MODEL, OTHER_MODEL = "gpt-4o-128k", "gpt-4o-mini"
NO_MODEL = "<img src=x onerror=window.ran=1>"
ANSWERED, FAILED, REFUSED, WRONG_KEYS = 20, 1, 3, 2
ALL = ANSWERED + FAILED + REFUSED
RATE_LIMITED = 50
WIDE: Any = {"width": 1280, "height": 800}


def chat(
    house: House,
    model: str = MODEL,
    key: str = KEY,
    *,
    is_stream: bool = False,
    client: str = "openai-python/1.0",
) -> int:
    """One request of a client program; gives the status."""
    body = {"model": model, "stream": is_stream, "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"Authorization": f"Bearer {key}", "User-Agent": client}
    answer = house.loop.run(
        ask(
            house.port,
            "POST",
            "/v1/chat/completions",
            headers=headers,
            body=json.dumps(body).encode(),
        )
    )
    return answer.status


def keep_texts(house: House, whether: str) -> None:
    """From now on."""
    text = f"[logs]\nkeep_content = {whether}\n"
    (house.folder / "cursor-api.toml").write_text(text, encoding="utf-8")
    assert house.ask("POST", "/api/reload").status == 200


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway with a past: answers of two models, a failure, unknown models, wrong keys."""
    with open_house(tmp_path_factory.mktemp("records"), TOKENS) as opened:
        for number in range(ANSWERED):
            model = OTHER_MODEL if number < 5 else MODEL
            if number == ANSWERED - 1:
                keep_texts(opened, "true")
            assert chat(opened, model, is_stream=number % 2 == 0) == 200
        keep_texts(opened, "false")
        for _ in range(REFUSED):
            assert chat(opened, NO_MODEL) == 404
        for _ in range(WRONG_KEYS):
            assert chat(opened, key="wrong") == 401
        limited = Faults(error_before_text=1, error_number=RATE_LIMITED, retry_after_s=500)
        for token in (ONE, TWO):
            opened.simulator.script(token, limited)
        assert chat(opened) == 429
        for alias, token in (("one", ONE), ("two", TWO)):
            opened.simulator.script(token, Faults())
            opened.ask("POST", f"/api/credentials/{alias}/clear")
        yield opened


@pytest.fixture(scope="module", params=sorted(LOCALES))
def language(request: pytest.FixtureRequest) -> str:
    """Each language in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def t(language: str) -> Words:
    """What the page says for an entry of the language's table."""
    return Words(language)


@pytest.fixture(scope="module")
def signed_in(browser: Browser, language: str) -> Iterator[Page]:
    """A page of that language in which the key was given before."""
    with open_page(browser, locale=LOCALES[language], viewport=WIDE) as opened:
        opened.context.add_init_script(REMEMBER_KEY)
        yield opened


def go(page: Page, house: House, place: str) -> None:
    """A place of the console, freshly opened."""
    page.goto("about:blank")
    page.goto(f"{house.url}/console{place}")
    page.locator("#panel > *").first.wait_for()


def rows(page: Page) -> int:
    """How many requests are listed."""
    return page.locator("tr.request").count()


def test_a_newcomer_is_led_to_the_first_request(browser: Browser, tmp_path: Path) -> None:
    """The list ticks itself, ends in a link to that request, and stays away once dismissed."""
    done = '#checklist [data-step="{}"].done'
    with open_house(tmp_path) as house, open_page(browser) as page:
        page.context.add_init_script(REMEMBER_KEY)
        page.goto(f"{house.url}/console")
        expect(page.locator('#checklist [data-step="credential"]')).to_have_attribute(
            "aria-current", "step"
        )
        expect(page.locator("#ready")).to_have_text("No credential yet")
        house.ask("POST", "/api/credentials", json.dumps({"tokens": TOKENS}).encode())
        expect(page.locator(done.format("credential"))).to_be_visible()
        expect(page.locator('#checklist [data-step="request"]')).to_contain_text("Waiting")
        house.ask("POST", "/api/credentials/one/test")
        expect(page.locator(done.format("test"))).to_be_visible()
        # The command line is no client that somebody has connected.
        assert chat(house, NO_MODEL, client="cursor-api/1.0") == 404
        expect(page.locator(".figures")).to_contain_text("1 refused")
        expect(page.locator(done.format("connect"))).to_have_count(0)
        assert chat(house) == 200
        expect(page.locator(done.format("connect"))).to_be_visible()
        page.locator(done.format("request")).get_by_role("link").click()
        expect(page.locator(".detail")).to_contain_text("openai-python/1.0")
        page.locator("#page-overview").click()
        page.locator("#dismiss-steps").click()
        expect(page.locator("#checklist")).to_have_count(0)
        page.reload()
        page.locator(".figures").wait_for()
        expect(page.locator("#checklist")).to_have_count(0)


def test_every_figure_leads_to_the_requests_that_it_counts(
    signed_in: Page, house: House, t: Words
) -> None:
    """The same numbers as the API's, and as many rows behind each link."""
    page = signed_in
    now = house.ask("GET", "/api/now").json()["last_24h"]
    assert (now["answered"], now["failed"], now["refused"]) == (ANSWERED, FAILED, REFUSED)
    go(page, house, "#/overview")
    figures = page.locator(".figures")
    expect(figures).to_contain_text(t("overview.n_of_m", ready=2, total=2))
    for name, count in ((re.compile(f"^{ALL}$"), ALL), (re.compile(rf"\b{REFUSED}\b"), REFUSED)):
        figures.get_by_role("link", name=name).first.click()
        expect(page.locator("tr.request")).to_have_count(count)
        page.go_back()
    # The hour in which they were made: another one may have begun since.
    page.locator("#hours a:has(rect:not(.hit))").first.click()
    expect(page.locator("tr.request")).to_have_count(ALL)
    page.go_back()
    failure = page.locator("#last-failures ~ ul a").first
    failure.click()
    expect(page.locator(".detail .trouble b").first).to_have_text(t("cause.rate_limited"))
    go(page, house, "#/overview")
    strips = page.locator(".strips li")
    expect(strips).to_have_count(2)
    expect(page.locator(".strip .failed")).to_have_count(FAILED)
    for colours in ("active", "none"):
        page.emulate_media(forced_colors=colours)
        used, *others = (
            page.locator(f".strip .{css}").first.evaluate("(one) => getComputedStyle(one).fill")
            for css in ("answered", "failed", "unused")
        )
        assert used not in others, colours
    strips.first.get_by_role("link").click()
    expect(page.locator("#filter-credential")).not_to_have_value("")


def test_rows_stand_high_and_there_are_many(signed_in: Page, house: House, t: Words) -> None:
    """Seven columns, one line of filters, the first row above 200 pixels, sixteen in sight."""
    page = signed_in
    go(page, house, "#/requests")
    expect(page.locator("tr.request")).to_have_count(ALL)
    assert page.locator("table.requests thead th").count() == 7
    boxes = [one.bounding_box() for one in page.locator("tr.request").all()[:16]]
    assert boxes[0] is not None
    assert boxes[-1] is not None
    assert boxes[0]["y"] < 200
    assert boxes[-1]["y"] + boxes[-1]["height"] <= WIDE["height"]
    tops = {round(one.bounding_box()["y"]) for one in page.locator(".filter-line > *").all()}  # type: ignore[index]
    assert len(tops) == 1
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size(WIDE)
    expect(page.locator("caption").first).to_have_text(t("requests.caption"))


def test_rows_are_narrowed_and_the_place_keeps_it(signed_in: Page, house: House, t: Words) -> None:
    """By outcome, model and text; the name of a model that somebody made up is not kept."""
    page = signed_in
    go(page, house, "#/requests")
    page.get_by_label(t("requests.by_model")).select_option(OTHER_MODEL)
    expect(page.locator("tr.request")).to_have_count(5)
    page.reload()
    expect(page.locator("tr.request")).to_have_count(5)
    page.locator(".menu summary").click()
    page.locator("#clear-filters").click()
    expect(page.locator("tr.request")).to_have_count(ALL)
    page.get_by_label(t("requests.by_status")).select_option("refused")
    expect(page.locator("tr.request")).to_have_count(REFUSED)
    expect(page.locator("tr.request .model").first).to_have_text(t("requests.unknown_model"))
    page.locator("#filter-text").fill("nothing that any error says %_'")
    expect(page.locator("#panel")).to_contain_text(t("requests.no_match"))
    assert NO_MODEL not in page.content()


def test_a_row_opens_where_it_stands(signed_in: Page, house: House, t: Words) -> None:
    """Attempts as a timeline, whose fault it was, what helps; what was said, where that is kept."""
    page = signed_in
    go(page, house, "#/requests?status=failed")
    link = page.locator("tr.request a").first
    link.focus()
    page.keyboard.press("Enter")
    detail = page.locator(".detail")
    expect(detail.locator(".timeline li")).to_have_count(2)
    expect(detail).to_contain_text(t("fault.rate_limited"))
    expect(detail).to_contain_text("RECORD_CONTENT")
    expect(link).to_have_attribute("aria-expanded", "true")
    expect(link).to_be_focused()
    identity = page.locator("tr.request").first.get_attribute("data-id")
    assert page.url.partition("#")[2].startswith(f"/requests/{identity}")
    page.reload()
    expect(detail).to_be_visible()
    page.keyboard.press("Tab")
    page.locator("tr.request .caller").first.click()
    expect(detail).to_have_count(0)
    go(page, house, "#/requests?status=success")
    page.locator("tr.request a").first.click()
    expect(detail.locator(".spoken dd").first).to_have_text("Hi")
    expect(detail.locator(".spoken dt")).to_have_text([t("role.user"), t("role.assistant")])
    expect(detail).not_to_contain_text("RECORD_CONTENT")
    go(page, house, f"#/requests/{identity}?status=success")
    expect(page.locator(f'[data-request="{identity}"]')).to_be_visible()
    go(page, house, "#/requests/00000000000000000000000000000000")
    expect(page.locator(".detail-row")).to_have_text(t("requests.gone"))
    oldest = house.ask("GET", "/api/requests?count=500").json()["requests"][-1]["id"]
    go(page, house, f"#/requests/{oldest}")
    expect(detail).to_be_in_viewport(ratio=0.9)


def test_new_rows_come_by_themselves_but_move_nothing(browser: Browser, tmp_path: Path) -> None:
    """Where they belong at once, though they began long ago; as "1 new" while a row is open."""
    with open_house(tmp_path, TOKENS) as house, open_page(browser) as page:
        page.context.add_init_script(REMEMBER_KEY)
        page.goto(f"{house.url}/console#/requests")
        expect(page.locator("#panel")).to_contain_text("No request is on record yet")
        house.simulator.script(ONE, Faults(first_text_delay_s=2.0))
        house.simulator.script(TWO, Faults(first_text_delay_s=2.0))
        slow = Thread(target=chat, args=(house, OTHER_MODEL))
        slow.start()
        while not house.ask("GET", "/api/now").json()["under_way_count"]:
            pass
        house.simulator.script(ONE, Faults())
        house.simulator.script(TWO, Faults())
        assert chat(house) == 200
        expect(page.locator("tr.request .model")).to_have_text([MODEL])
        slow.join()
        expect(page.locator("tr.request .model")).to_have_text([MODEL, OTHER_MODEL])
        page.locator("tr.request a").first.click()
        page.locator(".detail").wait_for()
        assert chat(house) == 200
        expect(page.locator("#show-newer")).to_have_text("1 new")
        assert rows(page) == 2
        page.locator("#show-newer").click()
        expect(page.locator("tr.request")).to_have_count(3)


def test_usage_says_what_the_api_says(signed_in: Page, house: House, t: Words) -> None:
    """Bars and numbers by model, credential and caller; what nobody knows is a dash, never 0."""
    page = signed_in
    totals = house.ask("GET", "/api/usage").json()["totals"]
    go(page, house, "#/usage")
    cells = page.locator(".numbers tfoot td")
    cells.first.wait_for()
    shown = [one.inner_text() for one in cells.all()]
    expected = ["answered", "failed", "refused", "cancelled", "input", "output"]
    expected += ["input_estimated", "output_estimated"]
    assert [int(re.sub(r"\D", "", text)) for text in shown[:8]] == [totals[k] for k in expected]
    # Of an estimate nobody knows the parts; and there is no price.
    assert [text.strip() for text in (*shown[8:10], shown[-1])] == ["—"] * 3
    # A failure that has cost nothing does not make a price of 0 for the others.
    rows = [{"cost_nano": 0, "unpriced": 0}, {"cost_nano": None, "unpriced": 3}]
    summed = "async (rows) => (await import('/console/static/usage.js')).sum(rows).cost_nano"
    assert page.evaluate(summed, rows) is None
    expect(page.locator("#refusals")).to_contain_text(
        t("usage.refusal", cause=t("cause.unauthenticated"), value=WRONG_KEYS)
    )
    for chip, count in (("30d", 30), ("7d", 7), ("24h", 24)):
        page.locator(f"#usage-{chip}").click()
        expect(page.locator("#usage-bars .plot a")).to_have_count(count)
        expect(page.locator(".numbers tfoot td").first).to_have_text(str(ANSWERED))
    page.locator("#usage-credential").click()
    expect(page.locator(".numbers tbody th", has_text=re.compile("^one$"))).to_be_visible()
    page.locator("#usage-tokens").click()
    expect(page.locator("#usage-title")).to_have_text(t("usage.of_tokens"))
    page.locator("#usage-bars .plot a").last.focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.getAttribute('tabindex')") == "-1"
    page.locator("#usage-model").click()
    page.locator(".numbers tbody tr", has_text=OTHER_MODEL).get_by_role("link").nth(1).click()
    expect(page.locator("tr.request")).to_have_count(5)


def test_records_leave_as_a_file_and_for_good(browser: Browser, tmp_path: Path) -> None:
    """Only those that a filter means, only after their number was seen, only that many."""
    with open_house(tmp_path, TOKENS) as house, open_page(browser) as page:
        for model in (MODEL, MODEL, OTHER_MODEL):
            assert chat(house, model) == 200
        page.context.add_init_script(REMEMBER_KEY)
        page.goto(f"{house.url}/console#/requests")
        expect(page.locator("tr.request")).to_have_count(3)
        menu = page.locator(".menu summary")
        menu.click()
        expect(page.locator("#open-deletion")).to_have_attribute("title", re.compile("filter"))
        page.keyboard.press("Escape")
        expect(menu).to_be_focused()
        page.locator("#filter-model").select_option(MODEL)
        expect(page.locator("tr.request")).to_have_count(2)
        for form in ("csv", "jsonl"):
            menu.click()
            with page.expect_download() as waiting:
                page.locator(f"#export-{form}").click()
            saved = tmp_path / form
            waiting.value.save_as(saved)
            text = saved.read_text(encoding="utf-8")
            found = (
                [one["model"] for one in csv.DictReader(io.StringIO(text))]
                if form == "csv"
                else [json.loads(line)["model"] for line in text.splitlines()]
            )
            assert found == [MODEL, MODEL]
        menu.click()
        page.locator("#open-deletion").click()
        expect(page.locator("#deletion")).to_contain_text("These are 2 requests")
        expect(page.locator("#deletion .given")).to_have_text(f"Model: {MODEL}")
        page.locator("#confirm-deletion").click()
        expect(page.locator(".toast")).to_contain_text("2 records are deleted")
        expect(page.locator("#panel")).to_contain_text("No request matches")
        left = house.ask("GET", "/api/requests").json()["requests"]
        assert [one["model"] for one in left] == [OTHER_MODEL]
        assert house.ask("GET", "/api/usage").json()["totals"]["answered"] == 3


def test_records_that_cannot_be_read_are_said_and_chat_goes_on(
    browser: Browser, tmp_path: Path
) -> None:
    """A database that is away is no reason for an empty page."""
    table: dict[str, str] = json.loads(read_static_files()["lang/zh.json"].body)
    away = {"error": {"message": "No.", "code": "records_unavailable", "param": None}}
    with open_house(tmp_path, TOKENS) as house, open_page(browser, locale="zh-CN") as page:
        page.context.add_init_script(REMEMBER_KEY)
        page.route(re.compile("/api/(requests|usage)"), lambda r: r.fulfill(status=503, json=away))
        for place in ("#/requests", "#/usage", "#/overview"):
            go(page, house, place)
            said = page.locator("#panel [role=alert]")
            expect(said).to_have_text(table["code.records_unavailable"])
        go(page, house, "#/chat")
        page.locator("#chat-prompt").fill("Hi")
        page.locator("#chat-prompt").press("Enter")
        expect(page.locator(".turn")).to_contain_text(table["chat.done"])
