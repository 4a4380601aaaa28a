"""What is of this store alone; the contract suite has what all of them promise."""

from __future__ import annotations

from cursor_api.domain.periods import Moment, Span
from cursor_api.domain.quota import NOTHING, Admitted, Claim, Limits
from cursor_api.ports.limits import Settlement
from cursor_api.stores.memory_limits import MemoryLimitStore
from tests.fakes import StillClock

LIMITS = Limits(concurrent_max=2)


def _claim(number: int) -> Claim:
    return Claim("alice", str(number), LIMITS, NOTHING, Moment(0.0, Span("2025-06-01", 0.0, 1.0)))


async def test_it_tells_what_it_holds() -> None:
    """Nothing of a request that is over stays behind."""
    store = MemoryLimitStore(StillClock())
    for number in range(100):
        assert isinstance(await store.admit(_claim(number)), Admitted)
        assert repr(store) == "MemoryLimitStore(keys=1, held=1)"
        store.settle(Settlement("alice", str(number), NOTHING, None))
    assert repr(store) == "MemoryLimitStore(keys=1, held=0)"


async def test_a_wall_clock_that_jumps_moves_nothing() -> None:
    """Leases and minutes go by the clock that never does."""

    class Jumping(StillClock):
        def now(self) -> float:
            raise AssertionError("nobody asks the wall clock")

        def monotonic(self) -> float:
            return self.seconds

    store = MemoryLimitStore(Jumping())
    assert isinstance(await store.admit(_claim(1)), Admitted)
