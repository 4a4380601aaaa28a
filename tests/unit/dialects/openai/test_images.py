"""Images in the requests of OpenAI's clients."""

from __future__ import annotations

import pytest

from cursor_api.dialects.openai.images import read_image
from cursor_api.domain.content import Image, LinkedImage
from cursor_api.domain.errors import Fault

PLACE = "messages[0].content[1].image_url"


def test_a_data_url_is_its_bytes() -> None:
    """With its media type."""
    image = read_image("data:image/gif;base64,R0lGODlh", PLACE, 100)
    assert image == Image(b"GIF89a", "image/gif")


def test_a_web_address_stays_one() -> None:
    """Whether it can be used is for the routes to say; it is bounded."""
    for url in ("https://example.test/a.png", "HTTP://example.test/a"):
        assert read_image(url, PLACE, 100) == LinkedImage(url)
    with pytest.raises(Fault, match="8000 characters"):
        read_image(f"https://example.test/{'a' * 8_000}", PLACE, 100)


@pytest.mark.parametrize("url", ["ftp://example.test/a.png", "data:text/plain,hi", "nothing"])
def test_whatever_else_is_refused_with_its_place(url: str) -> None:
    """It is neither an image nor a web address."""
    with pytest.raises(Fault) as caught:
        read_image(url, PLACE, 100)
    assert caught.value.param == PLACE
