"""The steps an answer is played in, and the layers between frames and the socket. Pure.

Frames (what the stream says) are grouped into writes (frames that leave together), and those are
cut (where the body stops) and split. Each layer takes and gives steps, lazily, so an answer may
be of any length, and knows nothing of the layer around it.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Iterator
from dataclasses import dataclass

from cursor_api.simulator.faults import Faults


class Ending(enum.Enum):
    """How the connection is left after an answer."""

    COMPLETE = "complete"  # the HTTP answer ends as it should; the connection is kept
    RESET = "reset"  # RST
    HALF_CLOSE = "half_close"  # FIN, without the end of the HTTP body


@dataclass(frozen=True, slots=True)
class Head:
    """The status line and headers of an answer."""

    status: int
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of the body that leave in one write; `pace_s` is how long the model took for them."""

    data: bytes
    pace_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing for so long."""

    seconds: float


BodyStep = Data | Pause | Ending
Step = Head | BodyStep


def group_writes(steps: Iterator[BodyStep], frames_per_write: int) -> Iterator[BodyStep]:
    """Put so many frames into each write, fewer before a pause and at the end."""
    held: list[Data] = []
    for step in steps:
        if isinstance(step, Data):
            held.append(step)
            if len(held) < frames_per_write:
                continue
        if held:
            yield _join(held)
            held.clear()
        if not isinstance(step, Data):
            yield step


def cut_body(steps: Iterator[BodyStep], at_bytes: int, ending: Ending) -> Iterator[BodyStep]:
    """Stop the body after `at_bytes`; one that is shorter ends as it would have."""
    left_bytes = at_bytes
    for step in steps:
        if isinstance(step, Data):
            if len(step.data) > left_bytes:
                yield from (Data(step.data[:left_bytes]), ending)
                return
            left_bytes -= len(step.data)
        yield step


def split_writes(
    steps: Iterator[BodyStep], faults: Faults, chance: random.Random
) -> Iterator[BodyStep]:
    """Cut writes where `split_at` and `split_bytes_max` say."""
    if not faults.split_bytes_max and not faults.split_at:
        yield from steps
        return
    sent_bytes = 0
    for step in steps:
        if not isinstance(step, Data):
            yield step
            continue
        data = step.data
        while True:
            size = len(data)
            if faults.split_bytes_max:
                size = min(size, chance.randint(1, faults.split_bytes_max))
            marks = (at - sent_bytes for at in faults.split_at)
            size = min([size, *(ahead for ahead in marks if ahead > 0)])
            if size >= len(data):
                break
            yield Data(data[:size])
            if faults.split_pause_s:
                yield Pause(faults.split_pause_s)
            sent_bytes += size
            data = data[size:]
        yield Data(data, step.pace_s)
        sent_bytes += len(data)


def _join(frames: list[Data]) -> Data:
    if len(frames) == 1:
        return frames[0]
    return Data(b"".join(frame.data for frame in frames), sum(frame.pace_s for frame in frames))
