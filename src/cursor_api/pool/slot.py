"""One credential in the pool: its preferences, its health, and who uses it now."""

from __future__ import annotations

import enum
from collections import deque
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from cursor_api.domain.credential import Credential
from cursor_api.domain.credential_health import (
    Cooldown,
    CredentialHealth,
    Preferences,
    Quarantine,
    QuarantineReason,
)
from cursor_api.domain.errors import Fault
from cursor_api.domain.expiry import find_expiry
from cursor_api.pool.cooldown import COOLDOWN_S_MAX, judge

# A sparkline's width.
RECENT_COUNT_MAX = 40
# Models come and go; an owner who tries hundreds of names must not grow the state.
COOLDOWNS_MAX = 64


class Hindrance(enum.Enum):
    """Why a credential cannot serve a model right now."""

    DISABLED = "disabled"
    QUARANTINED = "quarantined"
    EXPIRED = "expired"
    COOLING = "cooling"
    PROBING = "probing"
    BUSY = "busy"


class LeaseOutcome(Struct, frozen=True):
    """How a lease ended: `fault` None and `is_success` False is a caller who left early."""

    is_success: bool
    fault: Fault | None = None


class HealthWatcher(Protocol):
    """Whoever is told of the health of credentials; must not block or raise."""

    def changed(self, slot: Slot) -> None:
        """A lease has ended, or its cooldowns or its quarantine may be others now."""
        ...

    def taken(self, slot: Slot, model: str, *, is_probe: bool) -> None:
        """A lease begins; as a probe it finds out whether the cooldown for a model is over."""
        ...


