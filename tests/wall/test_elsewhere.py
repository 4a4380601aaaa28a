"""The sixteen before other kinds of upstreams: all of a kind at once, as most of it is waiting."""

from __future__ import annotations

import asyncio

import pytest

from tests.wall.bridge import ENDPOINT
from tests.wall.check import check
from tests.wall.elsewhere import KINDS
from tests.wall.run import ELSEWHERE


@pytest.mark.parametrize("kind", [*(one.kind for one in KINDS), ENDPOINT])
async def test_the_client_sees_the_truth(kind: str) -> None:
    """Whole answers are whole, errors are errors, and the page says what was seen."""
    rows = [row for key, row in ELSEWHERE.items() if key.startswith(f"{kind}-")]
    assert len(rows) > len("sixteen")
    found = await asyncio.gather(*(check(row) for row in rows), return_exceptions=True)
    told = [f"{row.key}: {one}" for row, one in zip(rows, found, strict=True) if one]
    assert not told, "\n".join(told)
