"""Changing lines without touching the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cursor_api.upstreams.cursor.token_files.lines import (
    append_lines,
    name_lines,
    remove_lines,
    replace_lines,
    split_lines,
)

BOM = b"\xef\xbb\xbf"
FILES = st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"a", b"#", b" ", BOM, b"\xff"])).map(
    b"".join
)


@given(FILES)
def test_lines_joined_are_the_file(data: bytes) -> None:
    """Whatever line ends it has, and whether or not the last line has one."""
    assert b"".join(split_lines(data)) == data


def test_appended_lines_end_as_the_last_one_does() -> None:
    """CRLF files stay CRLF files; a missing last line end is made up for."""
    assert append_lines(b"", ["x", "y"]) == b"x\ny\n"
    assert append_lines(BOM, ["x"]) == BOM + b"x\n"
    assert append_lines(b"a", ["x"]) == b"a\nx\n"
    assert append_lines(b"a\r\nb", ["x"]) == b"a\r\nb\r\nx\r\n"
    assert append_lines(b"a\nb\r\n", ["x"]) == b"a\nb\r\nx\r\n"
    assert append_lines(b"a\r\nb\n", ["x"]) == b"a\r\nb\nx\n"
    assert append_lines(b"a", []) == b"a"


@given(FILES, st.lists(st.sampled_from(["x", "y::z"])))
def test_appending_keeps_every_byte(data: bytes, texts: list[str]) -> None:
    """The file is what it was, with something behind it."""
    assert append_lines(data, texts).startswith(data)


def test_removing_takes_the_line_and_its_end() -> None:
    """The byte order mark is the file's, not the line's."""
    assert remove_lines(b"a\r\nb\n#c", {2}) == b"a\r\n#c"
    assert remove_lines(b"a\nb", {2}) == b"a\n"
    assert remove_lines(BOM + b"a\nb\n", {1}) == BOM + b"b\n"
    assert remove_lines(b"a\n", set()) == b"a\n"


def test_replacing_keeps_the_line_end() -> None:
    """Each line keeps its own, and a last line without one stays without."""
    assert replace_lines(b"a\r\nb\nc", {1: "x", 3: "z"}) == b"x\r\nb\nz"
    assert replace_lines(BOM + b"a\n", {1: "x"}) == BOM + b"x\n"


@given(FILES.filter(bool), st.data())
def test_the_other_lines_stay_byte_for_byte(data: bytes, chosen: st.DataObject) -> None:
    """Removing and replacing touch the lines that are named."""
    lines = split_lines(data.removeprefix(BOM))
    if not lines:
        return
    number = chosen.draw(st.integers(1, len(lines)))
    mark = BOM if data.startswith(BOM) else b""
    before, after = lines[: number - 1], lines[number:]
    assert remove_lines(data, {number}) == mark + b"".join(before + after)
    replaced = replace_lines(data, {number: "new"})
    assert replaced.startswith(mark + b"".join(before) + b"new")
    assert replaced.endswith(b"".join(after))


def test_lines_are_named_by_their_numbers() -> None:
    """Ten of them at most."""
    assert name_lines([3]) == "line 3"
    assert name_lines([3, 7]) == "lines 3, 7"
    assert name_lines(range(1, 13)) == "lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more"
