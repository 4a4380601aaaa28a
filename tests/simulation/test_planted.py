"""The judges of the simulated worlds find what is put there for them to find."""

from __future__ import annotations

import pytest

from tests.simulation.planted import BUGS, SLOW_TO_FIND, find


@pytest.mark.parametrize("name", [name for name in BUGS if name not in SLOW_TO_FIND])
def test_a_planted_bug_is_found(name: str) -> None:
    """Within the hundred seeds of the tests; the others are looked for by `make soak`."""
    assert find(name, range(100)) is not None
