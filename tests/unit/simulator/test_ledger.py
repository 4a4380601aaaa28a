from __future__ import annotations

import asyncio

import pytest

from cursor_api.simulator.ledger import Ledger, PlayedAnswer, PlayOutcome


def exchange(ordinal: int) -> PlayedAnswer:
    """One that was played."""
    return PlayedAnswer(ordinal, PlayOutcome.PLAYED, frozenset(), 0)


async def test_idle_means_that_every_answer_has_ended() -> None:
    """It waits for the last one."""
    ledger = Ledger(10)
    await asyncio.wait_for(ledger.wait_idle(), 10)
    ledger.begin()
    ledger.begin()
    ledger.end(exchange(0))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ledger.wait_idle(), 0.01)
    ledger.end(exchange(1))
    await asyncio.wait_for(ledger.wait_idle(), 10)
    assert ledger.active_count == 0
    assert repr(ledger) == "<Ledger 0 active, 2 kept>"


def test_only_the_last_exchanges_are_kept() -> None:
    """A soak run keeps no more than the bound."""
    ledger = Ledger(3)
    for ordinal in range(10):
        ledger.begin()
        ledger.end(exchange(ordinal))
    assert [kept.ordinal for kept in ledger.played] == [7, 8, 9]
