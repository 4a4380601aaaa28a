"""`cursor-api doctor`, as its users run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cursor_api.cli import main
from tests.unit.cli.gateway_folder import run


def test_it_teaches_by_example(capsys: pytest.CaptureFixture[str]) -> None:
    """Its help has lines that can be typed, and says what is spent."""
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "\n  cursor-api doctor\n" in said
    assert "ask before spending anything" in said


def test_an_empty_folder(tmp_path: Path) -> None:
    """What is missing, each with what to do; exit status 1."""
    done = run(tmp_path, "doctor", "--json")
    assert (done.status, done.err) == (1, "")
    report = json.loads(done.out)
    problems = [one for one in report["checks"] if one["verdict"] == "problem"]
    assert [one["area"] for one in problems] == ["settings", "credentials"]
    assert "openssl rand" in problems[0]["message"]
    assert "token import" in problems[1]["advice"]
    assert report["version"]
