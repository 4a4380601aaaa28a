"""Faults are a closed set with a scope each."""

from __future__ import annotations

from cursor_api.domain.errors import SCOPES, Fault, FaultKind, LineProblem, Scope, StoreError


def test_every_kind_of_fault_blames_somebody() -> None:
    """The table is total: failover can judge any fault."""
    assert set(SCOPES) == set(FaultKind)


def test_a_fault_tells_its_kind_and_words() -> None:
    """What a log line or a failing test shows is enough to act on."""
    fault = Fault(FaultKind.RATE_LIMITED, "slow down", retry_after_s=3.0, upstream_code="X")
    assert fault.scope is Scope.CREDENTIAL
    assert (fault.retry_after_s, fault.upstream_code, fault.param) == (3.0, "X", None)
    assert repr(fault) == "Fault(rate_limited, 'slow down')"
    assert str(fault) == "slow down"


def test_a_store_error_names_every_bad_line() -> None:
    """All problems are told at once, each with its place."""
    error = StoreError(
        "bad file", [LineProblem(".token", 3, "is empty"), LineProblem("x", 4, "no")]
    )
    assert str(error) == "bad file\n.token:3: is empty\nx:4: no"
