"""Waiting tells what it has waited for in vain."""

from __future__ import annotations

import pytest

from tests.waiting import until, wait_until

LIMIT_S = 0.01


async def test_who_waits_in_vain_says_for_what_and_how_things_stand() -> None:
    """The condition as it is written, and what it looks at."""
    said, wanted = ["one"], "two"
    for _ in range(2):
        with pytest.raises(AssertionError) as told:
            await until(lambda: wanted in said, LIMIT_S)
        text = str(told.value)
        assert text.startswith("not within 0.01 s:\nawait until(lambda: wanted in said, LIMIT_S)")
        assert "said = ['one']" in text
        assert "wanted = 'two'" in text
    with pytest.raises(AssertionError, match=r"said = \['one'\]"):
        wait_until(lambda: wanted in said, LIMIT_S)


async def test_what_is_so_is_not_waited_for() -> None:
    """A coroutine function may say so, too."""
    asked: list[int] = []

    async def is_so() -> bool:
        asked.append(1)
        return len(asked) > 1

    await until(is_so)
    wait_until(lambda: asked)
    assert len(asked) == 2
