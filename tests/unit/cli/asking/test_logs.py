"""What became of requests, shown by a command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from cursor_api.cli import main
from cursor_api.cli.asking.logs import SEEN_MAX
from tests.unit.cli.gateway_stage import ListingGateway

pytestmark = pytest.mark.usefixtures("demo_folder")


def row(number: int) -> dict[str, object]:
    """A request as the gateway tells it."""
    return {
        "id": f"{number:032x}",
        "started_at": "2026-11-01T12:00:00Z",
        "status": "success",
        "caller": "anna",
        "model": f"m{number}",
        "something_new": True,
    }


def page(*numbers: int) -> bytes:
    """Some of them, newest first."""
    return json.dumps({"requests": [row(number) for number in numbers]}).encode()


def turning(gateway: ListingGateway, pages: Iterator[bytes]) -> Callable[[float], None]:
    """In the place of a pause: the gateway's next page, and Ctrl-C behind the last."""

    def turn(_delay_s: float) -> None:
        body = next(pages, None)
        if body is None:
            raise KeyboardInterrupt
        gateway.body = body

    return turn


def test_what_was_asked_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Newest last, with why it failed; and one of them in full."""
    main(["chat", "--model", "gpt-demo", "hi"])
    main(["chat", "--model", "no-such-model", "hi"])
    capsys.readouterr()
    assert main(["logs"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("TIME ")
    assert "answered" in told[-2]
    assert "gpt-demo" in told[-2]
    assert told[-1].endswith("model_not_found")
    assert main(["logs", "--json", "-n", "1"]) == 0
    (found,) = map(json.loads, capsys.readouterr().out.splitlines())
    # It may be anything, a key too: what nobody serves is not kept.
    assert (found["model"], found["fault"]) == ("", "model_not_found")
    assert main(["logs", found["id"]]) == 0
    assert "model_not_found" in capsys.readouterr().out
    assert main(["logs", found["id"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == found["id"]


def test_the_filters_are_the_gateways(
    scripted: ListingGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not said is not sent; a time ago is a time."""
    scripted.body = page(2, 1)
    filters = ["--status", "failed", "--model", "a&b", "--since", "2h", "-n", "7"]
    assert main(["logs", "--url", scripted.url, *filters]) == 0
    assert [one.split()[-1] for one in capsys.readouterr().out.splitlines()[1:]] == ["m1", "m2"]
    asked = parse_qs(urlsplit(scripted.asked[-1].line.split()[1]).query)
    assert set(asked) == {"status", "model", "since", "count"}
    for name in ("answered", "success"):
        assert main(["logs", "--url", scripted.url, "--status", name]) == 0
        assert "status=success" in scripted.asked[-1].line
    assert (asked["model"], asked["count"]) == (["a&b"], ["7"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--since", "tomorrow"], "--since takes 30m"),
        (["-n", "0"], "-n takes"),
        (["--status", "lost"], "--status takes answered"),
        (["no-such-request"], "request"),
        (["--url", "http://127.0.0.1:1"], "cursor-api serve"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """The gateway's own where it is the gateway's."""
    assert main(["logs", *arguments]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("error: ")
    assert words in said.err.lower() + said.err


def test_nothing_found_is_said(
    scripted: ListingGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside the result, which is empty."""
    scripted.body = page()
    assert main(["logs", "--url", scripted.url]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "No finished request" in said.err


def test_another_versions_requests_are_said(
    scripted: ListingGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not guessed at."""
    scripted.body = b'{"requests": [{"id": 3}]}'
    assert main(["logs", "--url", scripted.url]) == 1
    assert "another version" in capsys.readouterr().err


def test_it_goes_on_with_those_that_end(
    scripted: ListingGateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each once, also one that began before others and ended after them."""
    pages = iter([page(5, 3), page(6, 5, 4, 3), page(6, 5, 4, 3)])
    scripted.body = page(3)
    monkeypatch.setattr("time.sleep", turning(scripted, pages))
    assert main(["logs", "-f", "--url", scripted.url]) == 130
    told = capsys.readouterr().out.splitlines()
    assert [one.split()[-1] for one in told[1:]] == ["m3", "m5", "m4", "m6"]


def test_what_was_shown_is_remembered_within_bounds(
    scripted: ListingGateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Far more than one look can bring again."""
    scripted.body = page(*range(SEEN_MAX + 500, 0, -1))
    pages = iter([page(*range(SEEN_MAX + 500, SEEN_MAX, -1))])
    monkeypatch.setattr("time.sleep", turning(scripted, pages))
    assert main(["logs", "-f", "--json", "--url", scripted.url]) == 130
    assert len(capsys.readouterr().out.splitlines()) == SEEN_MAX + 500
