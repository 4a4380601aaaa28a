"""Stop texts and a limit on tokens, for upstreams that know neither.

Rules of this file:
- What is given reads as if the upstream had stopped there. A stop text is found however it is cut
  into deltas, so no more is held back than may be the beginning of one.
- Tokens are estimated as they are where usage is (usage.py).
- Thoughts and calls count against the limit, as they do at upstreams that know it; stop texts are
  looked for in the answer alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Final

from msgspec.structs import replace

from cursor_api.domain.deltas import (
    Content,
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
)
from cursor_api.domain.errors import invalid_request
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.service.inference.usage import BYTES_PER_TOKEN

# Each is looked for in each delta. Vendors allow 4 or 5 short ones.
STOP_COUNT_MAX: Final = 64
STOP_CHARS_MAX: Final = 1_024


class Truncation:
    """Where an answer ends: feed it the upstream's batches, send what it gives.

    Raises Fault(INVALID_REQUEST) for more stop texts, or longer ones, than can be looked for.
    """

    __slots__ = ("_bytes_left", "_held", "_stop", "is_finished")

    def __init__(self, output_count_max: int | None, stop: Sequence[str] = ()) -> None:
        self._bytes_left = None if output_count_max is None else output_count_max * BYTES_PER_TOKEN
        if len(stop) > STOP_COUNT_MAX or any(len(text) > STOP_CHARS_MAX for text in stop):
            raise invalid_request(
                f"At most {STOP_COUNT_MAX} stop texts of {STOP_CHARS_MAX} characters each are"
                " possible here.",
                code="invalid_value",
                param="stop",
            )
        self._stop = tuple(text for text in stop if text)
        # The end of what was said, where it may be the beginning of a stop text.
        self._held = ""
        self.is_finished = False

    def __repr__(self) -> str:
        return f"Truncation(bytes_left={self._bytes_left}, held={len(self._held)})"

    def take(self, batch: Sequence[Delta]) -> list[Delta]:
        """What of it to send, which may be nothing yet; with `is_finished` the answer is over."""
        found: list[Delta] = []
        for delta in batch:
            if type(delta) is TextDelta:
                self._say(delta.text, found)
            else:
                # Something else than text follows: the held text does not begin a stop text.
                held, self._held = self._held, ""
                self._give(held and TextDelta(held), found)
                self._pass(delta, found)
            if self.is_finished:
                break
        return found

    def _say(self, text: str, found: list[Delta]) -> None:
        said = self._held + text
        ends = [(at, stop) for stop in self._stop if (at := said.find(stop)) >= 0]
        at, stop_text = min(ends, default=(len(said), None))
        if stop_text is None:
            at -= max((_overlap_count(said, stop) for stop in self._stop), default=0)
        self._held = said[at:]
        self._give(said[:at] and TextDelta(said[:at]), found)
        if stop_text is not None:
            self._end(Finished(FinishReason.STOP, is_stated=True, stop_text=stop_text), found)

    def _pass(self, delta: Delta, found: list[Delta]) -> None:
        match delta:
            case ReasoningDelta() | RefusalDelta() | ToolArgumentsDelta() | ToolCallBegun():
                self._give(delta, found)
            case Finished():
                self._end(delta, found)
            case _:
                if not self.is_finished:
                    found.append(delta)

    def _give(self, delta: Content | str, found: list[Delta]) -> None:
        """Add a piece of the answer, or what of it there is room for."""
        if isinstance(delta, str) or self.is_finished:
            return
        if self._bytes_left is None:
            found.append(delta)
            return
        encoded = delta.text.encode()
        left = self._bytes_left - len(encoded)
        if left >= 0:
            self._bytes_left = left
            found.append(delta)
            return
        text = encoded[: self._bytes_left].decode(errors="ignore")
        # A call whose name would be cut is left out: half a name is another tool's.
        if text and not isinstance(delta, ToolCallBegun):
            found.append(replace(delta, text=text))
        self._end(Finished(FinishReason.LENGTH, is_stated=True), found)

    def _end(self, end: Finished, found: list[Delta]) -> None:
        if not self.is_finished:
            self.is_finished = True
            found.append(end)


def _overlap_count(said: str, stop: str) -> int:
    """How many of the last characters may be the first of the stop text."""
    longest = min(len(said), len(stop) - 1)
    return next((count for count in range(longest, 0, -1) if said.endswith(stop[:count])), 0)


class TruncatedAnswer:
    """An answer, ended where the caller wants it; leaving closes the upstream's."""

    __slots__ = ("_batches", "_opened", "_truncation")

    def __init__(
        self, opened: AbstractAsyncContextManager[DeltaBatches], truncation: Truncation
    ) -> None:
        self._opened = opened
        self._truncation = truncation

    async def __aenter__(self) -> DeltaBatches:
        self._batches = await self._opened.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._opened.__aexit__(kind, error, traceback)

    def __aiter__(self) -> AsyncIterator[Sequence[Delta]]:
        return self

    async def __anext__(self) -> Sequence[Delta]:
        if self._truncation.is_finished:
            raise StopAsyncIteration
        while True:
            batch = self._truncation.take(await self._batches.__anext__())
            if batch:
                return batch
