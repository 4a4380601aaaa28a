"""What people are told about the keys of endpoints."""

from __future__ import annotations

from cursor_api.domain.credential_health import QuarantineReason
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.transport.words import key_words

WORDS = key_words("Somebody's API", ("cheap",))


def test_every_fault_has_advice_that_fits_whom_it_blames() -> None:
    """Nobody is sent to look at a key because the network is down."""
    for kind in FaultKind:
        fault = Fault(kind, "")
        assert WORDS.advise(fault).endswith((".", "?")), kind
        if fault.scope is Scope.ENDPOINT:
            assert "says nothing about the credential" in WORDS.advise(fault), kind
    assert set(WORDS.advice_by_scope) == set(Scope)
    assert {k for k in FaultKind if Fault(k, "").scope in {Scope.CREDENTIAL, Scope.ENDPOINT}} == (
        set(WORDS.advice)
    )


def test_every_state_has_its_words() -> None:
    """A key that is out of service says why; nothing speaks of Cursor or of tokens."""
    assert set(WORDS.quarantine) == set(QuarantineReason)
    assert "for gpt-4." in WORDS.cooling.format(models="gpt-4")
    said = [*WORDS.quarantine.values(), *WORDS.advice.values(), *WORDS.advice_by_scope.values()]
    for text in (*said, WORDS.cooling, WORDS.client_outdated, WORDS.no_credentials):
        assert "Cursor" not in text
        assert "token " not in text


def test_a_wrong_address_is_told_in_the_apis_name() -> None:
    """For the operator, who wrote it."""
    assert "Somebody's API?" in WORDS.advise(Fault(FaultKind.PROTOCOL_ERROR, ""))
    assert WORDS.test_models == ("cheap",)
