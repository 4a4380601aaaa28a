"""The line that reads answers, beside an HTTP client that is not ours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import h11
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.transport.line import Line

NAMES = st.sampled_from(["X-A", "x-b", "Content-Type", "Retry-After"])
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=4, unique_by=lambda one: one[0].lower())
BODIES = st.lists(st.binary(min_size=1, max_size=40), max_size=5)


class Transport:
    """Takes what is written, and notes whether it was ended."""

    def __init__(self) -> None:
        self.is_aborted = False

    def write(self, data: bytes) -> None:
        """Nothing is sent."""

    def abort(self) -> None:
        """Ended."""
        self.is_aborted = True

    def pause_reading(self) -> None:
        """It goes on all the same."""

    def resume_reading(self) -> None:
        """It does."""


class Owner:
    """Keeps nothing."""

    def take_back(self, line: Line) -> None:
        """Nothing is kept."""

    def forget(self, line: Line) -> None:
        """Nothing was."""


Read = tuple[int, dict[str, str], bytes, bool]


# Nothing runs on it: futures are of some loop.
LOOP = asyncio.new_event_loop()


def read_with_line(pieces: Sequence[bytes]) -> Read | None:
    """Status, headers, body and whether it is kept; None where it failed or is not whole."""
    line = Line(LOOP, Owner())
    line.connection_made(Transport())
    asking = line.ask(b"", b"")
    asking.send(None)
    for piece in pieces:
        line.data_received(piece)
    asking.close()
    if line.error is not None or not line.is_whole:
        return None
    body = line.take() if line.has_bytes() else b""
    return line.status, line.headers, body, line.is_kept


def read_with_h11(data: bytes) -> Read | None:
    """The same."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    head, body = None, b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            elif event is h11.NEED_DATA or event is h11.PAUSED:
                return None
    except h11.RemoteProtocolError:
        return None
    assert head is not None
    headers = {name.decode(): value.decode("utf-8", "replace") for name, value in head.headers}
    is_kept = connection.their_state is h11.DONE and connection.trailing_data[0] == b""
    return head.status_code, headers, body, is_kept


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Answers, their bodies framed in either way; some in front of them interim ones."""
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n"]))
    fields = "".join(f"{name}: {value}\r\n" for name, value in draw(FIELDS))
    pieces = draw(BODIES)
    if draw(st.booleans()):
        framing = "Transfer-Encoding: chunked\r\n"
        body = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"
    else:
        body = b"".join(pieces)
        framing = f"Content-Length: {len(body)}\r\n"
    status = draw(st.sampled_from([200, 206, 404, 429, 503]))
    return interim + f"HTTP/1.1 {status} X\r\n{fields}{framing}\r\n".encode() + body


@given(answers(), st.lists(st.integers(0, 400), max_size=6), st.integers(0, 3))
def test_an_answer_is_read_the_same_however_it_is_cut(
    answer: bytes, cuts: list[int], short: int
) -> None:
    """Whole, in pieces, and cut short by some bytes."""
    answer = answer[: len(answer) - short]
    ends = sorted({min(cut, len(answer)) for cut in cuts} | {0, len(answer)})
    pieces = [answer[a:b] for a, b in pairwise(ends) if b > a]
    assert read_with_line(pieces) == read_with_h11(answer)


@given(answers(), st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_answer_is_not_read_more_freely(answer: bytes, at: int, byte: int) -> None:
    """What ours takes, the other takes as well, and reads it so."""
    at = min(at, len(answer) - 1)
    damaged = answer[:at] + bytes([byte]) + answer[at + 1 :]
    ours = read_with_line([damaged])
    if ours is not None:
        theirs = read_with_h11(damaged)
        assert theirs is None or theirs[:3] == ours[:3]
