"""The header `x-cursor-checksum`: an obfuscated time in front of the ids of a device.

`<8 characters of time><64 hex machine id>[/<64 hex mac machine id>]`: 137 characters, or 72 where
there is no second id. The time changes every 1,000,000 ms; the ids must never change by themselves,
because the server counts the computers of an account.

The two ways of writing the time were read in public source and recomputed against published
vectors (tests/vectors/checksum.json). Nobody here has seen which of them the server checks.
"""

from __future__ import annotations

import base64
import enum
import re
from collections.abc import Callable
from typing import Final

from msgspec import Struct

STEP_S: Final = 1000
MACHINE_ID_BYTES: Final = 32

_OBFUSCATION_START: Final = 165
_FORM: Final = re.compile(
    r"(?P<time>[A-Za-z0-9+/]{8}|[A-Za-z0-9_-]{8})"
    r"(?P<machine>[0-9a-fA-F]{64})(?:/(?P<mac>[0-9a-fA-F]{64}))?"
)
_TO_URL_SAFE: Final = str.maketrans("+/", "-_")


class Variant(enum.Enum):
    """Whose arithmetic wrote the time part.

    EDITOR is JavaScript, where a shift by 32 or 40 is a shift by 0 or 8, in the URL-safe alphabet.
    REFERENCE is the literal 64-bit shift of most ports, whose first two bytes are always 0, in the
    standard alphabet.
    """

    EDITOR = "editor"
    REFERENCE = "reference"


class ChecksumError(ValueError):
    """The text is no checksum of either variant. The message never holds the text."""


class ParsedChecksum(Struct, frozen=True):
    """A checksum taken apart. `time_step` counts 1,000-second steps since 1970."""

    time_step: int
    variant: Variant
    machine_id: str
    mac_machine_id: str | None

    def age_steps(self, now_s: float) -> int:
        """How many steps the time part is behind `now_s`; below 0 when it is ahead."""
        return int(now_s) // STEP_S - self.time_step


def new_checksum(
    random_bytes: Callable[[int], bytes], now_s: float, *, variant: Variant = Variant.EDITOR
) -> str:
    """A checksum of a device nobody has: to be made once for a credential, and then kept.

    `random_bytes(n)` gives n bytes that cannot be guessed; `now_s` is Unix time in seconds.
    """
    machine_id = random_bytes(MACHINE_ID_BYTES).hex()
    mac_machine_id = random_bytes(MACHINE_ID_BYTES).hex()
    return f"{time_part(now_s, variant)}{machine_id}/{mac_machine_id}"


def refresh_checksum(stored: str, now_s: float) -> str:
    """The stored device ids after the current time, in the variant and alphabet of the stored.

    A text that is not of the known form comes back unchanged: somebody wrote it by hand, and knows.
    """
    try:
        variant = parse_checksum(stored).variant
    except ChecksumError:
        return stored
    time_text, ids = stored[:8], stored[8:]
    fresh = time_part(now_s, variant)
    if set("+/") & set(time_text):
        fresh = fresh.translate(str.maketrans("-_", "+/"))
    elif set("-_") & set(time_text):
        fresh = fresh.translate(_TO_URL_SAFE)
    return fresh + ids


def time_part(now_s: float, variant: Variant = Variant.EDITOR) -> str:
    """The eight characters that stand for a Unix time in seconds."""
    step = int(now_s) // STEP_S
    head = (step >> 8, step) if variant is Variant.EDITOR else (step >> 40, step >> 32)
    plain = bytes(part & 0xFF for part in (*head, step >> 24, step >> 16, step >> 8, step))
    encode = base64.urlsafe_b64encode if variant is Variant.EDITOR else base64.b64encode
    return encode(_obfuscate(plain)).decode("ascii")


def parse_checksum(text: str) -> ParsedChecksum:
    """Take a checksum of either variant, length and alphabet apart; raises ChecksumError."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ChecksumError("a checksum is 8 characters, 64 hex digits and perhaps / and 64 more")
    plain = _clarify(base64.urlsafe_b64decode(found["time"].translate(_TO_URL_SAFE)))
    # Where both hold, the two variants write the same bytes and the choice decides nothing.
    if plain[:2] == plain[4:]:
        variant = Variant.EDITOR
    elif plain[:2] == b"\0\0":
        variant = Variant.REFERENCE
    else:
        raise ChecksumError("the first eight characters of the checksum stand for no time")
    return ParsedChecksum(int.from_bytes(plain[2:], "big"), variant, found["machine"], found["mac"])


def _obfuscate(plain: bytes) -> bytes:
    written = bytearray()
    previous = _OBFUSCATION_START
    for index, byte in enumerate(plain):
        previous = ((byte ^ previous) + index) & 0xFF
        written.append(previous)
    return bytes(written)


def _clarify(written: bytes) -> bytes:
    before = bytes((_OBFUSCATION_START, *written[:-1]))
    return bytes(
        ((byte - index) & 0xFF) ^ previous
        for index, (byte, previous) in enumerate(zip(written, before, strict=True))
    )
