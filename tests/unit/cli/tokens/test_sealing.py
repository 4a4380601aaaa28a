"""`cursor-api token sealing-key`."""

from __future__ import annotations

import pytest

from cursor_api.cli.command import main
from cursor_api.options.sealing_keys import read_keys


def test_a_key_is_made_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Another one each time, as the setting wants it."""
    assert [main(["token", "sealing-key"]) for _ in range(2)] == [0, 0]
    assert len(set(read_keys(capsys.readouterr().out))) == 2
