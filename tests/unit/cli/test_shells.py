"""How completion is called."""

from __future__ import annotations

import pytest

from cursor_api.cli import main
from cursor_api.cli.completion import completion
from cursor_api.cli.shells import SHELLS


def test_only_known_shells_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """The others are named."""
    with pytest.raises(SystemExit):
        main(["completion", "csh"])
    said = capsys.readouterr().err
    assert all(shell in said for shell in SHELLS)
    assert callable(completion)
