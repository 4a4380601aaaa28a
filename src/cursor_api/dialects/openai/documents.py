"""Documents as OpenAI's clients give them inline: files with a name."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct

from cursor_api.domain.content import PDF, Document, Text
from cursor_api.wire.json_lenient import find_value


class FileIn(Struct, gc=False):
    """`{"filename": …, "file_data": …}`; one that was uploaded has an id in place of data."""

    filename: str | None = None
    file_data: str | None = None


_FILE: Final = msgspec.json.Decoder(FileIn)
_DATA: Final = "data:"
_BASE64: Final = ";base64"
_TEXT: Final = "text/"


def read_file(raw: Raw) -> Sequence[Document | Text]:
    """The document of a chat message's part; nothing for one that is not given inline."""
    file = find_value(_FILE, raw) or FileIn()
    return read_document(file.file_data or "", file.filename or "")


def read_document(data: str, name: str) -> Sequence[Document | Text]:
    """A document of a data URL, or of base64 alone, which is a PDF; one of plain text is text.

    Nothing for what is neither.
    """
    media_type, encoded = PDF, data
    if data.startswith(_DATA):
        head, _, encoded = data.partition(",")
        media_type, separator, rest = head.removeprefix(_DATA).partition(";")
        if not (separator + rest).endswith(_BASE64):
            return ()
    if not encoded:
        return ()
    if not media_type.startswith(_TEXT):
        return (Document(media_type or PDF, encoded, name=name),)
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ()
    # On lines of its own, whatever stands before and after it.
    return [Text(f"\n{name}\n" if name else "\n"), Text(text), Text("\n")] if text else ()
