"""Draws docs/images/imports.svg: which package of the house imports which, floor by floor.

    python -m scripts.import_graph

The floors are those of the first import contract in pyproject.toml, the arrows are read from the
code. An arrow that others imply is left out: whoever imports the web imports what it stands on.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Final

import grimp

ROOT: Final = Path(__file__).parents[1]
PICTURE: Final = ROOT / "docs" / "images" / "imports.svg"
PACKAGE: Final = "cursor_api"

# All in pixels.
WIDTH: Final = 980
MARGIN: Final = 20
FLOOR_HEIGHT: Final = 66
BOX_HEIGHT: Final = 30
LETTER_WIDTH: Final = 8
PADDING: Final = 14
GAP: Final = 46
# A floor with one box has it aside of the middle, by turns: ways that pass it by can be seen.
ASIDE: Final = (-110, 0, 110)

Edges = Mapping[str, frozenset[str]]
Boxes = Mapping[str, tuple[int, int, int]]

STYLE: Final = """\
  <style>
    svg { background: #fff; font: 13px ui-monospace, "DejaVu Sans Mono", monospace; }
    .floor { fill: #f6f7f9; }
    .box { fill: #fff; stroke: #4a5568; }
    .way { fill: none; stroke: #8793a6; stroke-width: 1.2; }
    .tip { fill: #8793a6; }
    text { fill: #1a202c; text-anchor: middle; }
    @media (prefers-color-scheme: dark) {
      svg { background: #0d1117; }
      .floor { fill: #161b22; }
      .box { fill: #0d1117; stroke: #8b949e; }
      .way { stroke: #6e7681; }
      .tip { fill: #6e7681; }
      text { fill: #e6edf3; }
    }
  </style>
"""


def read_floors() -> list[list[str]]:
    """The packages from top to bottom, as the contract has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    return [[name.strip("() ") for name in layer.split("|")] for layer in layers]


def read_edges(floors: list[list[str]]) -> Edges:
    """Which of them imports which others directly."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    names = [name for floor in floors for name in floor]
    edges: dict[str, set[str]] = {name: set() for name in names}
    for module in graph.modules:
        importer = _place_of(module)
        for imported in graph.find_modules_directly_imported_by(module):
            other = _place_of(imported)
            if importer in edges and other in edges and other != importer:
                edges[importer].add(other)
    return {name: frozenset(others) for name, others in edges.items()}


def _place_of(module: str) -> str:
    return module.removeprefix(f"{PACKAGE}.").partition(".")[0]


def reduce_edges(edges: Edges) -> Edges:
    """Without those that a longer way implies."""
    reached: dict[str, frozenset[str]] = {}

    def reach(name: str) -> frozenset[str]:
        if name not in reached:
            below = (edges[name], *(reach(other) for other in edges[name]))
            reached[name] = frozenset().union(*below)
        return reached[name]

    return {
        name: frozenset(
            one for one in others if not any(one in reach(other) for other in others - {one})
        )
        for name, others in edges.items()
    }


def draw(floors: list[list[str]], edges: Edges) -> str:
    """The picture."""
    boxes = _place(floors)
    height = 2 * MARGIN + FLOOR_HEIGHT * len(floors)
    title = "Imports of cursor_api: each floor imports from those below it only"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="{title}">',
        f"  <title>{title}</title>",
        STYLE.rstrip("\n"),
    ]
    lines += _draw_floors(len(floors))
    lines += [_draw_way(boxes[one], boxes[other]) for one, other in _sorted(edges)]
    lines += [line for name in boxes for line in _draw_box(name, *boxes[name])]
    return "\n".join([*lines, "</svg>", ""])


def _sorted(edges: Edges) -> Iterator[tuple[str, str]]:
    return ((one, other) for one, others in edges.items() for other in sorted(others))


def _place(floors: list[list[str]]) -> Boxes:
    """Left edge, top edge and width of each box."""
    boxes = {}
    for number, floor in enumerate(floors):
        widths = [len(name) * LETTER_WIDTH + 2 * PADDING for name in floor]
        x = (WIDTH - sum(widths) - GAP * (len(floor) - 1)) // 2
        x += ASIDE[number % len(ASIDE)] if len(floor) == 1 else 0
        y = MARGIN + number * FLOOR_HEIGHT + (FLOOR_HEIGHT - BOX_HEIGHT) // 2
        for name, width in zip(floor, widths, strict=True):
            boxes[name] = (x, y, width)
            x += width + GAP
    return boxes


def _draw_floors(count: int) -> Iterator[str]:
    """Every other one in a shade."""
    for number in range(0, count, 2):
        y = MARGIN + number * FLOOR_HEIGHT
        yield f'  <rect class="floor" x="0" y="{y}" width="{WIDTH}" height="{FLOOR_HEIGHT}"/>'


def _draw_way(one: tuple[int, int, int], other: tuple[int, int, int]) -> str:
    x1, y1 = one[0] + one[2] // 2, one[1] + BOX_HEIGHT
    x2, y2 = other[0] + other[2] // 2, other[1]
    bend = (y2 - y1) // 2
    path = f"M{x1} {y1} C{x1} {y1 + bend} {x2} {y2 - bend} {x2} {y2 - 6}"
    tip = f"{x2 - 4},{y2 - 7} {x2 + 4},{y2 - 7} {x2},{y2}"
    return f'  <path class="way" d="{path}"/><polygon class="tip" points="{tip}"/>'


def _draw_box(name: str, x: int, y: int, width: int) -> Iterator[str]:
    yield (f'  <rect class="box" x="{x}" y="{y}" width="{width}" height="{BOX_HEIGHT}" rx="4"/>')
    yield f'  <text x="{x + width // 2}" y="{y + 20}">{escape(name)}</text>'


def render() -> str:
    """The picture of the code as it is."""
    floors = read_floors()
    return draw(floors, reduce_edges(read_edges(floors)))


def main() -> int:
    """Write it."""
    PICTURE.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)} is written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
