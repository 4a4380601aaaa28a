"""The picture of the house is drawn from the code, and is of the code as it is."""

from __future__ import annotations

from pathlib import Path

from scripts import import_graph


def test_the_picture_is_current(root: Path) -> None:
    """Whoever adds a way between two packages draws it anew."""
    shown = (root / "docs" / "images" / "imports.svg").read_text(encoding="utf-8")
    assert shown == import_graph.render(), "run: python -m scripts.import_graph"


def test_a_way_that_others_imply_is_left_out() -> None:
    """A picture of all of them would be black."""
    edges = {"a": {"b", "c", "d"}, "b": {"c"}, "c": {"d"}, "d": set[str]()}
    reduced = import_graph.reduce_edges({one: frozenset(others) for one, others in edges.items()})
    assert reduced == {
        "a": frozenset("b"),
        "b": frozenset("c"),
        "c": frozenset("d"),
        "d": frozenset(),
    }


def test_every_package_and_every_way_is_drawn() -> None:
    """Boxes by name; a way is a line and its tip."""
    floors = [["top"], ["left", "right"], ["<base>"]]
    edges = {"top": frozenset({"left", "right"}), "left": frozenset({"<base>"})}
    picture = import_graph.draw(floors, edges)
    assert picture.count('class="box"') == 4
    assert picture.count('class="way"') == 3
    assert "&lt;base&gt;" in picture
