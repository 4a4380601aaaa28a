"""The sorts of values a setting can have: how each is written, read and shown.

Rules of this file:
- `parse` gives the value or raises ValueError with words that complete "what was given …";
  the words never repeat what was given.
- No kind touches the disk or the network, but for the time zone database.
"""

from __future__ import annotations

import difflib
import enum
import re
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cursor_api.domain.credential import Secret
from cursor_api.options.masking import escape_controls, redact_shapes
from cursor_api.options.said import tell

# What is shown of one value, in messages and in the table; a name or a URL fits.
SHOWN_LENGTH_MAX = 60


def show_plain(value: object) -> str:
    """A value on one line, cut to a readable length, without anything shaped like a secret."""
    text = escape_controls(redact_shapes(str(value)))
    return text if len(text) <= SHOWN_LENGTH_MAX else f"{text[:SHOWN_LENGTH_MAX]}…"


def quote_plain(text: str) -> str:
    """What somebody gave, in quotes."""
    return f'"{show_plain(text)}"'


def show_path(path: Path) -> str:
    """A path on one line; of a long one the end, which says more than the beginning."""
    text = show_plain(path)
    if not text.endswith("…"):
        return text
    return f"…{show_plain(str(path)[-SHOWN_LENGTH_MAX:])}"


class Kind(Struct, frozen=True):
    """One sort of value.

    `label` is what the documentation calls it. `examples` are texts that parse, none where the
    words of `parse` bring one. `show` writes a parsed value for people; `quote` writes what
    somebody gave, readable or not, and hides what may be secret in it. `toml_types` are the TOML
    types besides a string that mean the same as their text. `is_text` values are taken as they
    are, spaces around them included. What `show` writes of an `is_secret` value is no value.
    """

    label: str
    examples: tuple[str, ...]
    parse: Callable[[str], Any]
    show: Callable[[Any], str] = show_plain
    quote: Callable[[str], str] = quote_plain
    toml_types: tuple[type, ...] = ()
    is_text: bool = False
    is_secret: bool = False


_DURATION_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZE_UNITS = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "kib": 1024,
    "mb": 1000**2,
    "mib": 1024**2,
    "gb": 1000**3,
    "gib": 1024**3,
}
# Longer than any number that means something; keeps int() cheap.
_DIGITS_MAX = 15

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")


def flag() -> Kind:
    """A yes or a no; gives bool."""

    def parse(text: str) -> bool:
        lowered = text.lower()
        if lowered in _TRUE:
            return True
        if lowered in _FALSE:
            return False
        raise ValueError(tell("is neither true, 1, yes, on nor false, 0, no, off"))

    return Kind(
        "yes or no",
        ("true", "false"),
        parse,
        show=lambda value: "true" if value else "false",
        toml_types=(bool,),
    )


def whole(minimum: int, maximum: int, example: int) -> Kind:
    """A whole number within bounds; gives int."""

    def parse(text: str) -> int:
        if re.fullmatch(rf"-?[0-9]{{1,{_DIGITS_MAX}}}", text) and minimum <= int(text) <= maximum:
            return int(text)
        raise ValueError(
            tell(
                "is not a whole number from {minimum} to {maximum}",
                minimum=minimum,
                maximum=maximum,
            )
        )

    return Kind(
        f"number, {minimum} to {maximum}",
        (str(example),),
        parse,
        toml_types=(int,),
    )


def show_duration(value_s: float) -> str:
    """Seconds with their unit."""
    return f"{value_s:g} s"


def duration(minimum_s: float, maximum_s: float, example: str) -> Kind:
    """A time span: plain seconds, or with ms, s, m or h; gives float seconds."""

    def parse(text: str) -> float:
        match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|s|m|h|)", text.lower())
        if match:
            value_s = float(match[1]) * _DURATION_UNITS[match[2]]
            if minimum_s <= value_s <= maximum_s:
                return value_s
        raise ValueError(
            tell(
                "is not a duration from {minimum} to {maximum} (plain seconds, or a"
                " number with ms, s, m or h)",
                minimum=show_duration(minimum_s),
                maximum=show_duration(maximum_s),
            )
        )

    return Kind(
        "duration in seconds",
        (example,),
        parse,
        show=show_duration,
        toml_types=(int, float),
    )


def show_size(value_bytes: int) -> str:
    """Bytes in the largest unit that divides them."""
    for unit, factor in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if value_bytes and value_bytes % factor == 0:
            return f"{value_bytes // factor} {unit}"
    return f"{value_bytes} bytes"


