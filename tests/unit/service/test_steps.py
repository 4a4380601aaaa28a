"""Large work in steps: one piece at a time, and everybody else between two steps."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Generator

import pytest

from cursor_api.service.steps import StepRunner


def work(name: str, step_count: int, done: list[str]) -> Generator[None, None, str]:
    """So many steps, each noted."""
    for step in range(step_count):
        if step:
            yield
        done.append(name)
    return name.upper()


async def test_small_work_is_done_at_once() -> None:
    """Without a pause, and without waiting for large work that is under way."""
    steps = StepRunner()
    done: list[str] = []
    large = asyncio.create_task(steps.run(work("a", 1000, done)))
    await asyncio.sleep(0)
    begun_count = len(done)
    assert await steps.run(work("b", 1, done)) == "B"
    assert done[begun_count:] == ["b"]
    large.cancel()


async def test_one_piece_of_work_is_under_way_at_a_time() -> None:
    """In the order in which they came; each has begun, to find out that it is large."""
    steps = StepRunner()
    done: list[str] = []
    results = await asyncio.gather(*(steps.run(work(name, 4, done)) for name in "abc"))
    assert results == ["A", "B", "C"]
    assert "".join(done) == "abcaaabbbccc"
    assert repr(steps) == "StepRunner(waiting=0)"


async def test_between_two_steps_everybody_else_has_a_turn() -> None:
    """The loop comes round once for each step, however many pieces of work there are."""
    steps = StepRunner()
    done: list[str] = []
    counts: list[int] = []

    async def look() -> None:
        while len(done) < 300:
            counts.append(len(done))
            await asyncio.sleep(0)

    await asyncio.gather(*(steps.run(work(name, 100, done)) for name in "abc"), look())
    assert max(after - before for before, after in itertools.pairwise(counts[1:])) == 1


async def test_what_follows_large_work_is_no_part_of_its_last_step() -> None:
    """Others have their turn before its owner goes on, with other large work perhaps."""
    steps = StepRunner()
    done: list[str] = []

    async def look() -> None:
        while len(done) < 4:
            await asyncio.sleep(0)
        done.append("turn")

    looking = asyncio.create_task(look())
    await steps.run(work("a", 4, done))
    await steps.run(work("b", 1, done))
    await looking
    assert done == [*"aaaa", "turn", "b"]


async def test_a_fault_and_a_cancellation_let_the_next_one_go_on() -> None:
    """Nothing stays taken."""
    steps = StepRunner()
    done: list[str] = []

    def fail() -> Generator[None, None, None]:
        yield
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await steps.run(fail())
    first = asyncio.create_task(steps.run(work("a", 1000, done)))
    second = asyncio.create_task(steps.run(work("b", 1000, done)))
    third = asyncio.create_task(steps.run(work("c", 3, done)))
    await asyncio.sleep(0)
    assert repr(steps) == "StepRunner(waiting=3)"
    second.cancel()
    first.cancel()
    assert await third == "C"
    assert repr(steps) == "StepRunner(waiting=0)"


async def test_a_fault_in_the_first_step_is_raised() -> None:
    """As from any other function."""

    def fail(number: int) -> Generator[None, None, None]:
        yield from (None for _ in range(1 // number))

    with pytest.raises(ZeroDivisionError):
        await StepRunner().run(fail(0))
