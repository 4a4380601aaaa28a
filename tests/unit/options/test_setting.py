"""A setting is said once, at the field of an options class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import Struct, field

from cursor_api.options.kinds import flag, size, whole
from cursor_api.options.setting import Setting, build_options, divide, find_rows, setting


def _from_port(values: Mapping[str, Any], _environ: Mapping[str, str]) -> bool:
    return bool(values.get("PORT") == 1)


class Limits(Struct, frozen=True):
    """Options inside others."""

    body_bytes_max: int = setting(
        "BODY", size(1, 1 << 40, "1MiB"), "10MiB", "How large.", is_divided=True
    )
    fixed: int = 7


class Listener(Struct, frozen=True):
    """One row of each sort."""

    port: int = setting("PORT", whole(0, 65535, 3000), "3000", "Where.", needs_restart=True)
    limits: Limits = field(default_factory=Limits)
    is_open: bool = setting(
        "OPEN",
        flag(),
        None,
        "Whether.",
        key="open",
        default_note="by the port",
        derive=_from_port,
        unset=True,
    )
    name: str | None = setting("", flag(), None, "Called so.", aliases=("NICK",))


def test_a_class_has_the_defaults_of_its_rows() -> None:
    """Nobody says them twice: a class built without settings behaves as what a user runs."""
    made = Listener()
    assert (made.port, made.is_open, made.name) == (3000, True, None)
    assert (made.limits.body_bytes_max, made.limits.fixed) == (10 * 1024**2, 7)
    with pytest.raises(AttributeError):
        made.port = 1  # type: ignore[misc] # that is the point


def test_rows_are_found_in_the_order_of_the_fields() -> None:
    """With the way to each; a field without one is nobody's business."""
    rows = find_rows(Listener)
    assert list(rows) == [("port",), ("limits", "body_bytes_max"), ("is_open",), ("name",)]
    assert [row.name for row in rows.values()] == ["port", "body_bytes_max", "open", "name"]
    assert rows["port",].needs_restart
    assert rows["is_open",].derive is _from_port
    assert rows["name",].aliases == ("NICK",)


def test_a_class_is_built_from_values_by_their_ways() -> None:
    """Those inside as well; what is not given has its default."""
    made = build_options(Listener, {("port",): 1, ("limits", "body_bytes_max"): 2})
    assert made == Listener(1, Limits(2))


def test_a_key_is_a_table_and_a_name() -> None:
    """What has no table cannot stand in TOML."""
    assert Setting("A_B", flag(), "true", "x", name="b", table="a").key == "a.b"
    assert Setting("A_B", flag(), "true", "x", name="b").key == ""


def test_a_default_that_is_none_of_its_kind_is_found_at_once() -> None:
    """When the class is made, not when somebody reads settings."""
    with pytest.raises(ValueError, match="is not a whole number"):
        setting("PORT", whole(0, 65535, 1), "many", "Where.")


def test_one_of_several_processes_has_its_part() -> None:
    """Rounded up, so that nobody has nothing; what bounds no process stays whole, and so does 0."""
    whole_one = Listener(limits=Limits(body_bytes_max=10, fixed=10))
    part = divide(whole_one, 3)
    assert part.limits == Limits(body_bytes_max=4, fixed=10)
    assert (part.port, part.name) == (3000, None)
    assert divide(((Limits(body_bytes_max=0), "text"),), 3) == ((Limits(body_bytes_max=0), "text"),)
    assert divide(whole_one, 1) is whole_one
