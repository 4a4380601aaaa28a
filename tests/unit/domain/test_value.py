"""What the domain's values are made of."""

from __future__ import annotations

import pytest

from cursor_api.domain.value import Value, replace, repr_without


class Named(Value, frozen=True):
    """A value."""

    name: str
    count: int = 1


class Quiet(Value, frozen=True):
    """One that holds a secret."""

    name: str
    token: str = "canary"
    count: int = 1

    __repr__ = repr_without("token")


class Other(Value, frozen=True):
    """Another one with the same fields."""

    name: str
    count: int = 1


def test_a_value_is_its_fields_and_its_kind() -> None:
    """Two of the same kind and fields are equal, and have one hash."""
    assert Named("a") == Named("a", 1)
    assert hash(Named("a")) == hash(Named("a", 1))
    assert Named("a") != Named("b")
    other: object = Other("a")
    assert Named("a") != other


def test_a_value_is_never_changed_but_replaced() -> None:
    """By another one with some fields changed; a field that it lacks is an error."""
    one = Named("a", 2)
    with pytest.raises(AttributeError):
        one.name = "b"  # type: ignore[misc]
    assert replace(one, name="b") == Named("b", 2)
    assert one == Named("a", 2)
    with pytest.raises(TypeError):
        replace(one, colour="red")


def test_a_value_does_not_show_what_it_is_told_to_hide() -> None:
    """The rest it shows as every value does, also inside another one."""
    assert repr((Quiet("a"),)) == "(Quiet(name='a', count=1),)"
    assert str(Quiet("a")) == "Quiet(name='a', count=1)"
