"""Keys that seal credentials, as somebody writes them."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.options.sealing_keys import KEYS_MAX, read_keys, sealing_keys

ONE, TWO = "ab" * 32, "12" * 32


@pytest.mark.parametrize("text", [f"{ONE.upper()},{TWO}", f"{ONE} , {TWO},", f"{ONE}\n{TWO}\n"])
def test_several_in_order(text: str) -> None:
    """In any case, with commas, spaces or line ends between."""
    assert read_keys(text) == (Secret(ONE), Secret(TWO))
    assert sealing_keys().show(read_keys(text)) == "set (2 keys, hidden)"


def test_none() -> None:
    """An empty text has none."""
    assert read_keys(" \n") == ()


@pytest.mark.parametrize("canary", ["canary", ONE + "a", ONE[:-1], "x" * 64, f"{TWO},{ONE[1:]}"])
def test_what_is_no_key_is_told_and_not_shown(canary: str) -> None:
    """With what one looks like, and how to make one."""
    with pytest.raises(ValueError, match=r"64 hexadecimal digits.*sealing-key") as told:
        read_keys(canary)
    assert canary not in str(told.value)


def test_there_are_few() -> None:
    """The new one and those before it."""
    with pytest.raises(ValueError, match="more than 5 keys"):
        read_keys(",".join([ONE] * (KEYS_MAX + 1)))
