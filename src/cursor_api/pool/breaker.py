"""Whether an endpoint, or one of its models, is asked at all: a breaker, told the time.

Rules of this file:
- Only faults that blame the endpoint count, and only before an answer has begun: streams that are
  cut together when a server restarts say nothing about the next request.
- An answer that begins, or its refusal that blames somebody else, shows that the endpoint works.
  What the gateway refuses before it asks (an image that cannot be fetched, say) shows nothing.
- Instants are of a monotonic clock: a wall clock that jumps must not hold an endpoint for a day.
"""

from __future__ import annotations

import enum
import math

from msgspec import Struct

from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.options.kinds import duration, whole
from cursor_api.options.setting import setting

# An endpoint that asks for a longer wait is asked again after this, by one request.
HOLD_S_MAX = 300.0
# A healthy endpoint begins to answer within seconds; then the probe has told.
PROBE_WAIT_S = 5.0


class BreakerState(enum.Enum):
    """CLOSED: asked. OPEN: not asked. HALF_OPEN: one request may find out."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerOptions(Struct, frozen=True):
    """Opens after `failure_count` faults in a row (0: never), for `open_s` seconds."""

    failure_count: int = setting(
        "GATEWAY_BREAKER_FAILURES",
        whole(0, 1000, 5),
        "5",
        "After this many failures in a row with a model, the upstream is not asked for"
        " that model for a while, and callers are told at once when to try again. If it"
        " cannot be reached at all, it is not asked for any. 0 disables this.",
        key="breaker_failures",
    )
    open_s: float = setting(
        "GATEWAY_BREAKER_OPEN_S",
        duration(0.1, 3600, "30s"),
        "30",
        "How long it is not asked. Then a single request tries whether it works again.",
        key="breaker_open_s",
    )


class Breaker:
    """The state of one endpoint, or of one `model` of it."""

    __slots__ = (
        "_is_probing",
        "_open_until",
        "_requested_until",
        "cause",
        "failure_count",
        "model",
        "options",
    )

    def __init__(self, options: BreakerOptions, model: str = "") -> None:
        self.options = options
        self.model = model
        self._open_until: float | None = None  # None: closed
        # Until when it has asked to be left alone, whoever it was that it told so.
        self._requested_until = -math.inf
        self._is_probing = False
        self.failure_count = 0
        self.cause: Fault | None = None

    def __repr__(self) -> str:
        if self._open_until is None:
            return f"Breaker(closed, failures={self.failure_count})"
        probing = ", probing" if self._is_probing else ""
        return f"Breaker(open until {self._open_until:g}{probing}, cause={self.cause!r})"

    def state(self, now: float) -> BreakerState:
        """Where it stands."""
        if self._open_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._open_until else BreakerState.HALF_OPEN

    def left_s(self, now: float) -> float:
        """Seconds until the next attempt may be made; 0 when it may be now."""
        return 0.0 if self._open_until is None else max(self._open_until - now, 0.0)

    def check(self, now: float) -> None:
        """Raise the Fault of an endpoint that is not asked now."""
        if self._open_until is not None and now < self._open_until:
            raise self._refusal(now)

    def take(self, now: float) -> bool:
        """An attempt begins, right after `check`; True when it is a probe.

        A probe may take minutes where a model thinks; the next one follows in its time all the
        same, or one slow answer would keep everybody out.
        """
        if self._open_until is None:
            return False
        self._is_probing = True
        self._open_until = now + self.options.open_s
        return True

    def record(self, fault: Fault | None, now: float, *, is_probe: bool) -> bool:
        """What came of an attempt: None when its answer began. True when that opened or closed it.

        What never reached the endpoint tells nothing of it.
        """
        if is_probe:
            self._is_probing = False
        if is_sign_of_life(fault):
            return self._close()
        assert fault is not None  # noqa: S101 - no fault is a sign of life
        if fault.scope is Scope.ENDPOINT:
            return self._fail(fault, now, is_probe=is_probe)
        self.release(is_probe=is_probe)
        return False

    def release(self, *, is_probe: bool) -> None:
        """An attempt ended without telling anything: its caller left."""
        if is_probe:
            self._is_probing = False
            if self._open_until is not None:
                self._open_until = self._requested_until

    def _close(self) -> bool:
        was_open = self._open_until is not None
        self._open_until = self.cause = None
        self._requested_until = -math.inf
        self.failure_count = 0
        return was_open

    def _fail(self, fault: Fault, now: float, *, is_probe: bool) -> bool:
        self.failure_count += 1
        hold_s = self._hold_s(fault)
        if hold_s == 0:
            return False
        was_open = self._open_until is not None
        # What was under way when it opened tells nothing new, but for a request for more time; else
        # only the probe holds it longer.
        if not was_open or is_probe:
            self._open_until, self.cause = now + hold_s, fault
        if fault.kind is FaultKind.UPSTREAM_OVERLOADED:
            self._requested_until = max(self._requested_until, now + _requested_hold_s(fault))
        assert self._open_until is not None  # noqa: S101 - it was open, or is now
        self._open_until = max(self._open_until, self._requested_until)
        return not was_open

    def _hold_s(self, fault: Fault) -> float:
        """How long not to ask after this fault; 0 for going on."""
        options = self.options
        if options.failure_count == 0:
            return 0.0
        if self.failure_count >= options.failure_count or fault.kind is FaultKind.CLIENT_OUTDATED:
            return max(options.open_s, _requested_hold_s(fault))
        # An overloaded one says itself when to come back.
        return _requested_hold_s(fault) if fault.kind is FaultKind.UPSTREAM_OVERLOADED else 0.0

    def _refusal(self, now: float) -> Fault:
        assert self._open_until is not None  # noqa: S101 - only called while it is open
        assert self.cause is not None  # noqa: S101 - set with it
        wait_s = self._open_until - now
        if self._is_probing:
            wait_s = min(wait_s, PROBE_WAIT_S)
        if self.cause.kind is FaultKind.CLIENT_OUTDATED:
            return Fault(
                self.cause.kind, self.cause.kept_message, upstream_code=self.cause.upstream_code
            )
        who, what = "The upstream has failed", "It is tried"
        if self.model:
            who, what = f"{who} with this model", "Only this model is left alone. It is tried"
        times = (
            f"{self.failure_count} times in a row"
            if self.failure_count > 1
            else "and asks for time"
        )
        return Fault(
            FaultKind.UPSTREAM_UNAVAILABLE,
            f"{who} {times}. {what} again in {math.ceil(wait_s)} s."
            f" The last failure: {self.cause.kept_message}",
            retry_after_s=wait_s,
            upstream_code=self.cause.upstream_code,
        )


def is_sign_of_life(fault: Fault | None) -> bool:
    """Whether the endpoint has answered, be it to refuse; None: an answer began."""
    if fault is None:
        return True
    is_others = fault.scope in {Scope.REQUEST, Scope.CREDENTIAL}
    return is_others and fault.upstream_code is not None


def _requested_hold_s(fault: Fault) -> float:
    """For how long the endpoint asks to be left alone."""
    return min(fault.retry_after_s or 0.0, HOLD_S_MAX)
