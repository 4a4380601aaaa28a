"""Sizes from real headers, written by Pillow (libpng, libjpeg, libwebp); data: URLs.

All pictures are 300 pixels wide and 7 high, so that neither order nor byte order can be mistaken.
"""

from __future__ import annotations

import base64

import pytest

from cursor_api.wire.images import ImageError, image_of, measure, parse_data_url

PICTURES = {
    "png": (
        "iVBORw0KGgoAAAANSUhEUgAAASwAAAAHAQMAAACIr+J3AAAAA1BMVEUAAACnej3aAAAADUlEQVR42mNg"
        "GAUoAAABEQABfa/PlQAAAABJRU5ErkJggg=="
    ),
    "gif": ("R0lGODdhLAEHAIAAAAAAAAAAACwAAAAALAEHAAAITAABCBxIsKDBgwgTKlzIsKHDhxAjSpxIsaLFixgz"),
    "jpeg": (
        "/9j/4AAQSkZJRgABAQAAAQABAAD/4QALRXhpZgAAYWJj//4AB2hlbGxv/9sAQwD/////////////////"
        "/////////////////////////////////////////////////////////////////////8AACwgABwEs"
        "AQERAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQEC"
        "AwAEEQUSITFBBhNRYQcicRQygZE="
    ),
    "jpeg progressive": (
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////////////"
        "////////////////////////////////////////wgALCAAHASwBAREA/8QAFQABAQAAAAAAAAAAAAAA"
        "AAAAAAL/"
    ),
    "webp lossy": (
        "UklGRlIAAABXRUJQVlA4IEYAAADQAwCdASosAQcAP83m8HK/uDMsIagD8DmJaQDQVAT5w4cOHDhw4NAA"
        "/tSZUNGn4f+KHmt7B2mJr/PBHlHg4I8o8HBHlFoA"
    ),
    "webp lossless": ("UklGRiIAAABXRUJQVlA4TBUAAAAvK4EBAAcQ/Y/+B4CE8H+9GNH/FAEA"),
    "webp extended": (
        "UklGRmQAAABXRUJQVlA4WAoAAAAQAAAAKwEABgAAQUxQSBAAAAABB1CtiAgACeH/ejGi/ykCVlA4IC4A"
        "AACwAwCdASosAQcAP83m8HI/uDMsIagD8DmJaQAADHThw4cOHDhugAD+6WMoAAAA"
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_real_picture_s_size_is_read_from_its_header(name: str) -> None:
    """Each of the four formats, and each of WebP's three and JPEG's two kinds."""
    assert measure(base64.b64decode(PICTURES[name])) == (300, 7)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_cut_anywhere_has_its_size_or_none(name: str) -> None:
    """A header cut at any offset gives the true size or (0, 0), never an error or another size."""
    data = base64.b64decode(PICTURES[name])
    assert {measure(data[:end]) for end in range(len(data) + 1)} == {(0, 0), (300, 7)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg/>",
        b"BM" + bytes(60),
        b"RIFF\0\0\0\0WEBPVP8?" + bytes(30),
        b"\x89PNG\r\n\x1a\n" + bytes(20),
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + b"\xff" * 8,  # wider than the standard allows
        b"GIF89a\0\0\0\0",
        b"GIF89a\0\0\x05\0",  # one side only
        b"GIF89a\x05\0\0\0",
        b"\xff\xd8" + b"\xff\xe0\0\0" * 3,  # a segment that goes nowhere
        b"\xff\xd8" + b"\xff\xfe\0\x02" * 100_000,  # only comments, for ever
        b"\xff\xd8\x00\x00",
        b"\xff\xd8" + b"\xff" * 50_000,
    ],
    ids=range(13),
)
def test_what_is_not_understood_has_no_size(data: bytes) -> None:
    """Unknown formats and hostile headers give (0, 0) in bounded time."""
    assert measure(data) == (0, 0)


def test_the_shortest_headers_that_state_a_size() -> None:
    """GIF89a as well as GIF87a; WebP's extended header ends with the height, at byte 30."""
    assert measure(b"GIF89a\x2c\x01\x07\0") == (300, 7)
    extended = base64.b64decode(PICTURES["webp extended"])
    assert (measure(extended[:29]), measure(extended[:30])) == ((0, 0), (300, 7))


def test_markers_without_a_length_and_fill_bytes_are_passed_over() -> None:
    """T.81 allows any number of FF before a marker, and TEM and RST have no length."""
    frame = b"\xff\xc0\x00\x0b\x08\x00\x07\x01\x2c\x01\x01\x11\x00"
    assert measure(b"\xff\xd8\xff\x01\xff\xd0\xff\xff\xff" + frame[1:]) == (300, 7)


def test_a_data_url_becomes_its_bytes_type_and_size() -> None:
    """The usual form, as every SDK's documentation writes it."""
    image = parse_data_url(f"data:image/png;base64,{PICTURES['png']}", 1000)
    assert image.data == base64.b64decode(PICTURES["png"])
    assert (image.media_type, image.width, image.height) == ("image/png", 300, 7)


@pytest.mark.parametrize(
    ("url", "data"),
    [
        ("DATA:Image/PNG;charset=utf-8;BASE64,aGk=", b"hi"),
        ("data:image/png;base64,aGk", b"hi"),  # without padding
        ("data:image/png;base64,aGk%3D", b"hi"),  # percent-encoded, as RFC 2397 has it
        ("data:image/png;base64,%2b%2F%2B%2f", b"\xfb\xff\xbf"),
        ("data:image/png;base64,+/+/", b"\xfb\xff\xbf"),
        ("data:image/png;base64,-_-_", b"\xfb\xff\xbf"),  # the URL-safe alphabet
        ("data:image/png;base64,aG\r\nk=\n", b"hi"),  # in lines
        ("data:image/png;base64, a G\tk", b"hi"),
        ("data:image/png;base64,aG%0D%0Ak%20", b"hi"),
    ],
)
def test_spellings_of_a_data_url(url: str, data: bytes) -> None:
    """Case, parameters, missing padding and percent-encoding make no difference."""
    image = parse_data_url(url, 1000)
    assert (image.data, image.media_type, image.width) == (data, "image/png", 0)


def test_an_image_is_what_it_is() -> None:
    """Whatever its name says; what is not known is what the caller says."""
    begins = {
        "image/png": b"\x89PNG\r\n\x1a\n",
        "image/jpeg": b"\xff\xd8\xff\xe0",
        "image/gif": b"GIF89a",
        "image/webp": b"RIFF\0\0\0\0WEBP",
    }
    for media_type, begin in begins.items():
        assert image_of(begin + b"...", "image/bmp", 99).media_type == media_type
    assert image_of(b"RIFF\0\0\0\0WAVE", "image/bmp", 99).media_type == "image/bmp"
    assert image_of(b"?", "image/jpg", 99).media_type == "image/jpeg"


def test_line_ends_count_for_nothing_in_an_image_s_size() -> None:
    """Of `encodebytes` each 77th character is one, and the limit is one of the image's bytes."""
    data = bytes(range(256)) * 40
    written = base64.encodebytes(data).decode()
    assert parse_data_url(f"data:image/png;base64,{written}", len(data)).data == data
    with pytest.raises(ImageError, match="larger than the limit"):
        parse_data_url(f"data:image/png;base64,{written}", len(data) - 1)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("data:image/png;base64", "form data:image/png"),
        ("file:///etc/passwd,", "form data:image/png"),
        ("iVBORw0KGgo=", "form data:image/png"),
        ("data:text/html;base64,aGk=", "'text/html'"),
        ("data:;base64,aGk=", "no media type"),
        ("data:image/svg+xml,<svg/>", "is not base64"),
        ("data:image/png;base64,a", "not base64"),
        ("data:image/png;base64,aG*k", "not base64"),
        ("data:image/png;base64,é", "not base64"),
        ("data:image/png;base64,", "is empty"),
        ("data:image/png" + ";a" * 5_000_000 + ";base64,aGk=", "form data:image/png"),
        ("data:image/png;base64," + "%41" * 3_000_000, "percent-encoded"),
        ("data:image/png;base64,%41aaa", "not base64"),
    ],
    ids=range(13),
)
def test_a_bad_data_url_says_what_is_wrong(url: str, words: str) -> None:
    """Every refusal has a reason that the caller can act on."""
    with pytest.raises(ImageError, match=words):
        parse_data_url(url, 1000)


@pytest.mark.parametrize("size_bytes", range(98, 105))
def test_the_limit_counts_the_image_s_own_bytes(size_bytes: int) -> None:
    """100 bytes pass a limit of 100, 101 do not, with and without padding."""
    encoded = base64.b64encode(bytes(size_bytes)).decode()
    for payload in (encoded, encoded.rstrip("=")):
        if size_bytes <= 100:
            assert len(parse_data_url(f"data:image/x;base64,{payload}", 100).data) == size_bytes
        else:
            with pytest.raises(ImageError, match="limit of 100 bytes"):
                parse_data_url(f"data:image/x;base64,{payload}", 100)
