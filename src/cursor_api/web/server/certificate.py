"""From when until when a certificate holds, read from its DER bytes (RFC 5280, section 4.1).

Python's ssl tells this only of a certificate that it has verified, which a server does not do with
its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
_SHORT_TIME: Final = 0x17
_LONG_TIME: Final = 0x18
# Years of two digits are those of 1950 to 2049.
_FIRST_OF_CENTURY: Final = 50
# Version (left out in the oldest), serial number, algorithm, issuer; then the two times.
_FIELDS_BEFORE: Final = 3
_LONG_LENGTH: Final = 0x80


class Validity(NamedTuple):
    """Both in UTC, and both within it."""

    begins_at: datetime
    ends_at: datetime


def read_validity(der: bytes) -> Validity:
    """The times of a certificate; raises ValueError for what is none."""
    fields = [*_walk(_enter(_enter(der)))]
    if fields and fields[0][0] == _VERSION:
        del fields[0]
    if len(fields) <= _FIELDS_BEFORE:
        raise ValueError("it ends too early")
    begins_at, ends_at = (_read_time(*one) for one in _walk(fields[_FIELDS_BEFORE][1]))
    return Validity(begins_at, ends_at)


def _enter(der: bytes) -> bytes:
    """What is in the sequence that this begins with."""
    tag, content = next(_walk(der), (0, b""))
    if tag != _SEQUENCE:
        raise ValueError("it is no sequence")
    return content


def _walk(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements one after the other, as tag and content."""
    at = 0
    while at < len(data):
        tag, at = data[at], at + 2
        if at > len(data):
            raise ValueError("it ends too early")
        length = data[at - 1]
        if length >= _LONG_LENGTH:
            size = length - _LONG_LENGTH
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("it ends too early")
        yield tag, data[at : at + length]
        at += length


def _read_time(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == _SHORT_TIME:
        text = ("19" if int(text[:2]) >= _FIRST_OF_CENTURY else "20") + text
    elif tag != _LONG_TIME:
        raise ValueError("it has no time where one belongs")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
