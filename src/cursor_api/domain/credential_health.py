"""How a credential stands: what its owner prefers, and what became of it so far."""

from __future__ import annotations

import enum

from cursor_api.domain.value import Value, replace

PRIORITY_MAX = 100
WEIGHT_MAX = 100
CONCURRENCY_MAX = 1000


class Preferences(Value, frozen=True):
    """What the owner set.

    `priority`: higher is used first, lower ones only when no higher one can serve.
    `weight`: how many requests in a row of its priority it gets in rotation.
    `concurrency_max`: requests at a time; None is no limit.
    """

    priority: int = 0
    weight: int = 1
    concurrency_max: int | None = None
    is_enabled: bool = True

    def merge(self, known: Preferences, theirs: Preferences) -> Preferences:
        """Two changes of what was `known`, put together; where both changed a part, ours counts."""
        ours = {
            name: mine
            for name in self.__struct_fields__
            if (mine := getattr(self, name)) != getattr(known, name)
        }
        return replace(theirs, **ours) if ours else theirs


class QuarantineReason(enum.Enum):
    """Why a person has to act."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    BLOCKED = "blocked"


class Quarantine(Value, frozen=True):
    """Out of service until a person acts. `since_at` is unix seconds."""

    reason: QuarantineReason
    since_at: float
    detail: str = ""


class Cooldown(Value, frozen=True):
    """Out of service for one model until `until_at` (unix seconds), after `step` + 1 faults."""

    until_at: float
    step: int
    cause: str


class CredentialHealth(Value, frozen=True):
    """A credential's past, as it is kept over a restart. `cooldowns` are (model, cooldown)."""

    cooldowns: tuple[tuple[str, Cooldown], ...] = ()
    quarantine: Quarantine | None = None
    success_count: int = 0
    failure_count: int = 0
    last_used_at: float | None = None
    # Newest last; True is a success.
    recent: tuple[bool, ...] = ()
