"""What one request has met on its way to an answer, and so what its next attempt may do."""

from __future__ import annotations

from cursor_api.domain.credential import Credential
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.lease import Lease
from cursor_api.service.inference.failover import Tally


class RetryState:
    """What a request has met so far; most requests meet nothing."""

    __slots__ = (
        "barred",
        "failed",
        "has_fresh",
        "is_probe",
        "is_repaired",
        "is_retry",
        "last_fault",
        "tally",
        "tried",
    )

    def __init__(self) -> None:
        # At this endpoint.
        self.last_fault: Fault | None = None
        self.tally = Tally()
        # The next attempt is paid for from the retry budget, unless it goes to a fresh credential
        # while the endpoint answers others.
        self.is_retry = self.has_fresh = False
        # Not asked again by this request: they refused, or were silent.
        self.barred: frozenset[Credential] = frozenset()
        # Asked again only where there is no other: it was the endpoint that failed.
        self.tried: frozenset[Credential] = frozenset()
        # At this endpoint; whether the credential or the endpoint failed is not known yet.
        self.failed: list[tuple[Lease, Fault]] = []
        # Whether an answer of the wrong form was asked for again; that is done once.
        self.is_repaired = False
        # Whether this request is the breaker's probe; its later attempts are then, too.
        self.is_probe = False

    def explain(self, hindrance: Fault) -> Fault:
        """The fault to be answered where `hindrance` keeps everybody else from being asked.

        What the upstream said says more than "none is left". One that limits a rate may not say
        for how long; the pool knows who is back first.
        """
        fault = self.last_fault
        if fault is None:
            return hindrance
        if fault.kind is hindrance.kind is FaultKind.RATE_LIMITED and fault.retry_after_s is None:
            fault.retry_after_s = hindrance.retry_after_s
        return fault
