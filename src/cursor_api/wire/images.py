"""Inline images: `data:` URLs to bytes, and the size in pixels that an image's header states.

The gateway forwards an image without looking at its pixels. The upstream's wire wants width and
height beside the bytes, so a few header bytes of the four formats that every vision model takes
are read here: PNG (ISO 15948), JPEG (ITU T.81 annex B), GIF89a and WebP (RFC 9649). Whatever is
not understood has the size (0, 0); a header is a hint and never a reason to refuse. It also beats
the media type that the caller states: programs name a picture by its file's name, and some vision
models refuse the whole request for a wrong one.
"""

from __future__ import annotations

import base64
import binascii
import struct

from cursor_api.domain.content import Image

# The largest size that the upstream's int32 fields and the PNG standard can state.
SIDE_MAX = 2**31 - 1
# T.81 table B.1: frame headers are C0-CF but for DHT, JPG and DAC.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers that stand alone, without a length: TEM, RST0-7, SOI.
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
# Metadata comes before the frame header, in segments of up to 64 KiB: this many hold 16 MiB of it.
_JPEG_SEGMENTS_MAX = 256
# `data:image/svg+xml;charset=utf-8;base64` and the like.
_HEAD_CHARS_MAX = 200
# What a data URL may spell with a percent sign (RFC 2397) of what base64 consists of. No client is
# known to do so; each costs a look at the whole text, hence the limit.
_ESCAPED_CHARS_MAX = 1024 * 1024
_ESCAPES = {"%2B": "+", "%2F": "/", "%3D": "=", "%2b": "+", "%2f": "/", "%3d": "="}
_ESCAPES |= dict.fromkeys(("%0A", "%0D", "%20", "%0a", "%0d"), "")
# Browsers pass over these; Android and Python's `encodebytes` write a line end after 76 characters.
_BLANKS = b"\t\n\f\r "
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
# What is no media type and is often written.
_SPELLINGS = {"image/jpg": "image/jpeg"}
# RFC 4648, section 5.
_STANDARD = bytes.maketrans(b"-_", b"+/")


# Servers take some 8,000 in a request line; signed addresses have 2,000.
LINK_CHARS_MAX = 8_000


class ImageError(Exception):
    """An image cannot be used; the message says why, in words for the caller."""


def is_link(url: str) -> bool:
    """Whether it is a web address, however long."""
    return url[:8].lower().startswith(("http://", "https://"))


def parse_data_url(url: str, image_bytes_max: int) -> Image:
    """Decode `data:image/…;base64,…`; raises ImageError for anything else."""
    comma = url.find(",", 0, _HEAD_CHARS_MAX)
    head, payload = url[: max(comma, 0)], url[comma + 1 :]
    media_type, *parameters = head[len("data:") :].split(";")
    media_type = media_type.strip().lower()
    if comma < 0 or head[: len("data:")].lower() != "data:":
        raise ImageError("is not a data: URL of the form data:image/png;base64,…")
    if not media_type.startswith("image/"):
        raise ImageError(f"holds {media_type[:60] or 'no media type'!r} where image/… is expected")
    if "base64" not in (parameter.strip().lower() for parameter in parameters):
        raise ImageError("is not base64: write data:image/png;base64,…")
    return decode_image(media_type, _unescape(payload), image_bytes_max)


def decode_image(media_type: str, payload: str, image_bytes_max: int) -> Image:
    """An image of base64; raises ImageError."""
    return image_of(_decode(payload.encode(), image_bytes_max), media_type, image_bytes_max)


def image_of(data: bytes, media_type: str, image_bytes_max: int) -> Image:
    """These bytes as an image; raises ImageError where they are too many, or none."""
    if not media_type.startswith("image/"):
        raise ImageError(f"holds {media_type[:60] or 'no media type'!r} where image/… is expected")
    if not data:
        raise ImageError("is empty")
    if len(data) > image_bytes_max:
        raise _too_large(image_bytes_max)
    width, height = measure(data)
    return Image(data, _find_media_type(data, media_type), width, height)


