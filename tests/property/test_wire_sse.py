"""Event streams in every chunking, cut and mutated; and against the openai SDK's own reader."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from openai._streaming import SSEDecoder as TheirDecoder

from cursor_api.wire.sse import Event, encode_event
from cursor_api.wire.sse_text import encode_comment
from tests.examples import examples
from tests.fuzz.wire_models import (
    COMPLETE,
    CUT,
    Reading,
    model_events,
    pieces_of,
    read_events,
)

MANY = examples(300)

texts = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    ["", "[DONE]", "\n", "\r", "\r\n", " a", ":", "a\u2028b", "世界 🙂", "\ufeff"]
)
names = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=8)
blocks = st.one_of(
    st.tuples(texts, names).map(lambda pair: encode_event(*pair)),
    texts.map(encode_comment),
)
streams = st.lists(blocks, max_size=8).map(b"".join)
# Everything that means something to a reader of events, in any order.
fragments = st.lists(
    st.sampled_from(["data", "event", "id", "retry", "data:", "event: ", "id:", "retry:"])
    .flatmap(lambda name: st.sampled_from(["", ":", "x", "12", "\0", "é"]).map(name.__add__))
    .map(str.encode)
    | st.sampled_from([b"\xef\xbb\xbf", b"\n", b"\r", b"\r\n", b"\n\n", b"\xff", b" ", b":"]),
    max_size=30,
).map(b"".join)
cuts = st.lists(st.integers(0, 300), max_size=8)


def normalised(text: str) -> str:
    """Line ends as a reader gives them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@MANY
@given(st.lists(st.tuples(texts, names), max_size=8), cuts)
def test_whatever_is_written_is_read(written: list[tuple[str, str | None]], at: list[int]) -> None:
    """Events come back in order with their text, however the bytes are cut."""
    data = b"".join(encode_event(text, name) for text, name in written)
    events = tuple(Event(name or "message", normalised(text)) for text, name in written)
    assert read_events(pieces_of(data, at)) == Reading(events, COMPLETE)


@MANY
@given(fragments | st.binary(max_size=40) | streams, cuts)
def test_any_bytes_in_any_pieces(data: bytes, at: list[int]) -> None:
    """Whole, in pieces and byte by byte: what the plain second reading finds."""
    expected = model_events(data)
    assert read_events([data]) == expected
    assert read_events(pieces_of(data, at)) == expected
    assert read_events([data[i : i + 1] for i in range(len(data))]) == expected


@MANY
@given(streams, st.data())
def test_a_cut_stream_shows(data: bytes, draw: st.DataObject) -> None:
    """A prefix gives a prefix of the events; where it ends within a block, that is seen."""
    cut = draw.draw(st.integers(0, len(data)))
    whole = read_events([data])
    reading = read_events([data[:cut]])
    assert reading.things == whole.things[: len(reading.things)]
    # A cut inside a character is a cut as well, not bad text.
    assert reading.verdict in {COMPLETE, CUT}
    if reading.verdict == COMPLETE:
        assert read_events([data[cut:]]).things == whole.things[len(reading.things) :]


@MANY
@given(st.binary(max_size=60) | fragments, st.integers(0, 40), cuts)
def test_the_limit_in_any_pieces(data: bytes, event_bytes_max: int, at: list[int]) -> None:
    """Whether an event is over the limit does not depend on how the network cut it."""
    whole = read_events([data], event_bytes_max)
    assert read_events(pieces_of(data, at), event_bytes_max) == whole
    assert read_events([data[i : i + 1] for i in range(len(data))], event_bytes_max) == whole


@MANY
@given(streams, cuts)
def test_the_openai_sdk_reads_the_same(data: bytes, at: list[int]) -> None:
    """A reader that is not ours finds the same events in what we write."""
    theirs = TheirDecoder().iter_bytes(iter(pieces_of(data, at)))
    found = tuple(Event(event.event or "message", event.data) for event in theirs)
    assert found == read_events([data]).things
