"""What messages are made of: parts, in the order in which they were said.

Rules of this file:
- Texts that follow each other are one text. One of megabytes comes in several, as Python has a
  string of ten megabytes with a single emoji as forty, and to make it in one go holds everybody up.
- JSON that nobody here interprets is bytes, in UTF-8, for the same reason.
- Values, as several are made for each message of each request: a named tuple takes six times as
  long.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Final

from cursor_api.domain.value import Value


class Role(enum.Enum):
    """Who speaks. A client's `developer` role is SYSTEM; results of tools are the USER's."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class CacheMark(Value, frozen=True):
    """The caller wants the prompt up to here cached upstream; None: for as long as is usual."""

    ttl_s: int | None = None


class Text(Value, frozen=True):
    """A piece of text, exactly as it was written. `is_refusal`: with it the model refused."""

    text: str
    cache: CacheMark | None = None
    is_refusal: bool = False


class Image(Value, frozen=True):
    """An image given inline. `width` and `height` are pixels, 0 when the format hides them.

    `detail` is a word for how closely to look at it, "" for none.
    """

    data: bytes
    media_type: str
    width: int = 0
    height: int = 0
    cache: CacheMark | None = None
    detail: str = ""


class LinkedImage(Value, frozen=True):
    """An image that the caller names by a web address, http or https."""

    url: str
    cache: CacheMark | None = None
    detail: str = ""


# What most documents are, and what one is that says nothing of its type.
PDF: Final = "application/pdf"


class Document(Value, frozen=True):
    """A file that the model reads itself, mostly a PDF.

    It is given inline, as base64, or by its web address; `name` is "" where the caller has none.
    """

    media_type: str
    data: str = ""
    url: str = ""
    name: str = ""
    cache: CacheMark | None = None

    @property
    def mention(self) -> str:
        """What stands in its place where it cannot stand itself."""
        return f"[document {self.name or self.url or self.media_type}]"


class Thinking(Value, frozen=True):
    """What the model thought before it went on.

    `signature` goes back to the upstream as it came; with `is_redacted` the text is the sealed
    data itself, which only the upstream can read.
    """

    text: str
    signature: str = ""
    is_redacted: bool = False


class ToolUse(Value, frozen=True):
    """A call the assistant made; `arguments` is the JSON text that it wrote, valid or not."""

    id: str
    name: str
    arguments: bytes
    cache: CacheMark | None = None


class ToolResult(Value, frozen=True):
    """What became of a call. `call_id` is "" where the caller did not say which."""

    call_id: str
    parts: tuple[Text | Image | LinkedImage | Document, ...]
    is_error: bool = False
    cache: CacheMark | None = None


Part = Text | Image | LinkedImage | Document | Thinking | ToolUse | ToolResult


class Message(Value, frozen=True):
    """One turn."""

    role: Role
    parts: tuple[Part, ...]

    def all_parts(self) -> Iterator[Part]:
        """With what is in tools' results."""
        for part in self.parts:
            yield part
            if isinstance(part, ToolResult):
                yield from part.parts

    @property
    def text(self) -> str:
        """All texts joined, those of tools' results too; everything else is skipped."""
        return "".join(part.text for part in self.all_parts() if isinstance(part, Text))
