"""A row of the wall from its beginning to its report."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Final

from cursor_api.options.said import Words
from tests.wall import accounts, bridge, elsewhere, floods, further, machine, silence, sixteen
from tests.wall.house import Played, Seen, play
from tests.wall.judge import judge
from tests.wall.scenario import Cells, Report, Row, Scenario, Shape
from tests.wall.ways import RAW, SDK, Way

SIXTEEN: Final[dict[str, Row]] = {row.key: row for row in sixteen.ROWS}
FURTHER: Final[dict[str, Row]] = {
    row.key: row
    for row in (
        *further.ROWS,
        *accounts.ROWS,
        *silence.ROWS,
        *machine.ROWS,
        *floods.ROWS,
    )
}
ELSEWHERE: Final[dict[str, Row]] = {row.key: row for row in (*elsewhere.ROWS, *bridge.ROWS)}

# What a client of a broken gateway meets: nonsense, silence, a closed door.
BREAKDOWNS: Final = (AssertionError, TimeoutError, OSError)

NOTHING: Final = Words("", "")
NOT_ASKED: Final = Words("–", "–")
THEN: Final = Words("; then ", "；然后 ")
NONE: Final = Words("none", "无")
WHOLE: Final = Words("whole", "完整")
KEPT_ALIVE: Final = Words("comments, then whole", "注释，然后完整")
GONE: Final = Words("(gone)", "（已离开）")
ANSWERED: Final = Words("answered", "已回答")


async def run(row: Row) -> Report:
    """Play it by every way of asking; what breaks on the way is a complaint."""
    if not isinstance(row, Scenario):
        try:
            return await row.run()
        except BREAKDOWNS as error:
            return Report(Cells(NOTHING, NOTHING, NOTHING), (_told(error),))
    # The SDK is the second witness of the sixteen.
    all_ways = (*RAW, *SDK) if row.key in SIXTEEN else RAW
    ways = [way for way in all_ways if row.is_streamed in {None, way.is_stream}]
    found = await asyncio.gather(*(_play(row, way) for way in ways))
    complaints = [one for played in found for one in _complaints(played)]
    seen = {each.way: each.seen for each in found if isinstance(each, Played)}
    streamed, whole = (
        _shown_cell(seen.get(way, ()), seen.get(witness, ()))
        for way, witness in zip(RAW, SDK, strict=True)
    )
    attempts = _attempts_cell(seen.get(ways[0], ()))
    return Report(Cells(streamed, whole, attempts), tuple(complaints))


async def _play(scenario: Scenario, way: Way) -> Played | str:
    try:
        return await play(scenario, way)
    except BREAKDOWNS as error:
        return f"{way.name}: {_told(error)}"


def _told(error: BaseException) -> str:
    return f"{type(error).__name__} {error}"


def _complaints(played: Played | str) -> Sequence[str]:
    return [played] if isinstance(played, str) else judge(played)


def _shown_cell(seen: Sequence[Seen], witness: Sequence[Seen]) -> Words:
    """What the client saw, request by request, the SDK's exceptions in brackets."""
    errors = (one.got.error for one in witness)
    if not seen:
        return NOT_ASKED
    told = itertools.zip_longest(seen, errors, fillvalue="")
    return _in_turn([_describe(one, str(error)) for one, error in told if isinstance(one, Seen)])


def _describe(seen: Seen, error: str) -> Words:
    got = seen.got
    witness = f" (`{error}`)" if error else ""
    match got.shape:
        case Shape.WHOLE:
            return KEPT_ALIVE if got.is_kept_alive else WHOLE
        case Shape.LEFT:
            return GONE
        case Shape.BROKEN:
            return Words(
                f"a beginning, then the error event `{got.code}`{witness}",
                f"开头部分，然后是错误事件 `{got.code}`{witness}",
            )
        case Shape.LATE:
            return Words(
                f"comments, then the error event `{got.code}`",
                f"注释，然后是错误事件 `{got.code}`",
            )
        case Shape.REFUSED:
            has_wait = got.headers is not None and "retry-after" in got.headers
            told = f"{got.status} `{got.code}`{', Retry-After' if has_wait else ''}{witness}"
            return Words(told, told)


def _attempts_cell(seen: Sequence[Seen]) -> Words:
    """Who was asked and what came of it, request by request, by the gateway's record."""
    return _in_turn([_describe_attempts(one) for one in seen])


def _describe_attempts(seen: Seen) -> Words:
    attempts = seen.record["attempts"]
    if not attempts:
        return NONE
    told = [
        Words(
            *(
                f"{one['alias']} {fault}"
                for fault in (one["fault"] or ANSWERED.en, one["fault"] or ANSWERED.zh)
            )
        )
        for one in attempts
    ]
    return Words(" → ".join(one.en for one in told), " → ".join(one.zh for one in told))


def _in_turn(parts: Sequence[Words]) -> Words:
    """One after another; what comes several times in a row is counted."""
    told = []
    for part, same in itertools.groupby(parts):
        count = len(list(same))
        times = f"{count} × " if count > 1 else ""
        told.append(Words(times + part.en, times + part.zh))
    return Words(THEN.en.join(one.en for one in told), THEN.zh.join(one.zh for one in told))
