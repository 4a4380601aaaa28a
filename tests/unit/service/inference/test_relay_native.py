"""Batches with the upstream's own bytes on their way through the relay."""

from __future__ import annotations

from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    NativeBatch,
    StatusDelta,
    TextDelta,
    Usage,
    UsageSource,
)
from tests.fakes import Step
from tests.unit.service.inference.test_relay import INCOMING, House

COUNTED = Usage(3, 1, UsageSource.UPSTREAM)


async def bodies(*steps: Step) -> tuple[bytes, Finished]:
    """All bytes of an answer, and its end."""
    found, last = [], None
    async with House({"a": list(steps)}).relay.open(INCOMING) as exchange:
        async for batch in exchange:
            assert isinstance(batch, NativeBatch)
            found.append(batch.body)
            last = batch[-1]
    assert isinstance(last, Finished)
    return b"".join(found), last


def said(body: bytes, *deltas: Delta) -> NativeBatch:
    """What came, and what it said."""
    return NativeBatch(deltas, body)


async def test_nothing_of_what_came_is_lost_before_and_after_the_commit_point() -> None:
    """What said nothing yet goes out with the first text."""
    end = Finished(FinishReason.STOP, COUNTED, is_stated=True)
    body, last = await bodies(
        said(b"1", StatusDelta("hm")), said(b"2", TextDelta("a")), said(b"3", end)
    )
    assert (body, last) == (b"123", end)


async def test_an_end_that_nobody_counted_keeps_its_bytes_and_is_estimated() -> None:
    """The caller's dialect decides whether the estimate is shown."""
    body, last = await bodies(
        said(b"1", TextDelta("abcd")), said(b"2", Finished(FinishReason.STOP))
    )
    assert body == b"12"
    assert last.usage is not None
    assert (last.usage.output_count, last.usage.source) == (1, UsageSource.ESTIMATED)
