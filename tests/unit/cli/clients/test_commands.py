"""`cursor-api connect` and `cursor-api run`, as their users run them."""

from __future__ import annotations

import pytest

from cursor_api.cli import main


@pytest.mark.parametrize("name", ["connect", "run"])
def test_both_teach_by_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Their help has lines that can be typed."""
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"\n  cursor-api {name} claude-code" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["connect", "run"])
def test_a_client_that_is_none_gets_the_list(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And the nearest one."""
    assert main([name, "aidr"]) == 1
    said = capsys.readouterr().err
    assert "Did you mean aider?" in said
    assert "claude-code" in said
