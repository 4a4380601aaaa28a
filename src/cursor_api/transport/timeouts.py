"""How long an answer may be waited for, by the model that gives it."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field

from cursor_api.transport.options import Timeouts

# Seconds by a pattern of model names (`o1*`); the first that fits counts, and `*` stands last.
SecondsByModel = tuple[tuple[str, float], ...]

# A model that reasons without showing it is silent until it has thought.
FIRST_TOKEN_S: SecondsByModel = (("o1*", 300.0), ("*", 60.0))
IDLE_S: SecondsByModel = (("*", 120.0),)


@dataclass(frozen=True, slots=True)
class TimeoutsByModel:
    """Both limits for every model. Raises ValueError where a model could be left without one."""

    first_token_s: SecondsByModel = FIRST_TOKEN_S
    idle_s: SecondsByModel = IDLE_S
    # Patterns are looked through once for a model; models are those of a fixed list.
    _known: dict[str, Timeouts] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )

    def __post_init__(self) -> None:
        for name in ("first_token_s", "idle_s"):
            rows: SecondsByModel = getattr(self, name)
            if not rows or rows[-1][0] != "*":
                raise ValueError(f"{name} does not end with a value for every model (*)")
            for _, seconds in rows:
                Timeouts(**{name: seconds})

    def of(self, model: str) -> Timeouts:
        """What this model is allowed."""
        known = self._known.get(model)
        if known is None:
            known = self._known[model] = Timeouts(
                _find(self.first_token_s, model), _find(self.idle_s, model)
            )
        return known


def _find(rows: SecondsByModel, model: str) -> float:
    return next(seconds for pattern, seconds in rows if fnmatch.fnmatchcase(model, pattern))
