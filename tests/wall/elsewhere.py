"""The sixteen before other kinds of upstreams, with what goes wrong only there.

The scenarios are those of the first table: what a client sees of a fault does not depend on the way
to the model. Credentials are keys of the configuration, which have names of the gateway's making.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from cursor_api.options.said import Words
from cursor_api.simulator.faults import Faults, HttpBody
from tests.wall import sixteen
from tests.wall.scenario import (
    FINE,
    MIDDLE,
    Afterwards,
    Ask,
    Attempt,
    Expect,
    Row,
    Scenario,
    Shape,
)
from tests.wall.sixteen import OVERLOADED, REFUSED, TOO_LONG, whole

# What these simulators call the errors that have numbers at Cursor.
_NAMED: Final = {
    TOO_LONG: Faults(error_before_text=1, error_title="context-too-long"),
    REFUSED: Faults(error_before_text=1, error_title="content-refused"),
}
_OVERLOADED_MID: Final = Faults(
    error_mid_stream=1, error_title="overloaded", fault_after_count=MIDDLE
)


# What ends otherwise where an answer in one piece is asked for as such.
_OTHERWISE_IN_ONE_PIECE: Final = frozenset(
    {
        *("no-response", "first-token-late", "stall-in-the-middle"),
        *("cut-in-the-middle", "cut-with-no-second-route", "malformed-frame", "missing-end"),
        "error-in-the-middle",
    }
)
_IN_ONE_PIECE: Final = (
    Scenario(
        key="cut-in-one-piece",
        name=Words("an answer in one piece, cut in the middle", "整体返回的回答中途断开"),
        credentials={"work": (sixteen.CUT,), "home": FINE},
        steps=(whole(("work", "incomplete"), ("home", "")),),
        after=Afterwards(resting={"work": "credential_failing"}),
    ),
    Scenario(
        key="malformed-in-one-piece",
        name=Words("an answer in one piece that is no JSON", "整体返回的回答不是 JSON"),
        credentials={"work": (Faults(malformed_message=1),), "home": FINE},
        steps=(whole(("work", "protocol_error"), ("home", "")),),
        after=Afterwards(resting={"work": "credential_failing"}),
    ),
)


class Told(NamedTuple):
    """What an error in the middle is told as; the status is seen where it is not streamed."""

    status: int
    code: str
    fault: str
    retry_after_s: range | None = None


class Elsewhere(NamedTuple):
    """Another kind of upstream, what people call it, and how it says that it is overloaded.

    `is_native`: it speaks the dialect of who asks here. An answer in one piece is asked for as such
    then: nothing of it counts before its end, and it may take its time.
    """

    kind: str
    name: str
    overloaded: Told
    is_native: bool


OPENAI: Final = Elsewhere(
    "openai",
    "OpenAI",
    Told(502, "upstream_error", "upstream_error"),
    is_native=True,
)
ANTHROPIC: Final = Elsewhere(
    "anthropic",
    "Anthropic",
    Told(503, "upstream_overloaded", "upstream_overloaded", range(1, 31)),
    is_native=False,
)
KINDS: Final = (OPENAI, ANTHROPIC)


def rows_of(elsewhere: Elsewhere) -> Iterator[Scenario]:
    """The sixteen but for the flapping one, whose clock is its own, and what comes on top."""
    rows: list[Row] = [*sixteen.ROWS, *_further(elsewhere.overloaded)]
    for row in rows:
        if isinstance(row, Scenario):
            moved = _moved(row, elsewhere)
            is_other = elsewhere.is_native and row.key in _OTHERWISE_IN_ONE_PIECE
            yield replace(moved, is_streamed=True) if is_other else moved
    if elsewhere.is_native:
        for row in _IN_ONE_PIECE:
            yield replace(_moved(row, elsewhere), is_streamed=False)


def _further(overloaded: Told) -> tuple[Row, ...]:
    return (
        Scenario(
            key="page-for-an-answer",
            name=Words("502 with a proxy's page, once", "一次 502，附带代理的网页"),
            credentials={
                "work": (Faults(http_error=1, http_status=502, http_body=HttpBody.HTML), *FINE)
            },
            steps=(whole(("work", "upstream_error"), ("work", "")),),
        ),
        Scenario(
            key="error-in-the-middle",
            name=Words("an error event in the middle", "中途一个错误事件"),
            credentials={"work": (_OVERLOADED_MID,), "home": FINE},
            steps=(
                Ask(
                    Expect(
                        shape=Shape.BROKEN,
                        status=overloaded.status,
                        code=overloaded.code,
                        retry_after_s=overloaded.retry_after_s,
                        attempts=(("work", overloaded.fault),),
                    )
                ),
            ),
        ),
        Scenario(
            key="529",
            name=Words("529 from one credential", "一个凭据返回 529"),
            credentials={"work": (replace(OVERLOADED, http_status=529),), "home": FINE},
            steps=(whole(("work", "upstream_overloaded"), ("home", "")),),
            after=Afterwards(resting={"work": "credential_failing"}),
        ),
    )


def _moved(row: Scenario, elsewhere: Elsewhere) -> Scenario:
    """The same scenario before another kind of upstream."""
    kind = elsewhere.kind
    numbered = {alias: f"{kind}-{at}" for at, alias in enumerate(row.credentials, 1)}
    aliases = numbered if len(numbered) > 1 else dict.fromkeys(numbered, kind)
    after = replace(
        row.after,
        resting={aliases[alias]: cause for alias, cause in row.after.resting.items()},
    )
    return replace(
        row,
        key=f"{kind}-{row.key}",
        name=Words(f"{elsewhere.name}: {row.name.en}", f"{elsewhere.name}：{row.name.zh}"),
        credentials={
            aliases[alias]: tuple(_NAMED.get(one, one) for one in faults)
            for alias, faults in row.credentials.items()
        },
        steps=tuple(
            _renamed(step, aliases) if isinstance(step, Ask) else step for step in row.steps
        ),
        after=after,
        kind=kind,
    )


def _renamed(step: Ask, aliases: Mapping[str, str]) -> Ask:
    expect: Expect = step.expect
    attempts: tuple[Attempt, ...] = tuple(
        (aliases[alias], fault) for alias, fault in expect.attempts
    )
    headers = {name: aliases.get(value, value) for name, value in step.headers.items()}
    return replace(step, expect=replace(expect, attempts=attempts), headers=headers)


ROWS: Final[tuple[Row, ...]] = tuple(row for kind in KINDS for row in rows_of(kind))
