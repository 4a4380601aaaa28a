"""A time span that may differ by model: `60, o1*=300`."""

from __future__ import annotations

import re

from cursor_api.options.kinds import Kind, duration, show_duration
from cursor_api.options.said import tell

# A model's name, with * and ? standing for any part of it.
_PATTERN = re.compile(r"[A-Za-z0-9._:/*?-]{1,100}")
ROWS_MAX = 50
# All of them are waits for an upstream: up to an hour, for those that think for long.
SPAN_S_MIN, SPAN_S_MAX = 0.1, 3600

# Seconds by a pattern of model names (`o1*`); the first that fits counts, and `*` stands last.
SecondsByModel = tuple[tuple[str, float], ...]


def durations_by_model(example: str) -> Kind:
    """One time span for all models and others for some; gives rows of (pattern, float seconds).

    The first row that fits a model counts. The one for all others stands last, as `*`.
    """
    span = duration(SPAN_S_MIN, SPAN_S_MAX, example)

    def parse(text: str) -> SecondsByModel:
        rows: dict[str, float] = {}
        for piece in text.split(","):
            pattern, equals, value = piece.rpartition("=")
            pattern = pattern.strip() if equals else "*"
            if not _PATTERN.fullmatch(pattern):
                raise ValueError(
                    tell(
                        "is not a duration, or a row of them such as `60, o1*=300` (model=duration)"
                    )
                )
            if pattern in rows:
                raise ValueError(tell("names a model twice, or has two values for all others"))
            rows[pattern] = span.parse(value.strip())
        if "*" not in rows:
            raise ValueError(tell("has no value for all other models, such as `60, o1*=300`"))
        if len(rows) > ROWS_MAX:
            raise ValueError(tell("has more than {count} parts", count=ROWS_MAX))
        rest = rows.pop("*")
        return (*rows.items(), ("*", rest))

    def show(rows: SecondsByModel) -> str:
        *named, (_, rest) = rows
        return ", ".join(
            [show_duration(rest), *(f"{name}={show_duration(seconds)}" for name, seconds in named)]
        )

    return Kind(
        "duration in seconds, by model",
        (example, f"{example}, o1*=300"),
        parse,
        show=show,
        toml_types=(int, float),
    )
