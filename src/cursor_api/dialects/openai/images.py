"""Images as OpenAI's clients give them, and how a caller's own word is repeated to him."""

from __future__ import annotations

from typing import Final

from cursor_api.domain.content import Image
from cursor_api.domain.errors import invalid_request
from cursor_api.wire.images import ImageError, parse_data_url

# How much of a caller's own word an error message repeats.
QUOTED_CHARS_MAX: Final = 40


def read_image(url: str, path: str, image_bytes_max: int) -> Image:
    """The image of a data URL; raises Fault, which names the place `path` of the request."""
    if url[:8].lower().startswith(("http://", "https://")):
        raise invalid_request(
            f"'{path}' is a web address. This gateway fetches no address that a caller gives:"
            " send the image itself as data:image/png;base64,…",
            code="unsupported_value",
            param=path,
        )
    try:
        return parse_data_url(url, image_bytes_max)
    except ImageError as error:
        raise invalid_request(f"'{path}' {error}.", code="invalid_image_url", param=path) from error


def quote(word: str) -> str:
    """A caller's word in quotes, cut where it is long."""
    if len(word) > QUOTED_CHARS_MAX:
        word = word[:QUOTED_CHARS_MAX] + "…"
    return f"'{word}'"
