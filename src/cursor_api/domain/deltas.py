"""What an upstream's answer is made of, in the order it arrives.

A stream of deltas is whole only when its last delta is a `Finished`; an upstream that stops
without one raises a Fault instead of ending.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

from cursor_api.domain.value import Value


class TextDelta(Value, frozen=True):
    """A piece of the answer; never trimmed, never empty."""

    text: str


class ReasoningDelta(Value, frozen=True):
    """A piece of what a thinking model thought before or between its answer; never empty."""

    text: str


class ReasoningSealed(Value, frozen=True):
    """Ends a block of reasoning that a later request must bring back as it was.

    `redacted` is the block itself where the upstream shows it to nobody.
    """

    signature: str
    redacted: str = ""


class RefusalDelta(Value, frozen=True):
    """A piece of the words with which the model refuses to answer; never empty."""

    text: str


class ToolCallBegun(Value, frozen=True):
    """The model calls a tool. `call` is the number of the call in its answer, from 0."""

    call: int
    id: str
    name: str

    @property
    def text(self) -> str:
        """The part that the model wrote, which counts as output."""
        return self.name


class ToolArgumentsDelta(Value, frozen=True):
    """A piece of a call's arguments, which are JSON text; never empty."""

    call: int
    text: str


class Citation(Value, frozen=True):
    """A page or document the answer leans on.

    Its words are the characters from `start` up to `end`; 0 and 0 where the upstream does not say.
    """

    url: str
    title: str
    start: int = 0
    end: int = 0


class CitationDelta(Value, frozen=True):
    """Sources, as they become known."""

    citations: tuple[Citation, ...]


class StatusDelta(Value, frozen=True):
    """What the upstream is busy with ("Reading links"); an empty message clears it."""

    message: str


class FinishReason(enum.Enum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    REFUSED = "refused"


class UsageSource(enum.Enum):
    """Who counted: the upstream itself, or an estimate of ours."""

    UPSTREAM = "upstream"
    ESTIMATED = "estimated"


# For what every request asks: in its class, Python 3.11 takes long to find a member.
ESTIMATED: Final = UsageSource.ESTIMATED


class Usage(Value, frozen=True):
    """Tokens (units of model text) of one answer.

    Of the input, `cache_read_count` came from the upstream's cache and `cache_written_count` went
    into it; of the output, `reasoning_count` was thought and not said.
    """

    input_count: int
    output_count: int
    source: UsageSource
    cache_read_count: int = 0
    cache_written_count: int = 0
    reasoning_count: int = 0

    @property
    def total_count(self) -> int:
        """Input and output together."""
        return self.input_count + self.output_count


class InputCount(Value, frozen=True):
    """How many tokens a request has, and who counted them."""

    tokens_count: int
    source: UsageSource


class Finished(Value, frozen=True):
    """The last delta of every whole answer. `usage` is None where the upstream counts nothing.

    `is_stated`: the upstream itself gave the reason, so that an answer is whole though nothing was
    said in it. `stop_text` is the one of the caller's stop texts that ended it.
    """

    reason: FinishReason
    usage: Usage | None = None
    is_stated: bool = False
    stop_text: str | None = None


Delta = (
    TextDelta
    | ReasoningDelta
    | ReasoningSealed
    | RefusalDelta
    | ToolCallBegun
    | ToolArgumentsDelta
    | CitationDelta
    | StatusDelta
    | Finished
)


class NativeBatch(list[Delta]):
    """Deltas with the bytes that said them, from an upstream of the caller's own dialect.

    `body` goes to the caller in place of what its dialect would make of the deltas: whole events
    of a stream, or the whole body of an answer in one piece. Like every batch it is never empty.
    """

    __slots__ = ("body",)

    def __init__(self, deltas: Iterable[Delta], body: bytes) -> None:
        super().__init__(deltas)
        self.body = body

    def __repr__(self) -> str:
        return f"NativeBatch({super().__repr__()}, {len(self.body)} bytes)"


Content = TextDelta | ReasoningDelta | RefusalDelta | ToolCallBegun | ToolArgumentsDelta
# What commits an answer, and whose `text` is counted as output: `type(delta) in CONTENT`.
CONTENT = frozenset({TextDelta, ReasoningDelta, RefusalDelta, ToolCallBegun, ToolArgumentsDelta})
