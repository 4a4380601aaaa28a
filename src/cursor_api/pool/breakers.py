"""An endpoint's circuit breakers: one for all of it, and one for each of its models that fails.

Rules of this file:
- No connection, and "your client is outdated", are the same whoever is asked for: they count for
  the whole endpoint. Any other failure came from behind a connection, and counts for its model: of
  an endpoint that passes requests on to many, one may be dead and all the others work.
- A model has a breaker from its first failure until it is answered again: while nothing fails,
  this costs a look at an empty dict.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.pool.breaker import Breaker, BreakerOptions, BreakerState, is_sign_of_life

# What is the same for every model of an endpoint.
WHOLE_KINDS: Final = frozenset({FaultKind.UNREACHABLE, FaultKind.CLIENT_OUTDATED})
# Names come from callers: who tries hundreds of them must not grow the state.
MODELS_MAX: Final = 64


class Breakers:
    """The state of one endpoint and of its models; told the time like a Breaker."""

    __slots__ = ("_has_answered", "_models", "whole")

    def __init__(self, options: BreakerOptions) -> None:
        self.whole = Breaker(options)
        self._models: dict[str, Breaker] = {}
        # Whether anybody was answered since a model's breaker opened.
        self._has_answered = False

    def __repr__(self) -> str:
        parts = [repr(self.whole), *(f"{name}: {one!r}" for name, one in self._models.items())]
        return f"Breakers({', '.join(parts)})"

    def use(self, options: BreakerOptions) -> None:
        """From now on with these options; what was learnt stays."""
        for one in (self.whole, *self._models.values()):
            one.options = options

    def check(self, model: str, now: float) -> None:
        """Raise the Fault of a model that is not asked now."""
        self.whole.check(now)
        if self._models and model in self._models:
            self._models[model].check(now)

    def take(self, model: str, now: float) -> bool:
        """An attempt begins, right after `check`; True when it is a probe."""
        is_probe = self.whole.take(now)
        if self._models and model in self._models:
            is_probe |= self._models[model].take(now)
        return is_probe

    def record(
        self, fault: Fault | None, model: str, now: float, *, is_probe: bool
    ) -> Breaker | None:
        """What came of an attempt: None when its answer began. Gives what that opened or closed."""
        if fault is None and not (self._models or self.whole.failure_count):
            return None  # nothing has failed: every request comes by here
        if fault is None or fault.scope is not Scope.ENDPOINT:
            return self._record_other(fault, model, now, is_probe=is_probe)
        if fault.kind in WHOLE_KINDS:
            self._release(model, is_probe=is_probe)
            return self.whole if self.whole.record(fault, now, is_probe=is_probe) else None
        # Whatever it said, it was reached.
        has_closed = self.whole.record(None, now, is_probe=is_probe)
        one = self._models.get(model) or self._add(model)
        if one.record(fault, now, is_probe=is_probe):
            self._has_answered = False
            return one
        return self.whole if has_closed else None

    def _record_other(
        self, fault: Fault | None, model: str, now: float, *, is_probe: bool
    ) -> Breaker | None:
        """Not a failure of the endpoint's, nor of a model's."""
        changed = self.whole if self.whole.record(fault, now, is_probe=is_probe) else None
        if not self._models:
            return changed
        if not is_sign_of_life(fault):
            self._release(model, is_probe=is_probe)
            return changed
        self._has_answered = True
        one = self._models.pop(model, None)
        return one if one is not None and one.record(None, now, is_probe=is_probe) else changed

    def release(self, model: str, *, is_probe: bool) -> None:
        """An attempt ended without telling anything: its caller left."""
        self.whole.release(is_probe=is_probe)
        self._release(model, is_probe=is_probe)

    def _release(self, model: str, *, is_probe: bool) -> None:
        if model in self._models:
            self._models[model].release(is_probe=is_probe)

    def _add(self, model: str) -> Breaker:
        if len(self._models) >= MODELS_MAX:
            del self._models[next(iter(self._models))]
        one = self._models[model] = Breaker(self.whole.options, model)
        return one

    def state(self, model: str, now: float) -> BreakerState:
        """Where a model stands, be it with the whole endpoint."""
        state = self.whole.state(now)
        if state is BreakerState.CLOSED and model in self._models:
            return self._models[model].state(now)
        return state

    def standing(self, now: float) -> Breaker:
        """The breaker that tells how the endpoint stands, for people.

        That of a model, where one is open and nobody has been answered since: then nothing is known
        to work. Those of the models that are not asked beside others that work are `left_alone`.
        """
        is_asked = self.whole.state(now) is BreakerState.CLOSED
        if not self._models or self._has_answered or not is_asked:
            return self.whole
        return max(self._models.values(), key=lambda one: (one.left_s(now), one.failure_count))

    def left_alone(self, now: float) -> Iterator[tuple[str, Breaker]]:
        """The models that are not asked now, where the endpoint is."""
        if self.standing(now).state(now) is BreakerState.OPEN:
            return
        for model, one in self._models.items():
            if one.state(now) is BreakerState.OPEN:
                yield model, one
