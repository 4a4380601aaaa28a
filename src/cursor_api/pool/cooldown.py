"""What a fault does to the credential that met it: pure decisions in tables.

Rules of this file:
- A caller's mistake and an endpoint's failure never touch a credential.
- Retry-After wins over our own guess, within COOLDOWN_S_MAX; otherwise waits double with jitter,
  up to a bound of their own. Where the credential is only suspected, the longer of both is kept:
  it was said of the endpoint.
- What no wait can mend is a quarantine: only a person ends it.
"""

from __future__ import annotations

from msgspec import Struct

from cursor_api.domain.credential_health import Cooldown, Quarantine, QuarantineReason
from cursor_api.domain.errors import Fault, FaultKind, Scope

# The limits of plans last five hours, and are obeyed. One of days is often gone long before: credit
# was bought, the limit was reset, the figure was that of another one. Four refused requests a day
# are all that it costs to find out.
COOLDOWN_S_MAX = 6 * 3600.0
# A detail is shown in the console; the upstream writes it.
DETAIL_LENGTH_MAX = 300


class Backoff(Struct, frozen=True):
    """Seconds: `first_s` doubles with every fault in a row up to `max_s`."""

    first_s: float
    max_s: float


BACKOFFS: dict[FaultKind, Backoff] = {
    # Rates are counted per minute or hour upstream.
    FaultKind.RATE_LIMITED: Backoff(first_s=30.0, max_s=30 * 60.0),
    # Quotas come back after some hours, or with a day or a month; asking each hour costs little.
    FaultKind.QUOTA_EXHAUSTED: Backoff(first_s=15 * 60.0, max_s=3600.0),
    # Silent where another credential was answered in the same minute: throttled, or stuck.
    FaultKind.CREDENTIAL_SILENT: Backoff(first_s=30.0, max_s=30 * 60.0),
    # Failing where another credential was answered at once.
    FaultKind.CREDENTIAL_FAILING: Backoff(first_s=30.0, max_s=30 * 60.0),
    # The plan does not cover this model; plans change rarely.
    FaultKind.CREDENTIAL_FORBIDDEN: Backoff(first_s=15 * 60.0, max_s=6 * 3600.0),
}

SUSPICIONS = frozenset({FaultKind.CREDENTIAL_SILENT, FaultKind.CREDENTIAL_FAILING})

QUARANTINES: dict[FaultKind, QuarantineReason] = {
    FaultKind.CREDENTIAL_REJECTED: QuarantineReason.REVOKED,
    FaultKind.CREDENTIAL_BLOCKED: QuarantineReason.BLOCKED,
}


def judge(
    previous: Cooldown | None, fault: Fault, now: float, jitter: float
) -> Cooldown | Quarantine | None:
    """What becomes of a credential after a fault; None when the fault does not blame it.

    `previous` is the cooldown for the same model, if any; `jitter` is a random number in [0, 1)
    that spreads the waits over the upper half, so that credentials limited together do not come
    back together.
    """
    if fault.scope is not Scope.CREDENTIAL:
        return None
    reason = QUARANTINES.get(fault.kind)
    if reason is not None:
        return Quarantine(reason, now, fault.kept_message[:DETAIL_LENGTH_MAX])
    # A request that was under way when the cooldown began tells nothing new.
    step = 0 if previous is None else previous.step + (now >= previous.until_at)
    asked_s = min(fault.retry_after_s or 0.0, COOLDOWN_S_MAX)
    if asked_s > 0 and fault.kind not in SUSPICIONS:
        wait_s = asked_s
    else:
        backoff = BACKOFFS[fault.kind]
        # The exponent is bounded before it is used: 2.0**2000 is an error, not a long wait.
        whole_s = min(backoff.first_s * 2.0 ** min(step, 32), backoff.max_s)
        wait_s = max(asked_s, whole_s * (0.5 + jitter / 2))
    return Cooldown(until_at=now + wait_s, step=step, cause=fault.kind.value)