def _find_media_type(data: bytes, stated: str) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    for signature, media_type in _SIGNATURES.items():
        if data.startswith(signature):
            return media_type
    return _SPELLINGS.get(stated, stated)


def _decode(raw: bytes, image_bytes_max: int) -> bytes:
    """What base64 says; line ends, blanks and the URL-safe alphabet cost a second look."""
    # Judged before decoding, so that an oversized image costs no second copy.
    if len(raw) > _encoded_bytes_max(image_bytes_max):
        raw = raw.translate(_STANDARD, _BLANKS)
        if len(raw) > _encoded_bytes_max(image_bytes_max):
            raise _too_large(image_bytes_max)
    try:
        return _decode_strictly(raw)
    except binascii.Error:
        raw = raw.translate(_STANDARD, _BLANKS)
    try:
        return _decode_strictly(raw)
    except binascii.Error as error:
        raise ImageError("holds characters that are not base64, or too few of them") from error


def _decode_strictly(raw: bytes) -> bytes:
    # Some encoders leave the padding out; everything else must be exact.
    return base64.b64decode(raw + b"=" * (-len(raw) % 4), validate=True)


def _encoded_bytes_max(image_bytes_max: int) -> int:
    return (image_bytes_max + 3) * 4 // 3 + 1


def _too_large(image_bytes_max: int) -> ImageError:
    return ImageError(f"is larger than the limit of {image_bytes_max} bytes")


def _unescape(payload: str) -> str:
    if "%" in payload[:_ESCAPED_CHARS_MAX]:
        if len(payload) > _ESCAPED_CHARS_MAX:
            raise ImageError("is percent-encoded; write the base64 itself")
        for escape, character in _ESCAPES.items():
            payload = payload.replace(escape, character)
    return payload


def measure(data: bytes) -> tuple[int, int]:
    """(width, height) in pixels as the header states them, (0, 0) when it does not."""
    try:
        width, height = _measure(data)
    except struct.error:  # cut short
        return 0, 0
    if 0 < width <= SIDE_MAX and 0 < height <= SIDE_MAX:
        return width, height
    return 0, 0


def _measure(data: bytes) -> tuple[int, int]:
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
        return _pair(">II", data, 16)
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        return _pair("<HH", data, 6)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _measure_webp(data)
    if data.startswith(b"\xff\xd8"):
        return _measure_jpeg(data)
    return 0, 0


def _measure_webp(data: bytes) -> tuple[int, int]:
    match data[12:16]:
        case b"VP8 " if data[23:26] == b"\x9d\x01\x2a":
            width, height = _pair("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF  # the two bits above are a scale hint
        case b"VP8L" if data[20:21] == b"\x2f":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X" if len(data) >= 30:  # noqa: PLR2004 - where the 24-bit sizes end
            width = int.from_bytes(data[24:27], "little") + 1
            return width, int.from_bytes(data[27:30], "little") + 1
        case _:
            return 0, 0


def _measure_jpeg(data: bytes) -> tuple[int, int]:
    position = 2
    for _ in range(_JPEG_SEGMENTS_MAX):
        fill, marker = struct.unpack_from(">BB", data, position)
        if fill != 0xFF:  # noqa: PLR2004 - every marker begins so
            return 0, 0
        if marker == 0xFF:  # noqa: PLR2004 - a fill byte before the marker
            position += 1
        elif marker in _JPEG_BARE:
            position += 2
        elif marker in _JPEG_FRAMES:
            height, width = _pair(">HH", data, position + 5)
            return width, height
        else:
            (length,) = struct.unpack_from(">H", data, position + 2)
            position += 2 + length
    return 0, 0


def _pair(layout: str, data: bytes, offset: int) -> tuple[int, int]:
    first, second = struct.unpack_from(layout, data, offset)
    return first, second
