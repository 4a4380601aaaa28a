"""`/sim …` in a message."""

from __future__ import annotations

import pytest

from cursor_api.simulator.cursor_sdk.directives import ROWS, obey
from cursor_api.simulator.cursor_sdk.options import BridgeFaults


@pytest.mark.parametrize("pattern", [row[0] for row in ROWS])
def test_every_row_of_the_table_changes_what_it_says(pattern: str) -> None:
    """Each row's keys are fields of the faults."""
    spelled = pattern.replace("(.+)", "[internal] Error").replace(r"(\d+)", "12")
    changed = obey(f"some text\n/sim {spelled}\nmore", BridgeFaults())
    assert (changed == BridgeFaults()) is (pattern == "ok")


def test_what_is_unknown_or_not_on_its_own_line_changes_nothing() -> None:
    """A question about the simulator is not an order to it."""
    assert obey("/sim nonsense\nwhat is /sim reset", BridgeFaults()) == BridgeFaults()
