"""Images in the requests of OpenAI's clients."""

from __future__ import annotations

import pytest

from cursor_api.dialects.openai.images import quote, read_image
from cursor_api.domain.errors import Fault

PLACE = "messages[0].content[1].image_url"


def test_a_data_url_is_its_bytes() -> None:
    """With its media type."""
    image = read_image("data:image/gif;base64,R0lGODlh", PLACE, 100)
    assert (image.data, image.media_type) == (b"GIF89a", "image/gif")


@pytest.mark.parametrize("url", ["https://example.test/a.png", "data:text/plain,hi", "nothing"])
def test_whatever_else_is_refused_with_its_place(url: str) -> None:
    """No address is fetched."""
    with pytest.raises(Fault) as caught:
        read_image(url, PLACE, 100)
    assert caught.value.param == PLACE


def test_a_long_word_is_cut() -> None:
    """Nobody wants his megabyte back in an error."""
    assert quote("short") == "'short'"
    assert quote("x" * 100) == f"'{'x' * 40}…'"
