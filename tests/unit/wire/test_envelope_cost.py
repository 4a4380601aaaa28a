"""What the decoder costs: against a reader that is not ours and against itself, in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable

from connectrpc._compression import resolve_compressions
from connectrpc._envelope import EnvelopeReader

from cursor_api.wire.envelope import EnvelopeDecoder, encode_envelope
from cursor_api.wire.sse import SSEDecoder

TEXT_FRAME = bytes.fromhex("00000000070a0548656c6c6f")
GZIP = resolve_compressions(None)["gzip"]


class PlainCodec:
    """A codec for `connectrpc` that hands on the bytes it is given."""

    def name(self) -> str:
        """What it is called."""
        return "plain"

    def encode(self, message: bytes) -> bytes:
        """The message itself."""
        return message

    def decode(self, data: bytes | bytearray, message_class: type[bytes]) -> bytes | bytearray:
        """The data itself."""
        del message_class
        return data


def least_cpu_s(*programs: Callable[[], object], rounds: int = 7) -> list[float]:
    """The least processor time of each program, the rounds interleaved."""
    least = [float("inf")] * len(programs)
    for _ in range(rounds):
        for index, program in enumerate(programs):
            started_s = time.process_time()
            program()
            least[index] = min(least[index], time.process_time() - started_s)
    return least


def feed_all(feed: Callable[[bytes], object], pieces: list[bytes]) -> None:
    """Feed every piece."""
    for piece in pieces:
        feed(piece)


def cut(data: bytes, size_bytes: int) -> list[bytes]:
    """The data in pieces of one size."""
    return [data[at : at + size_bytes] for at in range(0, len(data), size_bytes)]


def test_the_usual_case_costs_less_than_another_reader() -> None:
    """Sixteen whole text frames in a read, which is how a busy upstream's answer arrives.

    Measured at a third; the limit leaves room for a busy machine.
    """
    reads = [TEXT_FRAME * 16] * 250

    def ours() -> None:
        decoder = EnvelopeDecoder(1 << 22, 1 << 22)
        assert [len(decoder.feed(read)) for read in reads] == [16] * 250

    def theirs() -> None:
        reader = EnvelopeReader(bytes, PlainCodec(), GZIP, 1 << 22)
        assert [len(list(reader.feed(read))) for read in reads] == [16] * 250

    our_s, their_s = least_cpu_s(ours, theirs)
    assert our_s < their_s * 0.6


def test_a_frame_in_small_pieces_costs_no_more_per_byte_when_it_is_larger() -> None:
    """Sixteen times the bytes cost about sixteen times as much; a copy per piece would cost 256."""
    small, large = (encode_envelope(bytes(size)) for size in (1 << 15, 1 << 19))

    def program(pieces: list[bytes]) -> Callable[[], None]:
        return lambda: feed_all(EnvelopeDecoder(1 << 22, 1 << 22).feed, pieces)

    small_s, large_s = least_cpu_s(program(cut(small, 8)), program(cut(large, 8)))
    assert large_s < small_s * 64


def test_a_line_in_small_pieces_costs_no_more_per_byte_when_it_is_longer() -> None:
    """The same of an event stream's lines."""
    small, large = (b"data: " + b"x" * size + b"\n\n" for size in (1 << 15, 1 << 19))

    def program(pieces: list[bytes]) -> Callable[[], None]:
        return lambda: feed_all(SSEDecoder(1 << 22).feed, pieces)

    small_s, large_s = least_cpu_s(program(cut(small, 8)), program(cut(large, 8)), rounds=4)
    assert large_s < small_s * 64
