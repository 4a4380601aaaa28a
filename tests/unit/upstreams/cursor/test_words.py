"""What people are told about session tokens."""

from __future__ import annotations

from cursor_api.domain.credential_health import QuarantineReason
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.upstreams.cursor.models import MODELS
from cursor_api.upstreams.cursor.words import WORDS


def test_every_fault_has_advice_that_fits_whom_it_blames() -> None:
    """Nobody is sent to renew a token because the network is down."""
    renew = WORDS.advice[FaultKind.CREDENTIAL_REJECTED]
    for kind in FaultKind:
        fault = Fault(kind, "")
        assert WORDS.advise(fault).endswith((".", "?")), kind
        if fault.scope is Scope.ENDPOINT:
            assert "says nothing about the credential" in WORDS.advise(fault), kind
            assert WORDS.advise(fault) != renew
    assert set(WORDS.advice_by_scope) == set(Scope)
    # A credential's faults and an endpoint's are each explained in their own words.
    assert {k for k in FaultKind if Fault(k, "").scope in {Scope.CREDENTIAL, Scope.ENDPOINT}} == (
        set(WORDS.advice)
    )


def test_every_state_has_its_words() -> None:
    """A credential that is out of service says why, and a test asks a model that is served."""
    assert set(WORDS.quarantine) == set(QuarantineReason)
    assert "for gpt-4." in WORDS.cooling.format(models="gpt-4")
    assert set(WORDS.test_models) <= {model.id for model in MODELS}
