"""A turn in the making: what its parts say, as text, and its images; pure.

The text stays in the pieces that it came in, as UTF-8: the wire wants no more than the sum of their
sizes, and ten megabytes joined in one go are new memory, which may take a twentieth of a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cursor_api.domain.content import Document, Image, Part, Text, ToolResult, ToolUse
from cursor_api.wire.protobuf import string_bytes

# So many characters are as much work as a part.
UNIT_SIZE: Final = 2_048


class Draft:
    """A text that grows, and images."""

    __slots__ = ("_needs_blank_line", "images", "pieces")

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.images: list[Image] = []
        self._needs_blank_line = False

    def __repr__(self) -> str:
        return f"Draft(pieces={len(self.pieces)}, images={len(self.images)})"

    def begin_paragraph(self) -> None:
        """A blank line keeps what follows, if anything does, from what there is."""
        self._needs_blank_line = bool(self.pieces)

    def add(self, piece: bytes) -> None:
        """Say this too."""
        if not piece:
            return
        if self._needs_blank_line:
            self._needs_blank_line = False
            self.pieces.append(b"\n\n")
        self.pieces.append(piece)

    def add_parts(self, parts: Sequence[Part], names: Mapping[str, str]) -> Iterator[int]:
        """Say what they say, each in a step; gives how much work it was, in parts of short text.

        `names` are the tools' by the ids of their calls. Raises ProtobufError where a text has no
        UTF-8 form (a lone surrogate).
        """
        for part in parts:
            if type(part) is Text:
                self.add(string_bytes(part.text))
                yield 1 + len(part.text) // UNIT_SIZE
            elif type(part) is Image:
                self.images.append(part)
                yield 1
            elif type(part) is Document:
                # Of an earlier turn: in a question it is refused.
                self.add(string_bytes(part.mention))
                yield 1
            elif type(part) is ToolUse:
                self.begin_paragraph()
                self.add(string_bytes(f'<tool_call id="{part.id}" name="{part.name}">\n'))
                self.add(part.arguments)
                self.add(b"\n</tool_call>")
                self.begin_paragraph()
                yield 1
            elif type(part) is ToolResult:
                self.begin_paragraph()
                self.add(string_bytes(_result_head(part, names)))
                yield from self.add_parts(part.parts, names)
                self.add(b"\n</tool_result>")
                self.begin_paragraph()


def _result_head(result: ToolResult, names: Mapping[str, str]) -> str:
    head = "<tool_result"
    if call_id := result.call_id:
        head += f' id="{call_id}"'
        if name := names.get(call_id):
            head += f' name="{name}"'
    failed = ' failed="true"' if result.is_error else ""
    return f"{head}{failed}>\n"
