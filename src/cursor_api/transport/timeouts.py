"""How long an answer may be waited for, by the model that gives it."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

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

    def __post_init__(self) -> None:
        for name in ("first_token_s", "idle_s"):
            rows: SecondsByModel = getattr(self, name)
            if not rows or rows[-1][0] != "*":
                raise ValueError(f"{name} does not end with a value for every model (*)")
            for _, seconds in rows:
                Timeouts(**{name: seconds})

    def for_model(self, model: str) -> Timeouts:
        """What this model is allowed. Looks through the patterns: who asks often keeps it."""
        return Timeouts(_first_match(self.first_token_s, model), _first_match(self.idle_s, model))


def _first_match(rows: SecondsByModel, model: str) -> float:
    return next(seconds for pattern, seconds in rows if fnmatch.fnmatchcase(model, pattern))
