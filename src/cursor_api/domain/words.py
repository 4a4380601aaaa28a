"""What people are told about a kind of upstream, in its own terms: what happened, what to do."""

from __future__ import annotations

from collections.abc import Mapping

from cursor_api.domain.credential_health import QuarantineReason
from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.domain.value import Value

WORKS = "It works."


class UpstreamWords(Value, frozen=True):
    """The texts of one kind of upstream.

    `quarantine`: why a credential is out of service. `cooling` has a place for `{models}`.
    `advice`: what to do after a fault, by its kind, else by whom it blames (`advice_by_scope` is
    total). `client_outdated` tells the operator, `no_credentials` the caller. `test_models`: cheap
    ones, in every plan; the first that is served is asked in a test.
    """

    quarantine: Mapping[QuarantineReason, str]
    cooling: str
    advice: Mapping[FaultKind, str]
    advice_by_scope: Mapping[Scope, str]
    client_outdated: str
    no_credentials: str
    test_models: tuple[str, ...] = ()

    def advise(self, fault: Fault | None) -> str:
        """What to do next; None is a success."""
        if fault is None:
            return WORKS
        return self.advice.get(fault.kind) or self.advice_by_scope[fault.scope]
