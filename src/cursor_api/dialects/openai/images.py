"""Images as OpenAI's clients give them."""

from __future__ import annotations

from cursor_api.domain.content import Image, LinkedImage
from cursor_api.domain.errors import invalid_request
from cursor_api.wire.images import LINK_CHARS_MAX, ImageError, is_link, parse_data_url


def read_image(url: str, path: str, image_bytes_max: int) -> Image | LinkedImage:
    """The image of a data URL, or its web address as it is.

    Raises Fault, which names the place `path` of the request.
    """
    if is_link(url):
        if len(url) > LINK_CHARS_MAX:
            raise invalid_request(
                f"'{path}' is a web address of more than {LINK_CHARS_MAX} characters.",
                code="invalid_image_url",
                param=path,
            )
        return LinkedImage(url)
    try:
        return parse_data_url(url, image_bytes_max)
    except ImageError as error:
        raise invalid_request(f"'{path}' {error}.", code="invalid_image_url", param=path) from error
