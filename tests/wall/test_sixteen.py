"""The sixteen scenarios of the wall, each by four ways of asking."""

from __future__ import annotations

import pytest

from tests.wall.check import check
from tests.wall.run import SIXTEEN


@pytest.mark.parametrize("key", SIXTEEN)
async def test_the_client_sees_the_truth(key: str) -> None:
    """Whole answers are whole, errors are errors, and the page says what was seen."""
    await check(SIXTEEN[key])


def test_they_are_sixteen() -> None:
    """No more and no less, as the page says."""
    assert len(SIXTEEN) == 16
