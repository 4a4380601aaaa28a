"""What people are told about a kind of upstream."""

from __future__ import annotations

from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.domain.words import WORKS, UpstreamWords

WORDS = UpstreamWords(
    quarantine={},
    cooling="It rests for {models}.",
    advice={FaultKind.RATE_LIMITED: "Wait."},
    advice_by_scope={scope: f"ask the {scope.value}" for scope in Scope},
    client_outdated="Update.",
    no_credentials="Add one.",
)


def test_advice_is_by_kind_else_by_whom_it_blames() -> None:
    """Every fault has some advice, and a success needs none."""
    assert WORDS.advise(None) == WORKS
    assert WORDS.advise(Fault(FaultKind.RATE_LIMITED, "x")) == "Wait."
    assert WORDS.advise(Fault(FaultKind.INCOMPLETE, "x")) == "ask the endpoint"
