"""Fields that are read when somebody asks."""

from __future__ import annotations

import msgspec
import pytest

from cursor_api.wire.json_lenient import NOTHING, find_object, find_objects, find_value

NUMBER = msgspec.json.Decoder(int)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (msgspec.Raw(b"5"), 5),
        (msgspec.Raw(b'"5"'), None),
        (msgspec.Raw(b"null"), None),
        (NOTHING, None),
    ],
)
def test_what_is_of_another_type_says_nothing(raw: msgspec.Raw, expected: int | None) -> None:
    """Clients send null and more."""
    assert find_value(NUMBER, raw) == expected


def test_an_object_stays_as_it_was_written() -> None:
    """Nobody here reads what is inside."""
    assert find_object(msgspec.Raw(b'{"b": 1,  "a":2}')) == b'{"b": 1,  "a":2}'
    assert find_object(msgspec.Raw(b"[1]")) is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'[ {"a":1},2,"{", null,\n{} ,[{}]]', [b'{"a":1}', b"{}"]),
        (b"{}", []),
        (b"null", []),
    ],
)
def test_of_a_list_the_objects_are_found(raw: bytes, expected: list[bytes]) -> None:
    """Other values are left out before anybody tries to read them."""
    assert [bytes(one) for one in find_objects(msgspec.Raw(raw))] == expected
