"""One clock for all that is waited for, in virtual time."""

from __future__ import annotations

import asyncio
import math

from cursor_api.watch import LOOK_S, Watch
from tests.simulation.virtual_loop import run_virtually


class Waiting:
    """Something that is waited for; notes when it expired."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.expired_at: list[float] = []

    def expire(self) -> None:
        """See Watched."""
        self.expired_at.append(asyncio.get_running_loop().time())


def run(*deadlines: float, until: float = 100.0) -> list[list[float]]:
    """When things with these limits expired, watched from the beginning on."""

    async def main() -> list[list[float]]:
        watch, loop = Watch(), asyncio.get_running_loop()
        found = [Waiting(deadline) for deadline in deadlines]
        for one in found:
            watch.add(one, loop)
        await asyncio.sleep(until)
        watch.close()
        return [one.expired_at for one in found]

    return run_virtually(main())


def test_each_expires_once_and_on_time() -> None:
    """In whatever order the limits come, and two at the same moment."""
    assert run(5.0, 1.0, 1.0, 30.0) == [[5.0], [1.0], [1.0], [30.0]]


def test_what_nobody_waits_for_does_not_expire() -> None:
    """Infinity is no limit, and one that is discarded is forgotten."""
    assert run(math.inf, 200.0, 2.0) == [[], [], [2.0]]


def test_a_limit_that_moves_is_kept() -> None:
    """Later without a word; nearer when it is told."""

    async def main() -> None:
        watch, loop = Watch(), asyncio.get_running_loop()
        later, nearer, gone = Waiting(1.0), Waiting(math.inf), Waiting(1.0)
        for one in (later, nearer, gone):
            watch.add(one, loop)
        later.deadline = 7.0
        watch.discard(gone)
        await asyncio.sleep(2)
        nearer.deadline = 3.0
        watch.expect(nearer.deadline, loop)
        assert repr(watch) == "Watch(2)"
        await asyncio.sleep(10)
        assert (later.expired_at, nearer.expired_at, gone.expired_at) == ([7.0], [3.0], [])
        assert repr(watch) == "Watch(0)"

    run_virtually(main())


def test_limits_that_are_over_one_after_the_other_cost_few_looks() -> None:
    """Each look goes over all of them; a limit is noticed a moment later for that."""
    count = 1000
    (found, *others) = run(*(1.0 + at * 0.01 for at in range(count)))
    looks = {found[0], *(one[0] for one in others)}
    assert len(looks) <= count * 0.01 / LOOK_S + 2
    for at, (expired_at,) in enumerate([found, *others]):
        assert 0 <= expired_at - (1.0 + at * 0.01) <= LOOK_S
