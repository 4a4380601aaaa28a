"""An answer cut into pieces, and what its deltas say together."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypeVar

from cursor_api.domain.deltas import Delta, ReasoningDelta, TextDelta

_Data = TypeVar("_Data", str, bytes)


def cut(data: _Data, places: Sequence[int]) -> list[_Data]:
    """It in pieces; a place behind its end counts from its beginning again."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def joined(deltas: Sequence[Delta]) -> tuple[str, str]:
    """(reasoning, text)."""
    return (
        "".join(delta.text for delta in deltas if isinstance(delta, ReasoningDelta)),
        "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)),
    )
