"""How deep and how full a JSON text may be, told without decoding it."""

from __future__ import annotations

import json
from itertools import islice

import pytest

from cursor_api.domain.errors import Fault
from cursor_api.wire.json_bounds import (
    CONTAINERS_CODE,
    DEPTH_CODE,
    SLICE_BYTES,
    VALUES_CODE,
    JsonLimits,
    check_bounds,
)
from tests.steps import count_steps, finish

SMALL = JsonLimits(depth_max=3, containers_max=10)


def code_of(text: bytes, limits: JsonLimits = SMALL, slice_bytes: int = SLICE_BYTES) -> str | None:
    """The code of the fault that a text leads to; None when it is fine."""
    try:
        finish(check_bounds(text, limits, slice_bytes))
    except Fault as fault:
        return fault.code
    return None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"[[[]]]", None),
        (b'{"a":{"b":{}}}', None),
        (b'[{"a":[]}]', None),
        (b"[[[[]]]]", DEPTH_CODE),
        (b'[{"a":[{}]}]', DEPTH_CODE),
        (b"[[[[[[[[", DEPTH_CODE),
        (b"[],[],[],[],[],[]", None),
        (b"[" + b"[]," * 8 + b"[]]", None),
        (b"[" + b"[]," * 9 + b"[]]", CONTAINERS_CODE),
        (b"[" + b"{}," * 5_000_000 + b"{}]", CONTAINERS_CODE),
        (b"]" * 100, CONTAINERS_CODE),
        (b"", None),
        (b"1", None),
    ],
)
def test_levels_and_containers_are_counted(text: bytes, code: str | None) -> None:
    """Objects and arrays alike, whole or never closed; a level more than is allowed is refused."""
    assert code_of(text) == code


def test_the_worked_example() -> None:
    """Five containers, four deep, as the module says of it."""
    text = rb'{"a\"[":[{"b":[]}],"c":{}}'
    for slice_bytes in (1, 3, SLICE_BYTES):
        assert code_of(text, JsonLimits(4, 5), slice_bytes) is None
        assert code_of(text, JsonLimits(3, 5), slice_bytes) == DEPTH_CODE
        assert code_of(text, JsonLimits(4, 4), slice_bytes) == CONTAINERS_CODE


@pytest.mark.parametrize(
    "inside",
    [
        b"[[[[[[[[[[[[",
        b"]]]]]]]]{{{{{{{{{",
        rb"\"[[[[[[[[[[[[",
        rb"\\\"[[[[[[[[[[[[",
        rb"\n\"[[[[[[[[[[[[\\",
        rb"[[[[[\u005b[[[[[[[\t",
        rb"\\\\",
        rb"\/\b\f\r[[[[[[[[[\"",
    ],
)
@pytest.mark.parametrize("slice_bytes", [1, 2, 3, 5, 64])
def test_what_stands_in_a_string_does_not_count(inside: bytes, slice_bytes: int) -> None:
    """However the string is escaped and wherever a step ends; what stands behind it does."""
    around = b'["%b",{"%b":[]}]' % (inside, inside)
    deeper = b'["%b",{"%b":[[]]}]' % (inside, inside)
    assert json.loads(around)
    assert code_of(around, slice_bytes=slice_bytes) is None
    assert code_of(deeper, slice_bytes=slice_bytes) == DEPTH_CODE


@pytest.mark.parametrize("end", [rb"\x", rb'"\x"', rb'"\[', b'"\\', b"\\" * 7])
def test_malformed_escapes_hide_nothing_in_front_of_them(end: bytes) -> None:
    """The decoder comes as far as the first of them."""
    assert code_of(b"[" * 50 + end) in {DEPTH_CODE, CONTAINERS_CODE}
    assert code_of(b"[" * 2 + end) is None


def test_towers_are_measured_as_rightly_as_shrubs() -> None:
    """Two ways of counting, one answer."""
    for width in (1, 3, 50):
        for depth in (1, 2, 9, 127):
            text = b"[" + b",".join([b"[" * depth + b"]" * depth] * width) + b"]"
            assert code_of(text, JsonLimits(depth + 1)) is None
            assert code_of(text, JsonLimits(depth)) == DEPTH_CODE


def test_a_step_looks_at_a_slice() -> None:
    """Nothing is looked at in one go whose size the caller chose."""
    assert count_steps(check_bounds(b'"' + b"a" * (SLICE_BYTES - 2) + b'"', JsonLimits()))[1] == 1
    assert count_steps(check_bounds(b'"' + b"a" * 10 * SLICE_BYTES + b'"', JsonLimits()))[1] == 13


def test_too_much_is_noticed_before_the_end() -> None:
    """Of ten million bytes of objects less than a tenth is looked at."""
    steps = check_bounds(b"[" + b"{}," * 3_333_333 + b"{}]", JsonLimits())
    with pytest.raises(Fault, match=r"more than 100000 objects and arrays\.$"):
        list(islice(steps, 8))


def test_the_messages_name_the_limits() -> None:
    """In figures that somebody can change."""
    with pytest.raises(Fault, match=r"nested more than 3 levels deep\.$"):
        finish(check_bounds(b"[[[[]]]]", SMALL))


FEW = JsonLimits(depth_max=3, containers_max=10, values_max=4)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"[1,2,3,4]", None),
        (b"[1,2,3,4,5]", VALUES_CODE),
        (b'{"a":1,"b":"","c":null,"d":true}', None),
        (b'{"a":1,"b":"","c":null,"d":true,"e":0.5}', VALUES_CODE),
        (b'["1,2,3,4,5",2,3,4]', None),
        (b'["1,2,3,4,5",2,3,4,5]', VALUES_CODE),
        (rb'["\",,,,,",",",2]', None),
        (rb'["\",,,,,",",",3,4,5]', VALUES_CODE),
        (rb'["\u002c,\\\\",",,,,\/\b",3,4]', None),
        (rb'["\u002c,\\\\",",,,,\/\b",3,4,5]', VALUES_CODE),
        (b"[" + b"1," * 5_000_000 + b"1]", VALUES_CODE),
        (b"," * 100, VALUES_CODE),
    ],
)
@pytest.mark.parametrize("slice_bytes", [1, 3, SLICE_BYTES])
def test_values_are_counted(text: bytes, code: str | None, slice_bytes: int) -> None:
    """Of objects and arrays alike; the commas of a text are no values."""
    if len(text) > 1000 and slice_bytes != SLICE_BYTES:
        return
    assert code_of(text, FEW, slice_bytes) == code


def test_commas_are_looked_at_once_more_only_where_there_are_many() -> None:
    """Of a text of twenty slices, and in steps then."""
    plain = b'["' + b"a" * 20 * SLICE_BYTES + b'"]'
    limits = JsonLimits(values_max=20 * SLICE_BYTES)
    assert count_steps(check_bounds(plain, limits))[1] == 23
    assert count_steps(check_bounds(plain.replace(b"a", b","), limits))[1] == 44
