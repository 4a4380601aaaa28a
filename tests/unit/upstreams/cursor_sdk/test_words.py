"""What people are told about API keys of Cursor's dashboard."""

from __future__ import annotations

from cursor_api.domain.credential_health import QuarantineReason
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.upstreams.cursor_sdk.words import WORDS


def test_every_fault_has_advice_that_fits_whom_it_blames() -> None:
    """Nobody is sent to make a new key because the bridge does not run."""
    for kind in FaultKind:
        fault = Fault(kind, "")
        assert WORDS.advise(fault).endswith("."), kind
        if fault.scope is Scope.ENDPOINT:
            assert "says nothing about the credential" in WORDS.advise(fault), kind
    assert set(WORDS.advice_by_scope) == set(Scope)
    assert {k for k in FaultKind if Fault(k, "").scope in {Scope.CREDENTIAL, Scope.ENDPOINT}} == (
        set(WORDS.advice)
    )


def test_every_state_has_its_words() -> None:
    """A key that is out of service says why; nothing tells to sign in again."""
    assert set(WORDS.quarantine) == set(QuarantineReason)
    assert "for opus." in WORDS.cooling.format(models="opus")
    said = [*WORDS.quarantine.values(), *WORDS.advice.values(), *WORDS.advice_by_scope.values()]
    for text in (*said, WORDS.cooling, WORDS.client_outdated, WORDS.no_credentials):
        assert "ign in" not in text
        assert "CURSOR_CLIENT_VERSION" not in text
