"""One block's keys: taken, required, refused, each by its name and place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cursor_api.options.kinds import flag, whole
from cursor_api.options.setting import Setting
from cursor_api.settings.block_keys import BlockKeys
from cursor_api.settings.resolve import Resolver
from cursor_api.settings.sources import Block

SIZE = Setting("", whole(0, 9, 1), "3", "How large.", name="size")
NAMED = {
    "name": Setting("", whole(0, 9, 1), None, "Who.", name="name"),
    "odd": Setting("", flag(), "false", "Whether.", name="odd"),
}


def keys(own: Resolver, number: int = 1, **entries: Any) -> BlockKeys:
    """A block with these keys, each on a line of its own."""
    places = {name: f"c.toml:{line}" for line, name in enumerate(entries, start=2)}
    block = Block("toy", number, entries, "c.toml [[toy]]", "c.toml:1", places)
    return BlockKeys(block, own, NAMED)


def told(own: Resolver) -> list[str]:
    """What is wrong."""
    return [str(problem) for problem in own.problems]


def test_a_key_is_known_by_the_blocks_name() -> None:
    """Or by its number, where it has no name that could stand in a line."""
    own = Resolver(Path("/srv"))
    assert keys(own, name="blue").variable("size") == "toy.blue.size"
    for name in ("", " ", "a\nb", 7, None):
        assert keys(own, number=4, name=name).variable("size") == "toy.4.size"
    assert keys(own, number=5).variable("size") == "toy.5.size"


def test_two_blocks_of_one_name_have_their_own_keys() -> None:
    """So that neither reads the other's."""
    own = Resolver(Path("/srv"))
    first = keys(own, name="1", odd=True)
    first.take_named()
    second = keys(own, number=2, name="1")
    second.take_named()
    assert (first.value("odd"), second.value("odd")) == (True, False)


def test_what_is_not_there_has_its_default() -> None:
    """And is shown only where somebody wants it to be."""
    own = Resolver(Path("/srv"))
    block = keys(own, odd=True)
    block.take_named()
    block.take(SIZE, is_shown=True)
    assert (block.value("name"), block.value("odd"), block.value("size")) == (None, True, 3)
    assert [(row.label, row.shown, row.source) for row in block.rows()] == [
        *(("odd", "true", "c.toml [[toy]]"), ("size", "3", "default")),
    ]
    assert {row.heading for row in block.rows()} == {"[[toy]] 1"}


def test_a_key_that_cannot_be_read_is_told_once() -> None:
    """Of the wrong type or outside its bounds; requiring it says nothing more."""
    own = Resolver(Path("/srv"))
    block = keys(own, name=[1], odd="maybe")
    block.take_named()
    block.require("name", "has no name")
    assert [problem.partition(" is ")[0] for problem in told(own)] == [
        "toy.1.name (c.toml:2): has the wrong type: it",
        'toy.1.odd (c.toml:3): "maybe"',
    ]
    assert (block.is_right("name"), block.is_right("odd")) == (False, False)


def test_a_key_that_is_required_is_missed_where_the_block_begins() -> None:
    """An empty one where it stands."""
    own = Resolver(Path("/srv"))
    for block in (keys(own), keys(own, number=2, name="")):
        block.take_named()
        block.require("name", "has no name")
    assert told(own) == ["toy.1 (c.toml:1): has no name", "toy.2.name (c.toml:2): has no name"]


def test_a_key_that_no_block_has_is_told_with_the_nearest() -> None:
    """It is not read."""
    own = Resolver(Path("/srv"))
    block = keys(own, ood=True, name="1")
    block.take_named()
    assert [str(finding) for finding in block.find_unknown()] == [
        "c.toml:2: no such key in [[toy]]: ood; did you mean odd?"
    ]
