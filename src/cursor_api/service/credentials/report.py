"""How a credential stands, as its owner sees it: one state, the reason, and what happens next.

The field names are those of the management API, and the docstrings its descriptions.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from cursor_api.domain.credential import mask
from cursor_api.domain.credential_health import Quarantine, QuarantineReason
from cursor_api.domain.expiry import expires_soon
from cursor_api.domain.words import UpstreamWords
from cursor_api.pool.breaker import BreakerState
from cursor_api.pool.breakers import Breakers
from cursor_api.pool.slot import Slot
from cursor_api.ports.process import Clock

Instant = Annotated[datetime, Meta(tz=True)]

# A reason is a sentence, not a list.
MODELS_NAMED_MAX = 3
# The last instant that a datetime can hold, in whole seconds.
INSTANT_MAX = 253_402_300_799.0


class State(enum.Enum):
    """In words for one badge; where several are true, the one that a person has to end first."""

    HEALTHY = "healthy"
    COOLING = "cooling"
    QUARANTINED = "quarantined"
    EXPIRED = "expired"
    DISABLED = "disabled"
    BUSY = "busy"


class CooldownPhase(enum.Enum):
    """WAITING: until its time. DUE: the next request is the probe. PROBING: it is under way."""

    WAITING = "waiting"
    DUE = "due"
    PROBING = "probing"


class CooldownReport(Struct, frozen=True):
    """Out of service for one model. `step` counts from 0, `cause` is the kind of the fault."""

    model: str
    until_at: Instant
    step: int
    cause: str
    phase: CooldownPhase


class UpstreamReport(Struct, frozen=True):
    """Whether an upstream is asked. `cause` is the kind of the fault that ended it, if one did.

    `state`: closed (it is asked), open (it is not, until `until_at`), half_open (the next request
    finds out). `failure_count`: in a row.
    """

    name: str
    state: BreakerState
    failure_count: int
    until_at: Instant | None
    cause: str | None
    message: str | None


class QuarantineReport(Struct, frozen=True):
    """Out of service until a person acts. `detail` is what the upstream said."""

    reason: QuarantineReason
    detail: str
    since_at: Instant


class CredentialReport(Struct, frozen=True, rename={"binding": "checksum"}):
    """A credential; its secret and its binding are masked.

    `reason` says in a sentence why it is not healthy. `next_try_at` is when a cooling one is tried
    again, null where that is at once or never. `recent` are outcomes, oldest first, true for a
    success. `expires_at` is null where the token does not say; `expiry_warning` is true from three
    days before, and ever after. `upstream` is where it is used. A `configured` one stands in the
    settings of its upstream, and can be removed, renamed and renewed only there.
    """

    alias: str
    secret: str
    binding: str
    state: State
    reason: str | None
    next_try_at: Instant | None
    cooldowns: tuple[CooldownReport, ...]
    quarantine: QuarantineReport | None
    last_used_at: Instant | None
    success_count: int
    failure_count: int
    recent: tuple[bool, ...]
    active_count: int
    expires_at: Instant | None
    expiry_warning: bool
    priority: int
    weight: int
    concurrency_max: int | None
    enabled: bool
    upstream: str
    configured: bool


DISABLED = "It is switched off."


def report(slot: Slot, words: UpstreamWords, now: float) -> CredentialReport:
    """How it stands at `now`, in unix seconds, in the words of its kind."""
    credential, preferences = slot.credential, slot.preferences
    cooldowns = tuple(_cooldowns(slot, now))
    quarantine = slot.find_quarantine(now)
    waiting = [item.until_at for item in cooldowns if item.phase is CooldownPhase.WAITING]
    state = _state(slot, quarantine, is_cooling=bool(waiting))
    return CredentialReport(
        alias=credential.alias,
        secret=credential.secret.masked,
        binding=mask(credential.binding),
        state=state,
        reason=_reason(slot, words, state, quarantine, cooldowns),
        next_try_at=min(waiting) if state is State.COOLING else None,
        cooldowns=cooldowns,
        quarantine=QuarantineReport(
            quarantine.reason, quarantine.detail, instant(quarantine.since_at)
        )
        if quarantine
        else None,
        last_used_at=find_instant(slot.last_used_at),
        success_count=slot.success_count,
        failure_count=slot.failure_count,
        recent=tuple(slot.recent),
        active_count=slot.active_count,
        expires_at=find_instant(slot.expires_at),
        expiry_warning=expires_soon(slot.expires_at, now),
        priority=preferences.priority,
        weight=preferences.weight,
        concurrency_max=preferences.concurrency_max,
        enabled=preferences.is_enabled,
        upstream=credential.endpoint,
        configured=credential.is_configured,
    )


def find_state(slot: Slot, now: float) -> State:
    """The one word for it at `now`, in unix seconds."""
    is_cooling = any(now < cooldown.until_at for cooldown in slot.cooldowns.values())
    return _state(slot, slot.find_quarantine(now), is_cooling=is_cooling)


def instant(at: float) -> datetime:
    """Unix seconds in UTC, to the millisecond; what no calendar holds becomes its nearest end."""
    return datetime.fromtimestamp(round(min(max(at, 0.0), INSTANT_MAX), 3), UTC)


def find_instant(at: float | None) -> datetime | None:
    """The same, where there may be none."""
    return None if at is None else instant(at)


def _cooldowns(slot: Slot, now: float) -> Sequence[CooldownReport]:
    return [
        CooldownReport(
            model=model,
            until_at=instant(cooldown.until_at),
            step=cooldown.step,
            cause=cooldown.cause,
            phase=_phase(slot, model, now),
        )
        for model, cooldown in slot.cooldowns.items()
    ]


def _phase(slot: Slot, model: str, now: float) -> CooldownPhase:
    # First: a person's test under way does not end the wait of others.
    if now < slot.cooldowns[model].until_at:
        return CooldownPhase.WAITING
    return CooldownPhase.PROBING if model in slot.probing else CooldownPhase.DUE


def _state(slot: Slot, quarantine: Quarantine | None, *, is_cooling: bool) -> State:
    if not slot.preferences.is_enabled:
        return State.DISABLED
    if quarantine is not None:
        is_over = quarantine.reason is QuarantineReason.EXPIRED
        return State.EXPIRED if is_over else State.QUARANTINED
    limit = slot.preferences.concurrency_max
    if limit is not None and slot.active_count >= limit:
        return State.BUSY
    return State.COOLING if is_cooling else State.HEALTHY


def _reason(
    slot: Slot,
    words: UpstreamWords,
    state: State,
    quarantine: Quarantine | None,
    cooldowns: Sequence[CooldownReport],
) -> str | None:
    match state:
        case State.HEALTHY:
            return None
        case State.DISABLED:
            return DISABLED
        case State.QUARANTINED | State.EXPIRED:
            return words.quarantine[quarantine.reason] if quarantine else None
        case State.BUSY:
            return f"It serves {slot.active_count} requests, as many as it may at a time."
        case State.COOLING:
            waiting = [item.model for item in cooldowns if item.phase is CooldownPhase.WAITING]
            models = ", ".join(waiting[:MODELS_NAMED_MAX])
            more = " and other models" if len(waiting) > MODELS_NAMED_MAX else ""
            return words.cooling.format(models=models + more)


def report_upstream(name: str, breakers: Breakers, clock: Clock) -> UpstreamReport:
    """How an upstream stands."""
    now = clock.monotonic()
    breaker = breakers.standing(now)
    state, cause = breaker.state(now), breaker.cause
    is_open = state is BreakerState.OPEN
    return UpstreamReport(
        name=name,
        state=state,
        failure_count=breaker.failure_count,
        until_at=instant(clock.now() + breaker.left_s(now)) if is_open else None,
        cause=cause.kind.value if cause else None,
        message=cause.kept_message if cause else None,
    )
