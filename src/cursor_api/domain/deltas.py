"""What an upstream's answer is made of, in the order it arrives.

A stream of deltas is whole only when its last delta is a `Finished`; an upstream that stops
without one raises a Fault instead of ending.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer; never trimmed, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """A piece of what a thinking model thought before or between its answer; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A page or document the answer leans on."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class CitationDelta:
    """Sources, as they become known."""

    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class StatusDelta:
    """What the upstream is busy with ("Reading links"); an empty message clears it."""

    message: str


class FinishReason(enum.Enum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    REFUSED = "refused"


class UsageSource(enum.Enum):
    """Who counted: the upstream itself, or an estimate of ours."""

    UPSTREAM = "upstream"
    ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens (units of model text) of one answer."""

    input_count: int
    output_count: int
    source: UsageSource

    @property
    def total_count(self) -> int:
        """Input and output together."""
        return self.input_count + self.output_count


@dataclass(frozen=True, slots=True)
class Finished:
    """The last delta of every whole answer. `usage` is None where the upstream counts nothing."""

    reason: FinishReason
    usage: Usage | None = None


Delta = TextDelta | ReasoningDelta | CitationDelta | StatusDelta | Finished
