"""How long an answer may be waited for, by the model that gives it."""

from __future__ import annotations

import fnmatch
import functools
from typing import Final

from msgspec import Struct

from cursor_api.options.by_model import SecondsByModel, durations_by_model
from cursor_api.options.setting import setting
from cursor_api.transport.options import Timeouts

# More models than an upstream has; beyond it the patterns are looked through anew.
KNOWN_TIMEOUTS_MAX: Final = 256


class TimeoutsByModel(Struct, frozen=True):
    """Both limits for every model. Raises ValueError where a model could be left without one."""

    first_token_s: SecondsByModel = setting(
        "",
        durations_by_model("60s"),
        # Names do not say who thinks, and whoever does may take minutes for a first word.
        "180, o*=300, *thinking*=300",
        "Time from sending the request to the first text; after that, another"
        " credential is tried, if there is one. Models that think before they answer"
        " get more: `model=duration`, with `*` in names. A stream is kept alive"
        " meanwhile.",
        key="first_token_timeout_s",
    )
    idle_s: SecondsByModel = setting(
        "",
        durations_by_model("120s"),
        "120",
        "Silence within an answer, for all models or by model as above. Thinking"
        " models pause for up to a minute; a connection that died unnoticed stays"
        " silent forever.",
        key="idle_timeout_s",
    )

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


def remember_timeouts(timeouts: TimeoutsByModel) -> functools._lru_cache_wrapper[Timeouts]:
    """`for_model`, which looks through the patterns once for each of the last models."""
    return functools.lru_cache(KNOWN_TIMEOUTS_MAX)(timeouts.for_model)


def _first_match(rows: SecondsByModel, model: str) -> float:
    return next(seconds for pattern, seconds in rows if fnmatch.fnmatchcase(model, pattern))
