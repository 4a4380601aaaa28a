"""How the commands about keys and prices explain themselves."""

from __future__ import annotations

import pytest

from cursor_api.cli.command import make_parser
from cursor_api.cli.terminal.command_tree import walk


@pytest.mark.parametrize("name", ["key", "price"])
def test_every_command_shows_how_it_is_typed(name: str) -> None:
    """With an example of itself, which the parser takes."""
    parser = make_parser()
    nodes = [node for node in walk(parser) if node.path[:1] == (name,)]
    assert len(nodes) > 3
    for node in nodes:
        text = node.parser.description or ""
        assert f"cursor-api {' '.join(node.path)}" in text
        for line in text.splitlines():
            if line.startswith(f"  cursor-api {name} "):
                typed = line.strip().partition("   ")[0].partition(" | ")[0].replace("'", "")
                parser.parse_args(typed.split()[1:])
