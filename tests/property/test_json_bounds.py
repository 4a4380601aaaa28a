"""Depth and size of any JSON text are what Python's own reader says, wherever a step ends."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.errors import Fault
from cursor_api.wire.json_bounds import (
    CONTAINERS_CODE,
    DEPTH_CODE,
    VALUES_CODE,
    JsonLimits,
    check_bounds,
)
from tests.examples import examples
from tests.steps import finish

# No deadline: a busy machine is no failure.
MANY = examples(300)

texts = st.text(st.sampled_from('"\\[]{},/bfnrtuva\u00e9\U0001f600\n\0'), max_size=8)
values = st.recursive(
    st.none() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=40,
)


def depth_of(value: Any) -> int:
    """How many containers are one in the other."""
    match value:
        case dict():
            return 1 + max(map(depth_of, value.values()), default=0)
        case list():
            return 1 + max(map(depth_of, value), default=0)
        case _:
            return 0


def count_containers(value: Any) -> int:
    """How many there are."""
    match value:
        case dict():
            return 1 + sum(map(count_containers, value.values()))
        case list():
            return 1 + sum(map(count_containers, value))
        case _:
            return 0


def count_commas(value: Any) -> int:
    """How many stand between values."""
    match value:
        case dict():
            return max(0, len(value) - 1) + sum(map(count_commas, value.values()))
        case list():
            return max(0, len(value) - 1) + sum(map(count_commas, value))
        case _:
            return 0


def code_of(text: bytes, limits: JsonLimits, slice_bytes: int) -> str | None:
    """The code of the fault that a text leads to; None when it is fine."""
    try:
        finish(check_bounds(text, limits, slice_bytes))
    except Fault as fault:
        return fault.code
    return None


@MANY
@given(values, st.booleans(), st.sampled_from([None, 1]), st.integers(1, 40))
def test_the_bounds_are_exact(
    value: Any,
    is_ascii: bool,  # noqa: FBT001 - hypothesis gives it by position
    indent: int | None,
    slice_bytes: int,
) -> None:
    """At its own depth and count a text passes, at one less it does not."""
    text = json.dumps(value, ensure_ascii=is_ascii, indent=indent).encode()
    depth, count = depth_of(value), count_containers(value)
    assert code_of(text, JsonLimits(depth, count), slice_bytes) is None
    if depth:
        assert code_of(text, JsonLimits(depth - 1, count), slice_bytes) == DEPTH_CODE
        assert code_of(text, JsonLimits(depth, count - 1), slice_bytes) == CONTAINERS_CODE


@MANY
@given(values, st.booleans(), st.integers(1, 40))
def test_the_bound_of_values_is_exact(
    value: Any,
    is_ascii: bool,  # noqa: FBT001 - hypothesis gives it by position
    slice_bytes: int,
) -> None:
    """One more than there are commas passes, as many do not."""
    text = json.dumps(value, ensure_ascii=is_ascii).encode()
    commas_count = count_commas(value)
    limits = JsonLimits(values_max=commas_count + 1)
    assert code_of(text, limits, slice_bytes) is None
    if commas_count:
        limits = JsonLimits(values_max=commas_count)
        assert code_of(text, limits, slice_bytes) == VALUES_CODE
