"""What is said in one turn, put together."""

from __future__ import annotations

import pytest

from cursor_api.domain.content import Document, Image, Part, Text, Thinking, ToolResult, ToolUse
from cursor_api.upstreams.cursor.draft import UNIT_SIZE, Draft
from cursor_api.wire.protobuf import ProtobufError


def said(*pieces: bytes) -> Draft:
    """All of these."""
    draft = Draft()
    for piece in pieces:
        draft.add(piece)
    return draft


def written(*parts: Part) -> str:
    """What these parts say."""
    draft = Draft()
    list(draft.add_parts(parts, {"1": "ls"}))
    return b"".join(draft.pieces).decode()


def test_pieces_stay_pieces() -> None:
    """None is copied, nothing is lost or moved, and an empty one says nothing."""
    assert said().pieces == []
    assert said(b"", b"a", b"", b"b").pieces == [b"a", b"b"]
    large = b"y" * 300_000
    pieces = [b"a" * 100, large, b"b", large]
    found = said(*pieces).pieces
    assert found == pieces
    assert sum(piece is large for piece in found) == 2


@pytest.mark.parametrize(
    ("paragraphs", "expected"),
    [
        ([[b"a"], [b"b"]], b"a\n\nb"),
        ([[], [b"a"], [b""], [b"b", b"c"], []], b"a\n\nbc"),
        ([[b"x" * 300_000], [b"b"]], b"x" * 300_000 + b"\n\nb"),
    ],
)
def test_a_blank_line_keeps_paragraphs_apart(
    paragraphs: list[list[bytes]], expected: bytes
) -> None:
    """Only where something is said on both sides."""
    draft = Draft()
    for pieces in paragraphs:
        draft.begin_paragraph()
        for piece in pieces:
            draft.add(piece)
    assert b"".join(draft.pieces) == expected


def test_parts_are_taken_one_by_one() -> None:
    """With a stop after each, as there may be thousands, and how much it was."""
    image = Image(b"", "image/png")
    draft = Draft()
    work = list(draft.add_parts((Text("a"), image, Text("b" * 2 * UNIT_SIZE), Text("c")), {}))
    assert work == [1, 1, 3, 1]
    assert b"".join(draft.pieces).decode() == "a" + "b" * 2 * UNIT_SIZE + "c"
    assert draft.images == [image]
    # It was read in an earlier turn: in a question it is refused.
    assert written(Text("a "), Document("application/pdf", "AA==", name="b.pdf")) == (
        "a [document b.pdf]"
    )


def test_calls_and_results_are_paragraphs_wherever_they_stand() -> None:
    """Also between texts, as other client APIs have them; thoughts are nobody's words."""
    call = ToolUse("1", "ls", b"{}")
    result = ToolResult("1", (Text("a"), Text("b")))
    assert written(Thinking("hm"), Text("x"), call, Text("y"), result, Text("z")) == (
        'x\n\n<tool_call id="1" name="ls">\n{}\n</tool_call>\n\ny\n\n'
        '<tool_result id="1" name="ls">\nab\n</tool_result>\n\nz'
    )
    failed = ToolResult("3", (Text("no"),), is_error=True)
    assert written(failed) == '<tool_result id="3" failed="true">\nno\n</tool_result>'
    assert written(ToolResult("2", ()), ToolResult("", ())) == (
        '<tool_result id="2">\n\n</tool_result>\n\n<tool_result>\n\n</tool_result>'
    )


def test_half_a_character_has_no_bytes() -> None:
    """In a text or in a name."""
    for part in (Text("\ud83d"), ToolUse("\ud83d", "", b""), ToolResult("\ud83d", ())):
        with pytest.raises(ProtobufError):
            written(part)


def test_its_size_can_be_read_in_a_debugger() -> None:
    """And nothing of what it says."""
    assert repr(said(b"secret")) == "Draft(pieces=1, images=0)"
