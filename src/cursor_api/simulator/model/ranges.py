"""Numbers that fit the bounds of a JSON Schema."""

from __future__ import annotations

import math

from cursor_api.simulator.model.asks import Schema


def _bounds(schema: Schema) -> tuple[float, float]:
    """The least and the greatest that a number may be, where an exclusive bound counts as one."""
    least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    over, under = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    # In the oldest drafts they are flags beside the bounds.
    least = math.nextafter(least, math.inf) if over is True else max(least, _after(over))
    most = math.nextafter(most, -math.inf) if under is True else min(most, _before(under))
    return least, most


def _after(bound: object) -> float:
    return math.nextafter(bound, math.inf) if _is_number(bound) else -math.inf  # type: ignore[arg-type]


def _before(bound: object) -> float:
    return math.nextafter(bound, -math.inf) if _is_number(bound) else math.inf  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_in_range(value: float, schema: Schema, *, is_whole: bool) -> bool:
    """Whether a number is what the schema allows."""
    least, most = _bounds(schema)
    step = schema.get("multipleOf")
    is_multiple = not step or math.isclose(value / step, round(value / step))
    return least <= value <= most and is_multiple and (not is_whole or value == int(value))


def number_within(schema: Schema, *, is_whole: bool) -> float:
    """1 where it fits, else what is nearest to it."""
    least, most = _bounds(schema)
    step = schema.get("multipleOf") or (1 if is_whole else None)
    if step:
        lowest = math.ceil(max(least, min(1, most)) / step) * step
        nearest: float = lowest if lowest <= most else math.floor(most / step) * step
        return int(nearest) if is_whole else nearest
    value: float = min(max(1, least), most)
    if value not in {1, schema.get("minimum"), schema.get("maximum")} and most - least < math.inf:
        # Next to an exclusive bound: the middle can be written in fewer digits.
        middle = (least + most) / 2
        value = next(
            (found for digits in range(1, 18) if least <= (found := round(middle, digits)) <= most),
            middle,
        )
    elif value != 1 and value == least and least != schema.get("minimum"):
        value = least + 1
    return value
