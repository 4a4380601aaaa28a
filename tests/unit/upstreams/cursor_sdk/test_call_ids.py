"""Ids of calls that wait, and what another node says to them."""

from __future__ import annotations

import re

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.cursor_sdk.call_ids import WaitingCallIds
from tests.fakes import StillClock

# What OpenAI takes at most, and what Anthropic takes at all.
LENGTH_MAX = 40
FORM = re.compile(r"[a-zA-Z0-9_-]+")


class Others:
    """Implements `ports.Nodes`: one node, and those that it knows."""

    def __init__(self, name: str, *others: str) -> None:
        self.name = name
        self.others = set(others)

    def is_another(self, name: str) -> bool:
        """See ports.Nodes."""
        return name in self.others


def test_ids_are_random_and_such_as_every_api_takes() -> None:
    """Whether they name a node or not; 120 bits and more."""
    for nodes in (None, Others("0123ab")):
        ids = WaitingCallIds(nodes, StillClock(), 300.0)
        made = {ids.make() for _ in range(100)}
        assert len(made) == 100
        assert all(len(one) <= LENGTH_MAX and FORM.fullmatch(one) for one in made)
        assert len({one[-20:] for one in made}) == 100


def test_a_result_is_refused_by_every_node_but_the_one_that_waits() -> None:
    """It is told which one that is, as long as that one serves and may still wait."""
    clock = StillClock()
    there = WaitingCallIds(Others("aaaaaa"), clock, 300.0)
    known = Others("bbbbbb", "aaaaaa")
    here = WaitingCallIds(known, clock, 300.0)
    theirs = there.make()
    with pytest.raises(Fault, match="the node aaaaaa, and this is the node bbbbbb") as raised:
        here.require_own(["call_of_somebody", theirs])
    assert raised.value.kind is FaultKind.WRONG_NODE
    # Its own, which no longer waits; and those that no node of several has made.
    for ids in (
        [here.make()],
        [WaitingCallIds(None, clock, 300.0).make()],
        ["call_1"],
        [theirs + "x"],
    ):
        here.require_own(ids)
    known.others.clear()
    here.require_own([theirs])
    known.others.add("aaaaaa")
    clock.seconds += 360.0
    here.require_own([theirs])


def test_one_process_alone_refuses_nothing() -> None:
    """Ids of the time when it was one of several are unknown to it, as after every start."""
    clock = StillClock()
    WaitingCallIds(None, clock, 300.0).require_own(
        [WaitingCallIds(Others("aaaaaa"), clock, 300.0).make()]
    )
