"""`cursor-api price …` within this process, on a file of its own."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from cursor_api.cli import main

Read = pytest.CaptureFixture[str]


def price(*arguments: str) -> int:
    """The command's exit status."""
    return main(["price", *arguments])


def test_a_price_is_entered_listed_and_taken_away(capsys: Read) -> None:
    """Without a day it holds from today on."""
    assert price("list") == 0
    assert "There are no prices" in capsys.readouterr().out
    assert price("set", "gpt-*", "--input", "2.50", "--output", "10", "--source", "the maker") == 0
    today = dt.datetime.now(dt.UTC).date().isoformat()
    assert f"cost $2.5 in and $10 out from {today} on" in capsys.readouterr().out
    more = ("--cache-read", "0", "--cache-written", "3.125", "--from", "2026-01-01")
    assert price("set", "m", "--input", "1", "--output", "2", "--source", "s", *more) == 0
    capsys.readouterr()
    assert price("list") == 0
    table = capsys.readouterr().out
    assert "as input" in table
    assert "$3.125" in table
    assert price("list", "--json") == 0
    prices = json.loads(capsys.readouterr().out)["prices"]
    assert [(one["model"], one["cache_read"]) for one in prices] == [("gpt-*", None), ("m", "0")]
    assert price("remove", "m", "--from", "2026-01-01") == 0
    assert price("remove", "m", "--from", "2026-01-01") == 1
    assert "no price of 'm'" in capsys.readouterr().err


def test_a_price_without_a_source_is_refused(capsys: Read) -> None:
    """Nobody could tell where it is from."""
    assert price("set", "m", "--input", "1", "--output", "2", "--source", "") == 1
    assert "say where the figures are from" in capsys.readouterr().err
