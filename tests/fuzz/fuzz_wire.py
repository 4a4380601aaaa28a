"""Damaged bytes for every decoder of the wire, for as long as you like.

    python -m tests.fuzz.fuzz_wire --seconds 60 --seed 1

Each case has a seed of its own, so one that fails runs alone: `--only envelope --case 1234`.
What must hold: a decoder ends, raises nothing but its own error, answers the same however its
input is cut, and agrees with the plain second reading in `wire_models.py`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cursor_api.wire.checksum import (
    ChecksumError,
    Variant,
    new_checksum,
    parse_checksum,
    refresh_checksum,
)
from cursor_api.wire.connect import (
    ConnectError,
    encode_end_stream,
    encode_envelope,
    encode_gzip_envelope,
    parse_end_stream,
    parse_error_json,
)
from cursor_api.wire.protobuf import (
    ProtobufError,
    encode_varint,
    field_bytes,
    field_double,
    field_string,
    field_varint,
    iter_fields,
)
from cursor_api.wire.sse import encode_event
from cursor_api.wire.sse_text import encode_comment
from tests.fuzz.wire_models import (
    Limits,
    model_envelopes,
    model_events,
    pieces_of,
    read_envelopes,
    read_events,
)

# No case has more than a few thousand bytes: one that takes longer has run away.
CASE_S_MAX = 2.0
WORDS = ["Hello", ", ", "世界", " 🙂\n", "    return 1\n", "", "\r\n", "x" * 300]
# Bytes that mean something to one of the decoders.
TELLING = [b"\0", b"\1", b"\2", b"\3", b"\x80", b"\xff", b"\n", b"\r", b":", b"{", b"}", b'"']


def mutated(data: bytes, source: random.Random) -> bytes:
    """The data with up to six bytes or stretches of bytes changed, moved, doubled or gone."""
    damaged = bytearray(data)
    for _ in range(source.randint(0, 6)):
        at = source.randint(0, len(damaged))
        end = at + source.choice([1, 1, 2, 5, 40])
        match source.randrange(6):
            case 0:
                damaged[at : at + 1] = bytes([source.randrange(256)])
            case 1:
                damaged[at:at] = source.choice(TELLING)
            case 2:
                del damaged[at:end]
            case 3:
                damaged[at:at] = damaged[at:end]
            case 4:
                stretch = damaged[at:end]
                del damaged[at:end]
                to = source.randint(0, len(damaged))
                damaged[to:to] = stretch
            case _:
                if source.random() < 0.2:
                    del damaged[at:]
    return bytes(damaged)


def cut_up(data: bytes, source: random.Random) -> list[bytes]:
    """The data in one-byte pieces or cut at a few places."""
    if source.random() < 0.2:
        return [data[at : at + 1] for at in range(len(data))]
    return pieces_of(data, [source.randint(0, len(data)) for _ in range(source.randint(0, 12))])


def envelope(source: random.Random) -> None:
    """A damaged answer."""
    texts = [source.choice(WORDS) for _ in range(source.randint(0, 12))]
    frames = [field_string(1, text) for text in texts]
    data = b"".join(
        source.choice([encode_envelope, encode_envelope, encode_gzip_envelope])(frame)
        for frame in frames
    )
    data = mutated(data + encode_end_stream(is_compressed=source.random() < 0.3), source)
    limits = Limits(
        source.choice([8, 320, 1 << 16, 1 << 16, 1 << 16, 1 << 16]),
        source.choice([8, 300, 1 << 16, 1 << 16, 1 << 16, 1 << 16]),
        accepts_gzip=source.random() < 0.9,
        expects_end_stream=source.random() < 0.9,
    )
    expected = model_envelopes(data, limits)
    for pieces in ([data], cut_up(data, source)):
        reading = read_envelopes(pieces, limits)
        assert reading == expected, (reading, expected, data, limits)


def end_of_stream(source: random.Random) -> None:
    """The JSON of an end-of-stream or an error body, damaged."""
    detail = {"type": "t.T", "value": "AQI", "debug": {"n": [1, None, 1.5, "é", True]}}
    error = {"code": "internal", "message": "no", "details": [detail] * source.randint(0, 3)}
    content = source.choice([{}, {"error": error}, {"metadata": {"a": ["b"]}}, error])
    payload = mutated(json.dumps(content, ensure_ascii=False).encode(), source)
    parse_error_json(payload)
    try:
        end = parse_end_stream(payload)
    except ConnectError:
        return
    assert (end.error is None) is (json.loads(payload).get("error") is None), payload


def protobuf(source: random.Random) -> None:
    """A damaged message."""
    inner = field_string(1, source.choice(WORDS)) + field_varint(2, source.getrandbits(64))
    message = field_bytes(source.choice([1, 15, 16, 2048]), inner) + field_double(3, 0.5)
    data = mutated(message * source.randint(0, 3), source)
    try:
        fields = list(iter_fields(data))
    except ProtobufError:
        return
    # Read back from what was understood, the message says the same.
    again = b"".join(
        encode_varint(number << 3 | kind)
        + (
            encode_varint(value)
            if isinstance(value, int)
            else (encode_varint(len(value)) if kind == 2 else b"") + value
        )
        for number, kind, value in fields
    )
    assert list(iter_fields(again)) == fields, data
    assert len(again) <= len(data), data


def checksum(source: random.Random) -> None:
    """A damaged checksum."""
    now_s = source.uniform(0, 4e9)
    whole = new_checksum(source.randbytes, now_s, variant=source.choice(list(Variant)))
    text = mutated(whole.encode(), source).decode("utf-8", "replace")
    fresh = refresh_checksum(text, now_s)
    try:
        parsed = parse_checksum(text)
    except ChecksumError:
        assert fresh == text, text
        return
    assert fresh[8:] == text[8:], text
    assert text[8:72] == parsed.machine_id, text
    assert parse_checksum(fresh).age_steps(now_s) == 0, text


def sse(source: random.Random) -> None:
    """A damaged event stream."""
    blocks = [
        encode_comment(source.choice(WORDS))
        if source.random() < 0.2
        else encode_event(source.choice(WORDS), source.choice([None, "delta"]))
        for _ in range(source.randint(0, 8))
    ]
    data = b"".join(blocks).replace(b"\n", source.choice([b"\n", b"\r", b"\r\n"]))
    data = mutated(source.choice([b"", b"\xef\xbb\xbf"]) + data, source)
    expected = model_events(data)
    for pieces in ([data], cut_up(data, source)):
        reading = read_events(pieces)
        assert reading == expected, (reading, expected, data)
    limit = source.choice([5, 40])
    assert read_events([data], limit) == read_events(cut_up(data, source), limit), data


TARGETS: dict[str, Callable[[random.Random], None]] = {
    target.__name__: target for target in (envelope, end_of_stream, protobuf, checksum, sse)
}


@dataclass(frozen=True)
class Failure:
    """A case that broke a promise."""

    target: str
    case: int
    words: str


def run_case(target: str, seed: int, case: int) -> Failure | None:
    """Run one case of one target; what went wrong, if anything did."""
    started_at = time.monotonic()
    try:
        TARGETS[target](random.Random(f"{seed}/{target}/{case}"))
    except Exception:  # noqa: BLE001 - whatever a decoder lets out is the finding
        return Failure(target, case, traceback.format_exc())
    duration_s = time.monotonic() - started_at
    if duration_s > CASE_S_MAX:
        return Failure(target, case, f"took {duration_s:.1f} s")
    return None


def run(targets: Sequence[str], seed: int, *, seconds: float, case_count_max: int) -> list[Failure]:
    """Run the targets in turn until the time or the count of cases is up, or one case fails."""
    until = time.monotonic() + seconds
    case = 0
    while case < case_count_max and time.monotonic() < until:
        failures = [found for target in targets if (found := run_case(target, seed, case))]
        if failures:
            return failures
        case += 1
    sys.stdout.write(f"seed {seed}: {case} cases each of {', '.join(targets)}: nothing found\n")
    return []


def main(arguments: Sequence[str] | None = None) -> int:
    """The program; 1 when a case failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=sys.maxsize, help="stop after so many")
    parser.add_argument("--only", choices=sorted(TARGETS), help="one target instead of all")
    parser.add_argument("--case", type=int, help="one case, to see it fail again")
    options = parser.parse_args(arguments)
    targets = [options.only] if options.only else list(TARGETS)
    if options.case is None:
        failures = run(targets, options.seed, seconds=options.seconds, case_count_max=options.cases)
    else:
        found = [run_case(target, options.seed, options.case) for target in targets]
        failures = [failure for failure in found if failure]
    for failure in failures:
        sys.stdout.write(
            f"{failure.words}\nagain: python -m tests.fuzz.fuzz_wire --seed {options.seed} "
            f"--only {failure.target} --case {failure.case}\n"
        )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
