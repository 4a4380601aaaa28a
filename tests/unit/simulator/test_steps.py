from __future__ import annotations

import random

import pytest

from cursor_api.simulator.faults import Faults
from cursor_api.simulator.steps import (
    BodyStep,
    Data,
    Ending,
    Pause,
    cut_body,
    group_writes,
    split_writes,
)


def split(faults: Faults, *steps: BodyStep) -> list[BodyStep]:
    """The writes of these steps."""
    return list(split_writes(iter(steps), faults, random.Random(1)))


def test_frames_leave_in_groups_and_keep_their_pace() -> None:
    """What the model took for each is what it took for all."""
    frames = [Data(letter.encode(), 0.5) for letter in "abcde"]
    assert list(group_writes(iter([*frames, Ending.COMPLETE]), 2)) == [
        Data(b"ab", 1.0),
        Data(b"cd", 1.0),
        Data(b"e", 0.5),
        Ending.COMPLETE,
    ]


def test_a_pause_is_not_crossed() -> None:
    """Frames before it leave before it."""
    steps: list[BodyStep] = [Data(b"a"), Pause(1), Data(b"b"), Data(b"c"), Ending.RESET]
    assert list(group_writes(iter(steps), 9)) == [
        Data(b"a"),
        Pause(1),
        Data(b"bc"),
        Ending.RESET,
    ]


@pytest.mark.parametrize("at", range(7))
def test_a_body_is_cut_at_any_byte(at: int) -> None:
    """So many bytes, then the given ending; a body that is shorter ends as it would have."""
    steps: list[BodyStep] = [Data(b"abc"), Data(b"def"), Ending.COMPLETE]
    cut = list(cut_body(iter(steps), at, Ending.RESET))
    body = b"".join(step.data for step in cut if isinstance(step, Data))
    assert body == b"abcdef"[:at]
    assert cut[-1] is (Ending.RESET if at < 6 else Ending.COMPLETE)


def test_byte_by_byte_is_every_byte() -> None:
    """The pace follows the last one."""
    pieces = split(Faults(split_bytes_max=1), Data(b"abc", 0.5), Ending.COMPLETE)
    assert pieces == [Data(b"a"), Data(b"b"), Data(b"c", 0.5), Ending.COMPLETE]


def test_given_places_are_cut_across_writes() -> None:
    """Offsets count from the beginning of the body; those on a border change nothing."""
    faults = Faults(split_at=(5, 1, 3))
    assert split(faults, Data(b"abc"), Data(b"def"), Ending.COMPLETE) == [
        Data(b"a"),
        Data(b"bc"),
        Data(b"de"),
        Data(b"f"),
        Ending.COMPLETE,
    ]


def test_drawn_pieces_lose_nothing() -> None:
    """None is longer than asked, with pauses between them if wanted."""
    data = bytes(range(256))
    pieces = split(Faults(split_bytes_max=7, split_pause_s=0.1), Data(data))
    written = [piece.data for piece in pieces if isinstance(piece, Data)]
    assert b"".join(written) == data
    assert {len(piece) for piece in written} <= set(range(1, 8))
    assert pieces.count(Pause(0.1)) == len(written) - 1


def test_without_splitting_nothing_changes() -> None:
    """Steps pass through."""
    steps: tuple[BodyStep, ...] = (Data(b"abc"), Pause(1), Ending.HALF_CLOSE)
    assert tuple(split(Faults(), *steps)) == steps
