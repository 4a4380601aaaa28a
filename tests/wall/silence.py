"""Silence before the first text, for longer than proxies and clients sit still."""

from __future__ import annotations

from typing import Final

from cursor_api.options.said import Words
from cursor_api.simulator.faults import Faults
from tests.wall.scenario import FINE, Afterwards, Ask, Attempt, Expect, Row, Scenario, Shape

# The shortest there is: a comment comes in the second after.
KEEP_ALIVE: Final = {"GATEWAY_KEEP_ALIVE_S": "1"}
# One comment has come by then, and most often a second one.
SILENCE_S: Final = 3.0
DEEPER: Final = "tests/unit/web/inference/test_route.py"


def kept_alive(*attempts: Attempt) -> Ask:
    """A request whose answer is long in coming."""
    return Ask(Expect(attempts=attempts, is_kept_alive=True))


ROWS: Final[tuple[Row, ...]] = (
    Scenario(
        key="thinks-for-long",
        name=Words(
            "the first text comes late, and comments before it",
            "第一段文字很晚才来，此前有注释",
        ),
        credentials={"work": (Faults(first_text_delay_s=SILENCE_S),)},
        steps=(kept_alive(("work", "")),),
        settings=KEEP_ALIVE | {"CURSOR_FIRST_TOKEN_TIMEOUT_S": "10"},
        deeper=DEEPER,
    ),
    Scenario(
        key="failover-behind-comments",
        name=Words(
            "a long silence, and then another credential answers",
            "长时间静默，随后另一个凭据回答",
        ),
        credentials={"work": (Faults(silence=1),), "home": FINE},
        steps=(kept_alive(("work", "upstream_timeout"), ("home", "")),),
        after=Afterwards(resting={"work": "credential_silent"}),
        settings=KEEP_ALIVE | {"CURSOR_FIRST_TOKEN_TIMEOUT_S": f"{SILENCE_S:g}"},
        deeper=DEEPER,
    ),
    Scenario(
        key="failure-behind-comments",
        name=Words("a long silence that nobody ends", "长时间静默，始终无人回答"),
        credentials={"work": (Faults(silence=1),)},
        steps=(
            Ask(
                Expect(
                    shape=Shape.LATE,
                    status=504,
                    code="upstream_timeout",
                    attempts=(("work", "upstream_timeout"),),
                    is_kept_alive=True,
                )
            ),
        ),
        settings=KEEP_ALIVE | {"CURSOR_FIRST_TOKEN_TIMEOUT_S": f"{SILENCE_S:g}"},
        deeper=DEEPER,
    ),
)
