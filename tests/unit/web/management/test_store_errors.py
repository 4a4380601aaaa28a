"""What a store's error is to whoever asked for the change."""

from __future__ import annotations

import pytest

from cursor_api.domain.errors import (
    BindingNotStoredError,
    Fault,
    FaultKind,
    LineProblem,
    StaleTextError,
    StoreAwayError,
    StoreError,
    UnknownCredentialError,
)
from cursor_api.web.management.store_errors import GivenTextError, explain

OWN = LineProblem("input", 2, "a space inside the token")
OTHERS = LineProblem("/data/.token", 4, "a space inside the token")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StaleTextError("Changed."), FaultKind.PRECONDITION_FAILED),
        (UnknownCredentialError("Unknown."), FaultKind.NOT_FOUND),
        (StoreError("Bad.", [OWN]), FaultKind.INVALID_REQUEST),
        (StoreError("Bad.", [OWN, OTHERS]), FaultKind.CONFLICT),
        (StoreError("Bad.", [OTHERS]), FaultKind.CONFLICT),
        (GivenTextError(StoreError("Bad.", [OTHERS]), "tokens"), FaultKind.INVALID_REQUEST),
        (StoreError("The disk is full."), FaultKind.STORE_FAILED),
        (BindingNotStoredError("Read-only.", []), FaultKind.STORE_FAILED),
        (StoreAwayError("The database is away."), FaultKind.OVERLOADED),
    ],
)
def test_a_stores_error_says_whose_fault_it_is(error: StoreError, kind: FaultKind) -> None:
    """What was given is the caller's; what was broken already is a conflict; else the disk's."""
    assert explain(error).kind is kind


def test_a_given_text_names_its_field() -> None:
    """Where all the problems are in one of the two."""
    fault: Fault = explain(GivenTextError(StoreError("Bad.", [OTHERS]), "token_list"))
    assert (fault.param, getattr(fault, "code", None)) == ("token_list", "invalid_tokens")
