"""Connections that were kept for the next request, and are dead when it comes."""

from __future__ import annotations

from typing import Final

from cursor_api.options.said import Words
from cursor_api.simulator.faults import Faults
from tests.wall.scenario import Ask, Expect, Scenario, Shape
from tests.wall.sixteen import whole


def thrice(status: int, code: str, fault: str, *, is_upstream_asked: bool = True) -> Ask:
    """A request that fails for good: two credentials, three attempts."""
    return Ask(
        Expect(
            shape=Shape.REFUSED,
            status=status,
            code=code,
            attempts=tuple((alias, fault) for alias in ("work", "home", "work")),
            is_upstream_asked=is_upstream_asked,
        )
    )


KEPT: Final = (
    Scenario(
        key="kept-connection-dead",
        name=Words(
            "connections that were kept are dead, and so is every new one: each try is counted",
            "保留的连接已失效，新连接也全部失败：每次尝试都计数",
        ),
        credentials={
            alias: (Faults(), Faults(reset_before_headers=1)) for alias in ("work", "home")
        },
        steps=(
            whole(("work", "")),
            whole(("home", "")),
            thrice(502, "upstream_unreachable", "unreachable"),
        ),
        deeper="tests/unit/transport/test_faults.py",
    ),
    Scenario(
        key="kept-connection-dead-once",
        name=Words("one connection that was kept is dead", "一个保留的连接已失效"),
        credentials={"work": (Faults(), Faults(reset_before_headers=1), Faults())},
        steps=(whole(("work", "")), whole(("work", "unreachable"), ("work", ""))),
        deeper="tests/unit/transport/test_faults.py",
    ),
)
