"""The console, opened by a command."""

from __future__ import annotations

import pytest

from cursor_api.cli import main
from cursor_api.cli.gateway.call import Call, GatewayAddress, fetch_json
from tests.unit.cli.demo_stage import KEY, RunningDemo
from tests.unit.cli.gateway_stage import ListingGateway

pytestmark = pytest.mark.usefixtures("demo_folder")


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the browser was given; a screen is there."""
    given: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")

    def open_page(url: str) -> bool:
        given.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", open_page)
    return given


def test_the_page_opens_with_a_code_that_signs_in_once(
    demo: RunningDemo, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """In the fragment, which no server is sent; the key is not in it."""
    assert main(["ui"]) == 0
    ((url,), said) = opened, capsys.readouterr().out
    page, _, code = url.partition("#code=")
    assert page == f"http://127.0.0.1:{demo.port}/tokeninfo"
    assert KEY not in url
    assert code not in said
    there = GatewayAddress(f"http://127.0.0.1:{demo.port}", None, "")
    assert fetch_json(there, Call("POST", "/api/ui-session", {"code": code})) == {"key": KEY}


def test_it_is_printed_for_a_browser_elsewhere(
    opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is opened."""
    assert main(["ui", "--print"]) == 0
    said = capsys.readouterr()
    assert "/tokeninfo#code=" in said.out
    assert (said.err, opened) == ("", [])


def test_without_a_screen_no_browser_of_text_is_opened(
    opened: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be a page without scripts, in this terminal."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert main(["ui"]) == 0
    said = capsys.readouterr()
    assert "/tokeninfo#code=" in said.out
    assert "within a minute" in said.err
    assert opened == []


def test_what_gives_no_code_is_said(
    scripted: ListingGateway, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An older gateway, or something else."""
    assert main(["ui", "--url", scripted.url]) == 1
    assert "sends no code" in capsys.readouterr().err
    assert main(["ui", "--url", "http://127.0.0.1:1"]) == 1
    assert opened == []
