"""Texts that wait, and those that stay in memory."""

from __future__ import annotations

from cursor_api.stores.records.transcribed import KeptTranscripts, WaitingTranscripts, read_all
from tests.fakes import StillClock
from tests.records import Spoken

DAY = 24 * 3600


def test_what_waits_is_taken_with_its_request() -> None:
    """Once."""
    waiting = WaitingTranscripts()
    for one in ("a", "b", "c"):
        waiting.add(Spoken(one))
    assert waiting.find(["a", "x"]) == [Spoken("a").content()]
    assert read_all(waiting.take(["a", "c", "x"])) == [Spoken(n).content() for n in ("a", "c")]
    assert waiting.take(["a"]) == []
    assert (len(waiting), repr(waiting)) == (1, "WaitingTranscripts(1, 17 characters)")


def test_what_waits_is_bounded() -> None:
    """What there is no room for is counted."""
    waiting = WaitingTranscripts(length_max=40)
    for one in ("a", "b", "c"):
        waiting.add(Spoken(one))
    assert (len(waiting), waiting.lost_count) == (2, 1)
    waiting.take(["a"])
    waiting.add(Spoken("d"))
    assert (len(waiting), waiting.lost_count) == (2, 1)


def test_a_store_in_memory_forgets_the_oldest() -> None:
    """For want of room, and after some days, though nothing new comes."""
    clock = StillClock()
    kept = KeptTranscripts(clock, days=7, length_max=40)
    for one in ("a", "b", "b", "c"):
        kept.add(Spoken(one))
        clock.seconds += DAY
    assert [one.id for one in kept.find(["a", "b", "c"])] == ["b", "c"]
    assert repr(kept) == "KeptTranscripts(2, 34 characters)"
    kept.forget("b")
    kept.forget("b")
    clock.seconds += 5 * DAY
    assert [one.id for one in kept.find(["b", "c"])] == ["c"]
    clock.seconds += 2 * DAY
    assert kept.find(["c"]) == []
