"""The fuzz program in its short form: ten thousand damaged inputs for each decoder."""

from __future__ import annotations

import random
import time

import pytest

from tests.fuzz import fuzz_wire


@pytest.mark.parametrize("target", sorted(fuzz_wire.TARGETS))
def test_ten_thousand_damaged_inputs(target: str) -> None:
    """No hang, no crash, no reading that depends on the chunks or differs from the plain one."""
    assert fuzz_wire.run([target], seed=7, seconds=50, case_count_max=10_000) == []


def test_a_finding_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A case that fails ends the run with its number, and runs again alone."""

    def breaks(source: random.Random) -> None:
        assert source.random() < 0.9, "the tenth stone"

    monkeypatch.setitem(fuzz_wire.TARGETS, "sse", breaks)
    assert fuzz_wire.main(["--cases", "1000", "--seconds", "30"]) == 1
    told = capsys.readouterr().out
    assert "the tenth stone" in told
    again = told.rsplit("again: python -m tests.fuzz.fuzz_wire ", 1)[1].split()
    assert again[:4] == ["--seed", "1", "--only", "sse"]
    assert fuzz_wire.main(again) == 1
    assert fuzz_wire.main(["--only", "envelope", "--case", "0"]) == 0


def test_a_case_that_runs_away_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each case has a second or two, not the timeouts of whoever started the run."""
    monkeypatch.setitem(fuzz_wire.TARGETS, "sse", lambda _: time.sleep(0.02))
    monkeypatch.setattr(fuzz_wire, "CASE_S_MAX", 0.01)
    (failure,) = fuzz_wire.run(["sse"], seed=1, seconds=5, case_count_max=3)
    assert "took" in failure.words