class Slot:
    """The state of one credential. All instants are unix seconds and given by the caller."""

    __slots__ = (
        "active_count",
        "cooldowns",
        "credential",
        "expires_at",
        "failure_count",
        "last_used_at",
        "others_count",
        "preferences",
        "probing",
        "quarantine",
        "recent",
        "success_count",
    )

    def __init__(
        self,
        credential: Credential,
        preferences: Preferences | None = None,
        health: CredentialHealth | None = None,
    ) -> None:
        health = health or CredentialHealth()
        self.credential = credential
        self.preferences = preferences or Preferences()
        self.expires_at = find_expiry(credential.secret.reveal())
        self.active_count = 0
        # What other nodes have under way of it, where it has a limit.
        self.others_count = 0
        self.cooldowns = dict(health.cooldowns)
        # Models whose cooldown is over and whose one probe is under way.
        self.probing: set[str] = set()
        self.quarantine = health.quarantine
        self.success_count = health.success_count
        self.failure_count = health.failure_count
        self.last_used_at = health.last_used_at
        self.recent: deque[bool] = deque(health.recent, maxlen=RECENT_COUNT_MAX)

    def __repr__(self) -> str:
        parts = [self.credential.alias, f"active={self.active_count}"]
        parts += [f"cooling {model}#{cooldown.step}" for model, cooldown in self.cooldowns.items()]
        parts += [f"probing {model}" for model in sorted(self.probing)]
        if self.quarantine:
            parts.append(self.quarantine.reason.value)
        return f"Slot({', '.join(parts)})"

    @property
    def health(self) -> CredentialHealth:
        """What is worth keeping over a restart."""
        return CredentialHealth(
            cooldowns=tuple(self.cooldowns.items()),
            quarantine=self.quarantine,
            success_count=self.success_count,
            failure_count=self.failure_count,
            last_used_at=self.last_used_at,
            recent=tuple(self.recent),
        )

    def find_hindrance(self, model: str, now: float) -> Hindrance | None:
        """Why it cannot serve `model` now; None when it can. The hot path: mostly falsy looks."""
        preferences = self.preferences
        if not preferences.is_enabled:
            return Hindrance.DISABLED
        if self.quarantine is not None:
            return Hindrance.QUARANTINED
        if self.expires_at is not None and now >= self.expires_at:
            return Hindrance.EXPIRED
        if (
            preferences.concurrency_max is not None
            and self.active_count + self.others_count >= preferences.concurrency_max
        ):
            return Hindrance.BUSY
        return self._find_cooling(model, now) if self.cooldowns else None

    def is_in_service(self, model: str, now: float) -> bool:
        """Whether it serves `model`, be it that all its places are taken at the moment."""
        return self.find_hindrance(model, now) in {None, Hindrance.BUSY}

    def _find_cooling(self, model: str, now: float) -> Hindrance | None:
        cooldown = self.cooldowns.get(model)
        if cooldown is None:
            return None
        if now < cooldown.until_at:
            return Hindrance.COOLING
        return Hindrance.PROBING if model in self.probing else None

    def find_quarantine(self, now: float) -> Quarantine | None:
        """The quarantine it is in, an expired token's own included."""
        if self.quarantine is None and self.expires_at is not None and now >= self.expires_at:
            return Quarantine(QuarantineReason.EXPIRED, self.expires_at)
        return self.quarantine

    def take(self, model: str, now: float) -> bool:
        """A lease begins. True when it is the one probe that tells whether a cooldown is over.

        A person's test goes ahead beside a probe that is under way, and is none then.
        """
        self.active_count += 1
        self.last_used_at = now
        if self.cooldowns and model in self.cooldowns and model not in self.probing:
            self.probing.add(model)
            return True
        return False

    def give_back(self, *, is_probe: bool, model: str) -> None:
        """A lease ends."""
        self.active_count -= 1
        if is_probe:
            self.probing.discard(model)

    def record(self, model: str, outcome: LeaseOutcome, now: float, jitter: float) -> None:
        """Keep what an outcome says of this credential; `jitter` is random in [0, 1)."""
        if outcome.is_success:
            self.success_count += 1
            self.recent.append(True)
            if self.cooldowns:
                self._end_cooldown(model, now)
        elif outcome.fault is not None:
            self._blame(model, outcome.fault, now, jitter)

    def _end_cooldown(self, model: str, now: float) -> None:
        cooldown = self.cooldowns.get(model)
        # A request that was under way when the cooldown began must not end it.
        if cooldown is not None and now >= cooldown.until_at:
            del self.cooldowns[model]

    def shift_cooldowns(self, seconds: float) -> None:
        """The wall clock was set: cooldowns end as much later, or earlier, by its time."""
        for model, cooldown in self.cooldowns.items():
            self.cooldowns[model] = replace(cooldown, until_at=cooldown.until_at + seconds)

    def bound_cooldowns(self, now: float) -> None:
        """No cooldown lasts longer than one that begins now could.

        What was kept by a process whose wall clock was years ahead would otherwise last for years.
        """
        latest_at = now + COOLDOWN_S_MAX
        for model, cooldown in self.cooldowns.items():
            if cooldown.until_at > latest_at:
                self.cooldowns[model] = replace(cooldown, until_at=latest_at)

    def clear(self) -> None:
        """A person says it is well again: no cooldown and no quarantine is left."""
        self.cooldowns.clear()
        # A probe that is under way stays one: were it forgotten, its end would later be taken for
        # that of another.
        self.quarantine = None

    def learn(self, model: str, cooldown: Cooldown | None) -> None:
        """What somebody else has found out of it; None: it serves the model again."""
        if cooldown is None:
            self.cooldowns.pop(model, None)
        else:
            self._cool(model, cooldown)

    def _blame(self, model: str, fault: Fault, now: float, jitter: float) -> None:
        previous = self.cooldowns.get(model)
        verdict = judge(previous, fault, now, jitter)
        if verdict is None:
            return
        self.failure_count += 1
        self.recent.append(False)
        if isinstance(verdict, Quarantine):
            self.quarantine = verdict
        elif previous is None or verdict.until_at > previous.until_at:
            # A request that was under way when the cooldown began must not shorten it.
            self._cool(model, verdict)

    def _cool(self, model: str, cooldown: Cooldown) -> None:
        self.cooldowns.pop(model, None)
        if len(self.cooldowns) >= COOLDOWNS_MAX:
            soonest = min(self.cooldowns, key=lambda name: self.cooldowns[name].until_at)
            del self.cooldowns[soonest]
        self.cooldowns[model] = cooldown
