"""The soak's stages at a size for every run of the tests; times are left unjudged here."""

from __future__ import annotations

import sys

import pytest

from tests.soak import departures, million, readers, rechunk
from tests.soak.figures import TINY, Run

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes are looked at as Linux shows them"
)


@pytest.mark.parametrize(
    "run",
    [departures.run, million.run, readers.run, rechunk.run],
    ids=lambda run: run.__module__.rpartition(".")[2],
)
@pytest.mark.timeout(120)
def test_a_small_soak_keeps_its_promise(run: Run) -> None:
    """Nothing leaks, breaks or is told wrongly; the gateway is a process of its own."""
    figures = run(TINY)
    assert figures
    assert [
        f"{figure.what}: {figure.measured}, not {figure.bar}"
        for figure in figures
        if not figure.is_kept and not figure.is_timing
    ] == []
