"""Options classes in, one list of rows out, each with its table and its place."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec import Struct, field

from cursor_api.domain.catalog import NamedModel
from cursor_api.options.kinds import flag, whole
from cursor_api.options.setting import setting
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.settings.schema import CONFIG, Group, Schema


class Limits(Struct, frozen=True):
    """Options inside others."""

    size: int = setting("SIZE", whole(0, 9, 1), "1", "How large.")
    depth: int = setting("DEPTH", whole(0, 9, 1), "2", "How deep.")


class Door(Struct, frozen=True):
    """A part of the house."""

    is_open: bool = setting("OPEN", flag(), "true", "Whether.", key="open", aliases=("o-p",))
    limits: Limits = field(default_factory=Limits)


class Toy(Struct, frozen=True):
    """A kind of upstream whose rows have no variables of their own."""

    speed: int = setting("", whole(0, 9, 1), "3", "How fast.")


class House(Struct, frozen=True):
    """All settings."""

    door: Door
    upstreams: tuple[UpstreamSettings, ...]
    models: tuple[NamedModel, ...]


ENTRY = Group("entry", "Entry", ("door.limits.depth", "door"))
SIZES = Group("sizes", "Sizes", ("door.limits",))
TOY = Group("toy", "Toys", ("toy",), prefix="TOY_", foreign="TOY_STORY.*")


def schema(groups: Sequence[Group] = (ENTRY, SIZES, TOY)) -> Schema[House]:
    """The house, with one kind of upstream."""
    return Schema(House, groups, {"toy": Toy})


def test_a_longer_path_takes_a_row_out_of_a_shorter_one() -> None:
    """So that one class can feed several tables, in an order of their own."""
    assert [row.key for row in schema().rows] == [
        *("", "entry.depth", "entry.open", "sizes.size", "toy.speed"),
    ]
    assert schema().rows[0] is CONFIG
    assert schema().titles == {"": "Configuration file"} | {
        group.table: group.title for group in (ENTRY, SIZES, TOY)
    }


def test_a_row_without_a_variable_gets_its_groups_prefix() -> None:
    """Options that several kinds share cannot know it."""
    assert schema().by_key["toy.speed"].variable == "TOY_SPEED"
    whole_house = schema()
    assert whole_house.by_variable["o-p"] is whole_house.by_variable["OPEN"]


def test_a_row_that_no_group_has_is_a_mistake() -> None:
    """Nobody could set it."""
    with pytest.raises(ValueError, match=r"door\.limits\.size can be set, and no group has it"):
        schema((Group("entry", "Entry", ("door.is_open", "door.limits.depth")),))


def test_two_settings_of_one_name_are_a_mistake() -> None:
    """One of them would be read for both."""

    class Twin(Struct, frozen=True):
        is_open: bool = setting("OPEN", flag(), "true", "Whether.", key="open")

    with pytest.raises(ValueError, match="one name"):
        Schema(House, (ENTRY, SIZES, Group("twin", "Twin", ("twin",))), {"twin": Twin})


def test_a_kind_with_a_group_is_an_upstream_without_a_block() -> None:
    """One without a group exists in blocks alone."""
    assert schema().own_kinds == ("toy",)
    assert {way: row.variable for way, row in schema().rows_of_kind("toy").items()} == {
        ("speed",): "TOY_SPEED"
    }
    alone = schema((ENTRY, SIZES))
    assert (alone.own_kinds, list(alone.kinds)) == ((), ["toy"])


def test_values_become_the_parts_of_the_house() -> None:
    """Each in its class, however the tables cut it."""
    values = {"OPEN": False, "SIZE": 5, "DEPTH": 6, "TOY_SPEED": 7}
    assert schema().build(values, (), ()) == House(Door(False, Limits(5, 6)), (), ())


def test_names_that_were_meant_for_us() -> None:
    """The gateway's prefix and those of groups, but for what belongs to others."""
    names = ("GATEWAY_X", "TOY_X", "TOY_STORY_2", "BOY_X", "gateway_x")
    assert [name for name in names if schema().is_ours(name)] == ["GATEWAY_X", "TOY_X", "gateway_x"]


def test_blocks_can_be_left_out() -> None:
    """For commands that need none; the rows are the same."""
    without = schema().without_blocks()
    assert (schema().has_blocks, without.has_blocks) == (True, False)
    assert without.rows == schema().rows
