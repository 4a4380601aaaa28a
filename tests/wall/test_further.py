"""The scenarios beyond the sixteen, streamed and in one piece."""

from __future__ import annotations

import pytest

from tests.wall.check import check
from tests.wall.page import FILES, HEAD, SECTION
from tests.wall.run import ELSEWHERE, FURTHER, SIXTEEN


@pytest.mark.parametrize("key", FURTHER)
async def test_the_client_sees_the_truth(key: str) -> None:
    """Whole answers are whole, errors are errors, and the page says what was seen."""
    await check(FURTHER[key])


@pytest.mark.parametrize("language", FILES)
def test_the_pages_have_every_row_in_its_order_and_no_other(language: str) -> None:
    """What was dropped from the wall is dropped from the pages."""
    path = next(path for name, path in FILES.items() if name == language)
    section = SECTION.find(path.read_text(encoding="utf-8"))
    rows = [line for line in section.splitlines() if line.startswith("| ") and "#" not in line[:4]]
    all_rows = [*SIXTEEN.values(), *FURTHER.values(), *ELSEWHERE.values()]
    assert [line.split(" | ")[0] for line in rows] == [
        f"| {n}" for n in range(1, len(all_rows) + 1)
    ]
    assert section.count(getattr(HEAD, language)) == 3
    for line, row in zip(rows, all_rows, strict=True):
        assert f" | {getattr(row.name, language)}" in line


def test_no_two_scenarios_share_a_key() -> None:
    """One would hide the other."""
    keys = [*SIXTEEN, *FURTHER, *ELSEWHERE]
    assert len(set(keys)) == len(keys)
