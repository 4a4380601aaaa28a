"""Framing and bounds of answers, whatever their events say."""

from __future__ import annotations

import pytest

from cursor_api.domain.deltas import Delta, Finished, FinishReason, NativeBatch, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.events import PIECE_BYTES_MAX, StreamDecoder, WholeDecoder
from cursor_api.wire.sse import Event

END = Finished(FinishReason.STOP)


class Echo:
    """An API whose events are words; `end` ends it, and `bad` is no event of it."""

    def __init__(self) -> None:
        self.is_stated = False
        self.seen: list[Event] = []

    def take_event(self, event: Event, deltas: list[Delta]) -> bool:
        """Each event comes here once, as it was."""
        self.seen.append(event)
        if event.data == "bad":
            raise Fault(FaultKind.PROTOCOL_ERROR, "bad")
        if event.data == "last":
            self.is_stated = True
        elif event.data != "end":
            deltas.append(TextDelta(event.data))
        return event.data == "end"

    def hides(self, event: Event) -> bool:
        """The end is not for the caller."""
        assert event is self.seen[-1]
        return event.data == "end"

    def take_whole(self, body: bytes, deltas: list[Delta]) -> None:
        """A body is one word."""
        deltas.append(TextDelta(body.decode()))

    def finish(self, deltas: list[Delta]) -> None:
        """Only what was stated is whole."""
        if not self.is_stated:
            raise Fault(FaultKind.INCOMPLETE, "cut")
        deltas.append(END)


def test_what_came_whole_before_a_fault_is_given_first() -> None:
    """And the fault stays the end, without another byte from the network."""
    decoder = StreamDecoder(Echo())
    assert decoder.feed(b"data: a\n\ndata: bad\n\ndata: b\n\n") == [TextDelta("a")]
    for _ in range(2):
        with pytest.raises(Fault) as caught:
            decoder.check()
        assert caught.value.kind is FaultKind.PROTOCOL_ERROR
    broken = StreamDecoder(Echo())
    assert broken.feed(b"data: a\n\ndata: \xff\n\n") == [TextDelta("a")]
    assert not broken.is_stated
    with pytest.raises(Fault, match="UTF-8"):
        broken.feed(b"")


def test_an_answer_ends_with_its_event_or_with_its_body() -> None:
    """What follows the end is not read."""
    echo = Echo()
    decoder = StreamDecoder(echo)
    assert decoder.feed(b"event: x\ndata: a\n\ndata: last\n\n") == [TextDelta("a")]
    assert decoder.is_stated
    assert decoder.feed(b"data: end\n\ndata: bad\n\n") == [END]
    assert decoder.is_finished
    assert echo.seen[0] == Event("x", "a")
    assert "bytes" in repr(decoder)


def test_one_piece_is_whole_with_the_end_of_its_body() -> None:
    """It is bounded."""
    echo = Echo()
    echo.is_stated = True
    decoder = WholeDecoder(echo)
    assert decoder.feed(b"wo") == decoder.feed(b"rd") == []
    assert decoder.feed(b"") == [TextDelta("word"), END]
    assert decoder.is_finished
    with pytest.raises(Fault) as caught:
        WholeDecoder(echo).feed(b"x" * (PIECE_BYTES_MAX + 1))
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR


def body_of(batch: object) -> bytes:
    """What came with a batch of the caller's own dialect."""
    assert isinstance(batch, NativeBatch)
    return batch.body


def test_events_of_the_callers_dialect_go_on_with_what_they_said() -> None:
    """Those that said nothing go with the next that did, and what is hidden goes nowhere."""
    decoder = StreamDecoder(Echo(), is_native=True)
    assert decoder.feed(b": a comment\n\nevent: x\ndata: last\n\n") == []
    batch = decoder.feed(b"data: a\n\ndata: b\n\n")
    assert batch == [TextDelta("a"), TextDelta("b")]
    assert body_of(batch) == b"event: x\ndata: last\n\ndata: a\n\ndata: b\n\n"
    assert body_of(decoder.feed(b"data: end\n\n")) == b""


@pytest.mark.parametrize("is_native", [False, True])
def test_what_came_before_a_fault_goes_on_as_it_came(*, is_native: bool) -> None:
    """And the event that is none does not."""
    decoder = StreamDecoder(Echo(), is_native=is_native)
    batch = decoder.feed(b"data: a\n\ndata: bad\n\n")
    assert isinstance(batch, NativeBatch) is is_native
    assert not is_native or body_of(batch) == b"data: a\n\n"


def test_a_body_of_the_callers_dialect_goes_on_whole() -> None:
    """With its last byte."""
    echo = Echo()
    echo.is_stated = True
    decoder = WholeDecoder(echo, is_native=True)
    assert decoder.feed(b"wo") == decoder.feed(b"rd") == []
    assert body_of(decoder.feed(b"")) == b"word"
