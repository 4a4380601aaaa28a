"""One account is bad and another one good: nobody is refused what the good one has."""

from __future__ import annotations

from typing import Final

from cursor_api.options.said import Words
from cursor_api.simulator.faults import Faults
from tests.wall.further import busy
from tests.wall.scenario import FINE, Afterwards, Row, Scenario
from tests.wall.sixteen import OVERLOADED, whole

RESET: Final = Faults(reset_before_headers=1)
# The first that can, always: the bad account is met by every request that may meet it.
FIRST: Final = {"POOL_POLICY": "fill_first"}
DEEPER: Final = "tests/unit/service/inference/test_search_suspects.py"

ROWS: Final[tuple[Row, ...]] = (
    Scenario(
        key="one-bad-account",
        name=Words(
            "503 from one account and answers from the other, ten requests",
            "一个账号返回 503，另一个正常回答，十次请求",
        ),
        credentials={"work": (OVERLOADED,), "home": FINE},
        steps=(
            whole(("work", "upstream_overloaded"), ("home", "")),
            *(whole(("home", "")) for _ in range(9)),
        ),
        after=Afterwards(resting={"work": "credential_failing"}),
        deeper=DEEPER,
    ),
    Scenario(
        key="accounts-that-turn-bad",
        name=Words(
            "one account after another is reset, with hardly a retry allowed (`fill_first`)",
            "账号接连被重置连接，几乎不允许重试（`fill_first`）",
        ),
        credentials={
            "work": (Faults(), RESET),
            "home": (Faults(), RESET),
            "spare": (Faults(), RESET),
            "last": FINE,
        },
        steps=(
            whole(("work", "")),
            whole(("work", "unreachable"), ("home", "")),
            whole(("home", "unreachable"), ("spare", "")),
            whole(("spare", "unreachable"), ("last", "")),
            whole(("last", "")),
        ),
        after=Afterwards(resting=dict.fromkeys(("work", "home", "spare"), "credential_failing")),
        settings=FIRST | {"GATEWAY_RETRY_PERCENT": "1"},
        deeper=DEEPER,
    ),
    Scenario(
        key="one-account-asks-for-time",
        name=Words(
            "503 with Retry-After: 20 from one account, answers from the other (`fill_first`)",
            "一个账号返回 503 带 Retry-After: 20，另一个正常回答（`fill_first`）",
        ),
        credentials={"work": (Faults(), busy(20)), "home": FINE},
        steps=(
            whole(("work", "")),
            whole(("work", "upstream_overloaded"), ("home", "")),
            whole(("home", "")),
        ),
        after=Afterwards(resting={"work": "credential_failing"}),
        settings=FIRST,
        deeper=DEEPER,
    ),
)
