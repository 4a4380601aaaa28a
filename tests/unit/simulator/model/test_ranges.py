from __future__ import annotations

import pytest

from cursor_api.simulator.model.ranges import is_in_range, number_within


@pytest.mark.parametrize(
    ("schema", "is_whole", "value"),
    [
        ({}, True, 1),
        ({}, False, 1),
        ({"minimum": 5}, True, 5),
        ({"maximum": -3}, True, -3),
        ({"minimum": 0, "maximum": 0}, True, 0),
        ({"exclusiveMinimum": 1}, True, 2),
        ({"exclusiveMinimum": 1}, False, 2),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 1}, False, 0.5),
        ({"minimum": 1, "exclusiveMinimum": True}, True, 2),
        ({"exclusiveMaximum": 1}, True, 0),
        ({"multipleOf": 5}, True, 5),
        ({"minimum": 11, "multipleOf": 5}, True, 15),
        ({"multipleOf": 0.25, "minimum": 0.3}, False, 1),
    ],
)
def test_a_number_is_within_its_bounds(
    schema: dict[str, object], *, is_whole: bool, value: float
) -> None:
    """1 where it fits, else what is nearest to it."""
    found = number_within(schema, is_whole=is_whole)
    assert found == value
    assert isinstance(found, int) or not is_whole
    assert is_in_range(found, schema, is_whole=is_whole)


def test_what_is_out_of_range_is_told() -> None:
    """Bounds, multiples and whole numbers."""
    assert not is_in_range(2.5, {}, is_whole=True)
    assert not is_in_range(3, {"multipleOf": 2}, is_whole=True)
    assert not is_in_range(3, {"exclusiveMaximum": 3}, is_whole=False)
