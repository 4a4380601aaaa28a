"""What the pool shall do, written again from its promises: no code of `cursor_api.pool` in here.

Slow and plain where the pool is quick: every question is answered by looking at everything.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from cursor_api.domain.credential import Credential
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import Fault, FaultKind

ASKED_S_MAX = 6 * 3600.0
# Seconds: the first wait, and the longest.
WAITS = {
    FaultKind.RATE_LIMITED: (30.0, 1800.0),
    FaultKind.CREDENTIAL_SILENT: (30.0, 1800.0),
    FaultKind.CREDENTIAL_FAILING: (30.0, 1800.0),
    FaultKind.QUOTA_EXHAUSTED: (900.0, 3600.0),
    FaultKind.CREDENTIAL_FORBIDDEN: (900.0, 21600.0),
}
# Here the upstream's wish was one about itself: it makes the wait longer, never shorter.
SUSPICIONS = {FaultKind.CREDENTIAL_SILENT, FaultKind.CREDENTIAL_FAILING}
FINAL = {FaultKind.CREDENTIAL_REJECTED, FaultKind.CREDENTIAL_BLOCKED}


@dataclass(eq=False)
class Known:
    """What the model knows of one credential. `waits`: model -> (until, faults before)."""

    credential: Credential
    expires_at: float | None
    preferences: Preferences = field(default_factory=Preferences)
    waits: dict[str, tuple[float, int]] = field(default_factory=dict)
    is_out: bool = False
    leases: list[Held] = field(default_factory=list)
    success_count: int = 0
    failure_count: int = 0

    def is_usable(self, now: float) -> bool:
        """Whether it may be used at all, whatever the model."""
        is_over = self.expires_at is not None and now >= self.expires_at
        return self.preferences.is_enabled and not self.is_out and not is_over

    def has_room(self) -> bool:
        """Whether its limit allows one more."""
        limit = self.preferences.concurrency_max
        return limit is None or len(self.leases) < limit

    def is_cooling(self, model: str, now: float) -> bool:
        """Whether it has to wait."""
        return model in self.waits and now < self.waits[model][0]

    def is_probed(self, model: str) -> bool:
        """Whether a probe for this model is under way."""
        return any(held.is_probe and held.model == model for held in self.leases)

    def can_serve(self, model: str, now: float) -> bool:
        """Whether a request may go to it."""
        if not self.is_usable(now) or not self.has_room() or self.is_cooling(model, now):
            return False
        return model not in self.waits or not self.is_probed(model)


@dataclass(eq=False)
class Held:
    """A lease that is not settled."""

    known: Known
    model: str
    is_probe: bool


@dataclass
class Turn:
    """Whose turn it is at one priority: the order from the next one on, and what it has left."""

    order: list[Known]
    left_count: int = 0


class PoolModel:
    """The credentials and the rotation."""

    def __init__(self) -> None:
        self.all: list[Known] = []
        self.turns: dict[int, Turn] = {}

    def find(self, credential: Credential) -> Known:
        """The one with this secret."""
        return next(one for one in self.all if one.credential.secret == credential.secret)

    def replace(self, known: list[Known]) -> None:
        """Others, or the same in another order."""
        self.all = known
        self.arrange()

    def arrange(self) -> None:
        """Group by priority; each group goes on with the first of its turn that is still in it."""
        old, self.turns = self.turns, {}
        for priority in {one.preferences.priority for one in self.all}:
            members = [one for one in self.all if one.preferences.priority == priority]
            turn = old.get(priority, Turn([]))
            survivors = [one for one in turn.order if one in members]
            start = members.index(survivors[0]) if survivors else 0
            goes_on = bool(survivors) and survivors[0] is turn.order[0]
            self.turns[priority] = Turn(
                members[start:] + members[:start], turn.left_count if goes_on else 0
            )

    def find_able(self, model: str, now: float, tried: Collection[Credential]) -> list[Known]:
        """Those of the highest priority at which anybody can serve, in the user's order."""
        able = [
            one
            for one in self.all
            if one.can_serve(model, now) and one.credential not in set(tried)
        ]
        highest = max((one.preferences.priority for one in able), default=0)
        return [one for one in able if one.preferences.priority == highest]

    def take_turn(self, able: list[Known]) -> Known:
        """Whose turn it is among these, and the rotation moves on."""
        turn = self.turns[able[0].preferences.priority]
        chosen = next(one for one in turn.order if one in able)
        if chosen is not turn.order[0] or not turn.left_count:
            turn.left_count = chosen.preferences.weight
        turn.left_count -= 1
        index = turn.order.index(chosen) + (0 if turn.left_count else 1)
        turn.order = turn.order[index:] + turn.order[:index]
        return chosen

    def hold(self, known: Known, model: str) -> Held:
        """A lease begins; one with a wait behind it is the probe, if there is none yet."""
        held = Held(known, model, model in known.waits and not known.is_probed(model))
        known.leases.append(held)
        return held

    def settle(self, held: Held, fault: Fault | None, now: float, jitter: float) -> None:
        """A lease ends with a success (`fault` None) or a fault."""
        known, model = held.known, held.model
        known.leases.remove(held)
        if fault is None:
            known.success_count += 1
            if not known.is_cooling(model, now):
                known.waits.pop(model, None)
        elif fault.kind in FINAL:
            known.failure_count += 1
            known.is_out = True
        elif fault.kind in WAITS:
            known.failure_count += 1
            self._cool(known, model, fault, (now, jitter))

    def _cool(self, known: Known, model: str, fault: Fault, moment: tuple[float, float]) -> None:
        now, jitter = moment
        until, step = known.waits.get(model, (float("-inf"), -1))
        if now >= until:
            step += 1
        first, longest = WAITS[fault.kind]
        wait = min(first * 2**step, longest) * (1 + jitter) / 2
        if fault.retry_after_s:
            asked = min(fault.retry_after_s, ASKED_S_MAX)
            wait = max(asked, wait) if fault.kind in SUSPICIONS else asked
        if now + wait > until:
            known.waits[model] = (now + wait, step)
