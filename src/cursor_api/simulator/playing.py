"""How an answer over plain HTTP goes, with what chance has put in its way. Pure.

Every kind of upstream whose answers are HTTP statuses, JSON and server-sent events is played here:
it says what its bytes are, and this file when they come and where they stop.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cursor_api.simulator.faults import Faults, Mishap
from cursor_api.simulator.plain import SIGN_IN_PAGE, http_error
from cursor_api.simulator.steps import (
    BodyStep,
    Data,
    Ending,
    Head,
    Pause,
    Step,
    cut_body,
    group_writes,
    split_writes,
)

# An answer may be endless: the middle is looked for among its first pieces.
MIDDLE_PIECES_MAX = 24
# A reset may overtake what was sent before it; this one shall not.
RESET_AFTER_END_S = 0.1

_ENDINGS = {
    Mishap.RESET_MID_STREAM: Ending.RESET,
    Mishap.HALF_CLOSE_MID_STREAM: Ending.HALF_CLOSE,
    Mishap.BODY_ENDS_MID_STREAM: Ending.COMPLETE,
}


class Fate(NamedTuple):
    """What chance has decided for one request; `chance` decides the rest."""

    faults: Faults
    mishaps: frozenset[Mishap]
    chance: random.Random

    @classmethod
    def of(cls, ordinal: int, faults: Faults) -> Fate:
        """That of the request that arrived as number `ordinal`."""
        chance = faults.chance_for(ordinal)
        return cls(faults, faults.draw(chance), chance)

    @property
    def stop(self) -> Ending | None:
        """How the answer stops in the middle, None where it does not."""
        return next((end for mishap, end in _ENDINGS.items() if mishap in self.mishaps), None)

    def early_steps(self, encode_json: Callable[[int, str], bytes]) -> Iterator[Step] | None:
        """The whole answer when something goes wrong before the request is even looked at."""
        faults = self.faults
        if Mishap.SILENCE in self.mishaps:
            return iter((Pause(faults.silence_s), Ending.RESET))
        if Mishap.RESET_BEFORE_HEADERS in self.mishaps:
            return iter((Pause(faults.headers_delay_s), Ending.RESET))
        if Mishap.HTTP_ERROR in self.mishaps:
            return iter((Pause(faults.headers_delay_s), *http_error(faults, encode_json)))
        if Mishap.WRONG_CONTENT_TYPE in self.mishaps:
            return iter((Pause(faults.headers_delay_s), *SIGN_IN_PAGE))
        return None


@dataclass(frozen=True, slots=True)
class Script:
    """The bytes of a good answer, and of what may come in its place.

    `opening` comes before what the model says, `pieces` are what it says, `ending` tells that this
    was all. `error` tells of a failure in the middle, `malformed` is a piece that is none.
    """

    head: Head
    pieces: Iterable[bytes]
    opening: tuple[bytes, ...] = ()
    ending: tuple[bytes, ...] = ()
    error: bytes = b""
    malformed: bytes = b""

    @classmethod
    def whole(cls, head: Head, body: bytes) -> Script:
        """An answer in one piece, whose middle is that of its bytes."""
        middle = len(body) // 2
        return cls(head, (body[:middle],), ending=(body[middle:],), malformed=b'\x00{"')


def play(script: Script, fate: Fate) -> Iterator[Step]:
    """The steps of an answer, with its mishaps."""
    faults = fate.faults
    yield Pause(faults.headers_delay_s)
    yield script.head
    body = group_writes(_pieces(script, fate), faults.frames_per_write)
    stop = fate.stop
    if faults.cut_at_bytes is not None and stop is not None:
        body = cut_body(body, faults.cut_at_bytes, stop)
    yield from split_writes(body, faults, fate.chance)


def _pieces(script: Script, fate: Fate) -> Iterator[BodyStep]:
    faults = fate.faults
    yield from (Data(piece) for piece in script.opening)
    if faults.first_text_delay_s:
        yield Pause(faults.first_text_delay_s)
    pieces = iter(() if Mishap.NO_TEXT in fate.mishaps else script.pieces)
    first = list(itertools.islice(pieces, MIDDLE_PIECES_MAX))
    pace_s = 1 / faults.tokens_per_s if faults.tokens_per_s else 0.0
    drawn = fate.chance.randint(1, max(1, len(first) - 1))
    middle_at = drawn if faults.fault_after_count is None else faults.fault_after_count
    # A place behind the last piece means just before the end.
    for at, piece in enumerate(itertools.chain(first, pieces, (None,))):
        if at == middle_at or (piece is None and at < middle_at):
            for step in _middle(piece or b"", script, fate):
                yield step
                if isinstance(step, Ending):
                    return
        if piece is not None:
            yield Data(piece, pace_s)
    yield from _end(script, fate, first)


def _middle(piece: bytes, script: Script, fate: Fate) -> Iterator[BodyStep]:
    """What happens in the middle, before `piece`; an Ending is the last of it."""
    if Mishap.STALL_MID_STREAM in fate.mishaps:
        yield Pause(fate.faults.stall_s)
    if Mishap.MALFORMED_MESSAGE in fate.mishaps:
        yield Data(script.malformed)
    if Mishap.ERROR_MID_STREAM in fate.mishaps:
        yield from (Data(script.error), Ending.COMPLETE)
        return
    stop = fate.stop
    if stop is not None and fate.faults.cut_at_bytes is None:
        # Between two pieces, or inside one.
        cut = piece[: fate.chance.randrange(max(1, len(piece)))]
        if cut:
            yield Data(cut)
        yield stop


def _end(script: Script, fate: Fate, first: list[bytes]) -> Iterator[BodyStep]:
    mishaps = fate.mishaps
    ending = [Data(piece) for piece in script.ending]
    if Mishap.MISSING_END not in mishaps:
        yield from ending
    if Mishap.DUPLICATE_END in mishaps:
        yield from ending
    if Mishap.CONTRADICTED_END in mishaps and script.error:
        yield Data(script.error)
    if Mishap.TRAILING_BYTES in mishaps:
        yield from (Data(piece) for piece in first[:1])
    if Mishap.RESET_AFTER_END in mishaps:
        yield from (Pause(RESET_AFTER_END_S), Ending.RESET)
        return
    yield Ending.COMPLETE
