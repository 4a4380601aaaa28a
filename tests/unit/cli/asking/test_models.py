"""The models of the running gateway."""

from __future__ import annotations

import json
import re

import pytest

from cursor_api.cli import main
from tests.unit.cli.gateway_stage import ListingGateway

pytestmark = pytest.mark.usefixtures("demo_folder")


def test_they_are_listed_with_what_they_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    """One a line; whole for scripts."""
    assert main(["models"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"^gpt-demo +yes +yes .*demo-openai/gpt-demo$", said, re.MULTILINE)
    assert re.search(r"^gpt-4o-mini +no ", said, re.MULTILINE)
    assert main(["models", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert "gpt-demo" in [one["id"] for one in listed]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"data": []}', "has no models"),
        (b'{"data": [3]}', "is not this gateway"),
        (b'{"data": [{"id": "m", "cursor_api": 3}]}', "is not this gateway"),
        (b"<html>", "is not this gateway"),
    ],
)
def test_what_is_no_list_is_said(
    scripted: ListingGateway, capsys: pytest.CaptureFixture[str], body: bytes, words: str
) -> None:
    """One sentence, and a failure."""
    scripted.body = body
    assert main(["models", "--url", scripted.url]) == 1
    assert words in capsys.readouterr().err


def test_another_gateways_list_has_names_alone(
    scripted: ListingGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not said is not claimed."""
    scripted.body = b'{"data": [{"id": "m"}]}'
    assert main(["models", "--url", scripted.url]) == 0
    assert re.search(r"^m +- +- +- +-$", capsys.readouterr().out, re.MULTILINE)