def size(minimum_bytes: int, maximum_bytes: int, example: str) -> Kind:
    """A number of bytes: plain, or with KiB, MiB, GiB (1024) or KB, MB, GB (1000); gives int."""

    def parse(text: str) -> int:
        match = re.fullmatch(rf"([0-9]{{1,{_DIGITS_MAX}}}) ?([kmg]i?b|b|)", text.lower())
        if match:
            value_bytes = int(match[1]) * _SIZE_UNITS[match[2]]
            if minimum_bytes <= value_bytes <= maximum_bytes:
                return value_bytes
        raise ValueError(
            tell(
                "is not a size from {minimum} to {maximum} (bytes, or a number with"
                " KiB, MiB or GiB)",
                minimum=show_size(minimum_bytes),
                maximum=show_size(maximum_bytes),
            )
        )

    return Kind(
        "size in bytes",
        (example,),
        parse,
        show=show_size,
        toml_types=(int,),
    )


def choice(*options: str) -> Kind:
    """One of a few words, in any case; gives the word in lower case."""

    def parse(text: str) -> str:
        if text.lower() in options:
            return text.lower()
        raise ValueError(tell("is none of {options}", options=", ".join(options)))

    words = ", ".join(f"`{option}`" for option in options)
    return Kind(f"one of {words}", options, parse)


def choice_of(options: type[enum.Enum]) -> Kind:
    """One of an enumeration's values, in any case; gives the member."""
    words = choice(*(option.value for option in options))
    return replace(
        words,
        parse=lambda text: options(words.parse(text)),
        show=lambda member: show_plain(member.value),
    )


def prose(length_max: int) -> Kind:
    """Text for a model: any characters and lines, as they are; gives str."""

    def parse(text: str) -> str:
        if len(text) > length_max:
            raise ValueError(tell("is longer than {length_max} characters", length_max=length_max))
        return text

    return Kind(
        "text",
        ("Answer in English.",),
        parse,
        show=quote_plain,
        is_text=True,
    )


def version() -> Kind:
    """A version number that can travel in a header; gives str."""

    def parse(text: str) -> str:
        if re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}", text):
            return text
        raise ValueError(tell("is not a version number"))

    return Kind("version number", ("0.42.5",), parse)


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def path() -> Kind:
    """A file's path, `~` allowed, perhaps relative to the working directory; gives Path."""

    def parse(text: str) -> Path:
        if "\0" in text:
            raise ValueError(tell("is no path: it holds a NUL character"))
        if _CONTROL.search(text):
            raise ValueError(
                tell(
                    "is no path: it holds a tab, a line feed or their like. Between double"
                    " quotes a backslash makes them (\\t, \\n): use single quotes, or / in"
                    " place of it"
                )
            )
        try:
            return Path(text).expanduser()
        except RuntimeError:
            raise ValueError(tell("begins with ~, and no home folder is known for it")) from None

    return Kind("path", ("/var/lib/cursor-api/file",), parse, show=show_path)


def header_secret() -> Kind:
    """A secret that travels in a header: printable ASCII; gives Secret."""

    def parse(text: str) -> Secret:
        for position, character in enumerate(text, start=1):
            if not " " <= character <= "~":
                raise ValueError(
                    tell(
                        "cannot travel in an HTTP header: character {position} of {count} is"
                        " not printable ASCII",
                        position=position,
                        count=len(text),
                    )
                )
        return Secret(text)

    return Kind(
        "secret text",
        ("a-long-random-text",),
        parse,
        show=lambda secret: f"set ({len(secret.reveal())} characters, hidden)",
        quote=lambda _text: "the value given",
        is_secret=True,
    )


# Files in the time zone database that are not names of places.
_NO_ZONES = ("localtime", "posixrules", "Factory")
_NO_ZONE_FOLDERS = ("posix/", "right/")


def is_zone(name: str) -> bool:
    """Whether this is an IANA time zone; by its form where the machine has no database."""
    if name in _NO_ZONES or name.startswith(_NO_ZONE_FOLDERS):
        return False
    if not re.fullmatch(r"[A-Za-z0-9_+-]{1,40}(?:/[A-Za-z0-9_+-]{1,40}){0,2}", name):
        return False
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return not _has_zone_database()
    return True


def _has_zone_database() -> bool:
    try:
        zoneinfo.ZoneInfo("UTC")
    except (zoneinfo.ZoneInfoNotFoundError, OSError):
        return False
    return True


def time_zone() -> Kind:
    """An IANA time zone name; gives str."""

    def parse(text: str) -> str:
        if is_zone(text):
            return text
        near = difflib.get_close_matches(text, zoneinfo.available_timezones())
        hint = next(
            (tell(" (did you mean {name}?)", name=name) for name in near if is_zone(name)), ""
        )
        raise ValueError(tell("is not the name of a time zone{hint}", hint=hint))

    return Kind("IANA time zone", ("Europe/Berlin", "Asia/Shanghai"), parse)
