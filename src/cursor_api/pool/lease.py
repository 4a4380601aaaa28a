"""The right to use a credential: what it is asked for, and how it ends."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from cursor_api.domain.credential import Credential
from cursor_api.domain.errors import Fault
from cursor_api.pool.slot import LeaseOutcome, Slot

LEFT_EARLY = LeaseOutcome(is_success=False)


class Ask(Struct, frozen=True):
    """What a lease is wanted for.

    `own`: the caller's credentials (pass-through), used instead of the pool's. `pinned`: only the
    credential of this alias. `caller`: who asks, for the sticky policy. `conversation`: what stays
    with one credential under every policy, "" where nothing does.
    """

    model: str
    own: tuple[Credential, ...] = ()
    pinned: str | None = None
    caller: str = ""
    conversation: str = ""


class LeaseHooks(Struct, frozen=True):
    """What the pool does when a lease ends, and when its credential is blamed afterwards."""

    settled: Callable[[Slot, str, LeaseOutcome], None]
    blamed: Callable[[Slot, str, Fault], None]


class Lease:
    """The right to use one credential for one attempt; whoever takes it settles it."""

    __slots__ = ("_hooks", "_is_probe", "_model", "_slot", "credential", "is_settled")

    def __init__(self, hooks: LeaseHooks, slot: Slot, model: str, *, is_probe: bool) -> None:
        self._hooks = hooks
        self._slot = slot
        self._model = model
        self._is_probe = is_probe
        self.credential = slot.credential
        self.is_settled = False

    def settle(self, outcome: LeaseOutcome = LEFT_EARLY) -> None:
        """Give the credential back with what came of it. A second call changes nothing."""
        if self.is_settled:
            return
        self.is_settled = True
        self._slot.give_back(is_probe=self._is_probe, model=self._model)
        self._hooks.settled(self._slot, self._model, outcome)

    def blame(self, fault: Fault) -> None:
        """Suspect the credential after all, of what seemed to be the endpoint's fault.

        It rests then, unless it is the last one that can serve: a suspicion closes no endpoint.
        """
        self._hooks.blamed(self._slot, self._model, fault)
