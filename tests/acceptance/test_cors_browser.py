"""CORS as a real browser takes it: the same page at two origins, of which one is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.acceptance.background import LoopThread
from tests.acceptance.console_house import KEY, House, open_browser, open_house
from tests.scripted_server import ScriptedServer, Turn

# What a page can find out with one request; a browser says no more than this of a failure.
FETCH = """
async ([url, method, headers, body]) => {
  try {
    const answer = await fetch(url, {method, headers, body: body ?? undefined});
    const seen = {};
    for (const name of ["x-request-id", "retry-after", "content-type"])
      seen[name] = answer.headers.get(name);
    return {status: answer.status, seen, text: await answer.text()};
  } catch (error) {
    return {status: 0, error: String(error)};
  }
}
"""
BEARER = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
# As OpenAI's SDK sends them from a page.
SDK = BEARER | {"X-Stainless-OS": "Unknown", "X-Stainless-Retry-Count": "0", "X-Credential": "one"}
CHAT = '{"model":"gpt-4o-128k","stream":%s,"messages":[{"role":"user","content":"Say one word."}]}'


@dataclass(frozen=True, slots=True)
class Pages:
    """The page at both origins, and the gateway that it calls."""

    named: Page
    stranger: Page
    house: House

    def ask(self, page: Page, method: str, path: str, body: str | None = None, **more: Any) -> Any:
        """One request of a page's script; status 0 means that the browser let nothing through."""
        return page.evaluate(
            FETCH, [self.house.url + path, method, more.get("headers", BEARER), body]
        )


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """127.0.0.1 and localhost are two origins with one server behind them."""

    async def page(turn: Turn) -> None:
        await turn.answer(b"<!doctype html><title>A chat page</title>", content_type="text/html")

    with LoopThread() as loop, open_browser() as browser:
        server = loop.open(ScriptedServer(page))
        named, stranger = (f"http://{host}:{server.port}" for host in ("127.0.0.1", "localhost"))
        environment = {"GATEWAY_CORS_ORIGINS": named}
        folder = tmp_path_factory.mktemp("cors")
        with open_house(folder, "one::first-token-0001\n", environment) as house:
            it = Pages(browser.new_page(), browser.new_page(), house)
            it.named.goto(named)
            it.stranger.goto(stranger)
            yield it


@pytest.mark.parametrize("stream", ["true", "false"])
def test_a_named_page_chats_as_openais_sdk_does(pages: Pages, stream: str) -> None:
    """With all of the SDK's headers; the page reads the answer and the headers behind it."""
    got = pages.ask(pages.named, "POST", "/v1/chat/completions", CHAT % stream, headers=SDK)
    assert got["status"] == 200, got
    assert got["text"].rstrip().endswith("[DONE]" if stream == "true" else "}")
    assert len(got["seen"]["x-request-id"]) == 32


def test_a_named_page_reads_its_errors(pages: Pages) -> None:
    """Without a word of them a person would look for the mistake in the browser."""
    wrong = BEARER | {"Authorization": "Bearer wrong"}
    for status, method, path, headers in (
        (401, "POST", "/v1/chat/completions", wrong),
        (400, "POST", "/v1/chat/completions", BEARER),
        (404, "POST", "/v1/audio/speech", BEARER),
        (405, "GET", "/v1/chat/completions", BEARER),
    ):
        body = "{" if method == "POST" else None
        got = pages.ask(pages.named, method, path, body, headers=headers)
        assert (got["status"], '"error"' in got["text"]) == (status, True), got


def test_a_named_page_does_not_manage(pages: Pages) -> None:
    """Not even with the operator's key, and nothing of what it tries is done."""
    for method, path, body in (
        ("GET", "/api/credentials", None),
        ("DELETE", "/api/credentials/one", None),
        ("PATCH", "/api/credentials/one", '{"enabled":false}'),
        ("POST", "/get-tokeninfo", None),
        ("POST", "/update-tokeninfo", '{"tokens":""}'),
        ("GET", "/logs", None),
    ):
        got = pages.ask(pages.named, method, path, body)
        assert (got["status"], "text" in got) == (0, False), (method, path, got)
    (credential,) = pages.house.credentials()
    assert (credential["alias"], credential["enabled"]) == ("one", True)


def test_a_strangers_page_gets_nowhere(pages: Pages) -> None:
    """Even with a right key it sends no chat, and reads not what is open to everybody."""
    before = len(pages.house.simulator.requests)
    for method, path, body in (
        ("POST", "/v1/chat/completions", CHAT % "false"),
        ("GET", "/v1/models", None),
        ("GET", "/api/credentials", None),
        ("POST", "/get-tokeninfo", None),
    ):
        got = pages.ask(pages.stranger, method, path, body)
        assert (got["status"], "text" in got) == (0, False), (method, path, got)
    got = pages.ask(pages.stranger, "GET", "/v1/models", headers={})
    assert got["status"] == 0
    assert len(pages.house.simulator.requests) == before
