"""How the deltas of an answer end."""

from __future__ import annotations

import pytest

from cursor_api.domain.deltas import Finished, FinishReason, Usage, UsageSource
from cursor_api.domain.endings import get_usage, goes_on, has_no_call, is_incomplete
from cursor_api.domain.errors import SCOPES, Fault, FaultKind, Scope

USAGE = Usage(input_count=2, output_count=1, source=UsageSource.UPSTREAM)


def test_the_end_of_an_answer_says_what_it_cost() -> None:
    """As it was counted."""
    assert get_usage(Finished(FinishReason.STOP, USAGE)) is USAGE


def test_an_answer_that_nobody_counted_is_our_own_failure() -> None:
    """Never zeros."""
    with pytest.raises(Fault) as caught:
        get_usage(Finished(FinishReason.STOP))
    assert caught.value.kind is FaultKind.INTERNAL


def test_deltas_that_do_not_hold_together_are_the_upstreams_fault() -> None:
    """The caller did nothing wrong."""
    faults = [goes_on(), is_incomplete(), has_no_call()]
    assert [one.kind for one in faults] == [
        FaultKind.PROTOCOL_ERROR,
        FaultKind.INCOMPLETE,
        FaultKind.PROTOCOL_ERROR,
    ]
    assert {SCOPES[one.kind] for one in faults} == {Scope.ENDPOINT}
