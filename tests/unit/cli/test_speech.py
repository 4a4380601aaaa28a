"""Which stream a command speaks on."""

from __future__ import annotations

import pytest

from cursor_api.cli.speech import complain, say


def test_results_and_complaints_go_different_ways(capsys: pytest.CaptureFixture[str]) -> None:
    """So that `cursor-api ... > file` holds the result alone."""
    say("result")
    complain("trouble")
    assert capsys.readouterr() == ("result\n", "trouble\n")
