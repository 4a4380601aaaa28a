"""Failover as a decision."""

from __future__ import annotations

import pytest

from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.service.failover import Decision, decide


@pytest.mark.parametrize("kind", list(FaultKind))
def test_only_a_credentials_fault_is_worth_another_credential(kind: FaultKind) -> None:
    """A caller's mistake and a dead endpoint would fail again with any credential."""
    fault = Fault(kind, "")
    expected = Decision.ANOTHER_CREDENTIAL if fault.scope is Scope.CREDENTIAL else Decision.GIVE_UP
    assert decide(fault, 1, 3) is expected


def test_attempts_are_bounded() -> None:
    """Three credentials refusing one request is enough."""
    fault = Fault(FaultKind.RATE_LIMITED, "")
    assert decide(fault, 2, 3) is Decision.ANOTHER_CREDENTIAL
    assert decide(fault, 3, 3) is Decision.GIVE_UP
