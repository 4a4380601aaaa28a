"""Texts for event streams: JSON on one line whatever the reader, and comments."""

from __future__ import annotations

import msgspec

_encode = msgspec.json.Encoder().encode


def encode_line(text: str) -> bytes:
    """`text` as a JSON string without anything that some client takes for the end of a line."""
    encoded = _encode(text)
    return encoded if text.isascii() else escape_line_ends(encoded)


def escape_line_ends(encoded: bytes) -> bytes:
    """Escape U+0085, U+2028 and U+2029 in JSON.

    SSE knows only CR and LF, which JSON escapes anyway; but clients that split a stream with a
    text library's line reader (httpx's `iter_lines` is one) break at these three as well.
    """
    return (
        encoded.replace(b"\xc2\x85", b"\\u0085")
        .replace(b"\xe2\x80\xa8", b"\\u2028")
        .replace(b"\xe2\x80\xa9", b"\\u2029")
    )


def encode_comment(message: str) -> bytes:
    """An SSE comment, which every client skips; b"" for an empty message.

    The upstream's words are put on one line, without control characters: a line end in them
    would let the upstream write events of its own.
    """
    line = " ".join(message.split())
    line = "".join(character for character in line if character.isprintable())
    return b": %b\n\n" % line.encode() if line else b""
