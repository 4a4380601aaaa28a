"""Names of tools that are too long."""

from __future__ import annotations

from cursor_api.dialects.openai_chat.tool_names import NAME_CHARS_MAX, find_renamed, write_name

FITTING = "a" * NAME_CHARS_MAX
LONG = [f"mcp__{'a-long-server' * 5}__{tool}" for tool in ("read", "write")]


def test_a_long_name_is_cut_and_found_again() -> None:
    """Two that begin alike stay two, and each is the same every time."""
    assert write_name(FITTING) == FITTING
    cut = [write_name(name) for name in LONG]
    assert all(len(name) == NAME_CHARS_MAX for name in cut)
    assert len(set(cut)) == len(LONG)
    assert find_renamed([FITTING, *LONG]) == dict(zip(cut, LONG, strict=True))
