"""What to do after a fault before the commit point, as a pure decision, and what may be spent.

Rules of this file:
- A caller's mistake is answered. A refused credential costs the endpoint nothing: the next one is
  asked at once, and the refused one rests.
- Where the endpoint fails, each further attempt adds to its trouble: few for a request, few for
  all requests together, and never sooner than it asks.
- A credential that met silence is not asked again by the same request: the caller has waited
  long enough for it.
- While an endpoint answers others, a failure may be the credential's alone: one not yet tried is
  asked, and that is no retry.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.options.kinds import whole
from cursor_api.options.setting import setting

# Upstreams shed load for a moment with a Retry-After of a second; a caller waits that long gladly.
RETRY_WAIT_S_MAX = 2.0
# A connection that was reset or a 500 is mostly gone at once; half a second in all is not noticed.
WAIT_FIRST_S = 0.2
# Retries that may be made before any request was counted, so that the first of all can have one.
RESERVE_COUNT = 2.0
# What quiet hours save up must not become a wave.
SAVED_COUNT_MAX = 10.0


class FailoverOptions(Struct, frozen=True):
    """How often one request may be tried.

    `refusal_count_max`: credentials. Whoever refuses rests from then on, so that the next request
    does not meet it: in a pool of twenty limited accounts a request met six at most. Ten refusals
    in a row are a pool at its end.
    """

    refusal_count_max: int = 10
    attempt_count_max: int = setting(
        "GATEWAY_ATTEMPTS_MAX",
        whole(1, 10, 3),
        "3",
        "How often one request is tried if the upstream fails before the first word. After the"
        " first word nothing is tried again. A refused credential does not count: the next one"
        " is tried at once.",
        key="attempts_max",
    )
    retry_percent: float = setting(
        "GATEWAY_RETRY_PERCENT",
        whole(0, 100, 20),
        "20",
        "How many additional attempts all requests together may cause, in percent, because the"
        " upstream failed. This is enough for single failures and keeps the gateway from making"
        " an outage worse. While the upstream answers others, trying another credential does not"
        " count. 0 disables retries.",
    )


class Action(enum.Enum):
    """What to do next.

    OTHER_CREDENTIAL: at once, one not yet tried. RETRY: after a wait, one not yet tried if there
    is one, else the same. SWITCH: at once, one not yet tried, as this one was silent or asks for
    more time than a caller has. GIVE_UP: answer the fault.
    """

    OTHER_CREDENTIAL = "other_credential"
    RETRY = "retry"
    SWITCH = "switch"
    GIVE_UP = "give_up"


class Decision(Struct, frozen=True):
    """An action and the seconds to wait before it."""

    action: Action
    wait_s: float = 0.0

    @property
    def is_retry(self) -> bool:
        """Whether it is paid for from the retry budget, unless the endpoint answers others."""
        return self.action in {Action.RETRY, Action.SWITCH}


GIVE_UP = Decision(Action.GIVE_UP)


class Tally(Struct, frozen=True):
    """How a request went so far, the fault to be judged included.

    `refusal_count`: attempts that blamed a credential; `failure_count`: that blamed the endpoint.
    """

    refusal_count: int = 0
    failure_count: int = 0

    def plus(self, fault: Fault) -> Tally:
        """With one more fault counted."""
        return Tally(
            self.refusal_count + (fault.scope is Scope.CREDENTIAL),
            self.failure_count + (fault.scope is Scope.ENDPOINT),
        )


def decide(
    fault: Fault, tally: Tally, options: FailoverOptions, jitter: float, *, has_fresh: bool = False
) -> Decision:
    """Judge a fault by its scope; `jitter` is random in [0, 1).

    `has_fresh`: the endpoint answers others, and a credential not yet tried can be had there.
    """
    match fault.scope:
        case Scope.CREDENTIAL:
            if tally.refusal_count < options.refusal_count_max:
                return Decision(Action.OTHER_CREDENTIAL)
            return GIVE_UP
        case Scope.ENDPOINT:
            if fault.is_retried_upstream or tally.failure_count >= options.attempt_count_max:
                return GIVE_UP
            return _decide_for_endpoint(fault, tally, jitter, has_fresh=has_fresh)
        case Scope.REQUEST | Scope.GATEWAY:
            return GIVE_UP


def _decide_for_endpoint(fault: Fault, tally: Tally, jitter: float, *, has_fresh: bool) -> Decision:
    match fault.kind:
        case FaultKind.CLIENT_OUTDATED | FaultKind.UPSTREAM_UNAVAILABLE:
            # No attempt can mend the one, and the other was none.
            return GIVE_UP
        case FaultKind.UPSTREAM_TIMEOUT:
            return Decision(Action.SWITCH)
        case _:
            asked_s = fault.retry_after_s or 0.0
            if asked_s > RETRY_WAIT_S_MAX:
                return Decision(Action.SWITCH) if has_fresh else GIVE_UP
            whole_s = WAIT_FIRST_S * 2.0 ** (tally.failure_count - 1)
            # Jitter over the upper half: what failed together does not come back together.
            return Decision(Action.RETRY, max(asked_s, whole_s * (0.5 + jitter / 2)))


# What a person has to mend, or a wait; another route may need neither.
_LACKS = frozenset({FaultKind.NO_CREDENTIALS, FaultKind.OVERLOADED, FaultKind.MODEL_NOT_FOUND})


def leads_elsewhere(fault: Fault) -> bool:
    """Whether the next route of a model is worth asking after this end of a search."""
    return fault.scope in {Scope.CREDENTIAL, Scope.ENDPOINT} or fault.kind in _LACKS


class RetryBudget:
    """At most a share of all requests is tried again; in an outage the rest fails at once.

    Every request pays in `share` of a retry, every retry takes a whole one.
    """

    __slots__ = ("_balance", "_share")

    def __init__(self, options: FailoverOptions) -> None:
        self._share = options.retry_percent / 100
        self._balance = RESERVE_COUNT if self._share else 0.0

    def __repr__(self) -> str:
        return f"RetryBudget({self._balance:.1f} retries left)"

    def use(self, options: FailoverOptions) -> None:
        """Pay in another share from now on; what was saved stays."""
        self._share = options.retry_percent / 100

    def pay_in(self) -> None:
        """A request begins."""
        self._balance = min(self._balance + self._share, SAVED_COUNT_MAX)

    @property
    def has_one(self) -> bool:
        """Whether a retry may be made."""
        # Shares such as 0.2 do not add up to whole numbers exactly.
        return self._balance >= 1 - 1e-9

    def take(self) -> bool:
        """Whether a retry may be made; if so, it is counted."""
        if not self.has_one:
            return False
        self._balance -= 1
        return True
