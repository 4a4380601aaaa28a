"""The keys of one upstream, from wherever its block says; no finding holds one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cursor_api.domain.credential import Secret
from cursor_api.options.kinds import Kind, header_secret
from cursor_api.options.said import tell, told_by
from cursor_api.settings.block_keys import BlockKeys
from cursor_api.settings.sources import UnreadableError, read_text

WAYS: Final = ("api_key", "api_keys", "api_key_env", "api_key_file")


def variable_name() -> Kind:
    """The name of a variable; gives str.

    In capitals, as variables are: a key that was pasted here by mistake is refused unseen.
    """

    def parse(text: str) -> str:
        if re.fullmatch(r"[A-Z_][A-Z0-9_]{0,99}", text):
            return text
        raise ValueError(tell("is not the name of a variable: capitals, digits and '_'"))

    return Kind(
        "name of a variable",
        ("OPENAI_API_KEY",),
        parse,
        quote=lambda _text: "the value given",
    )


def find_api_keys(keys: BlockKeys, variables: Mapping[str, str]) -> tuple[Secret, ...]:
    """The keys that a block gives, in one way; () where it has a problem, which it then has."""
    ways = [way for way in WAYS if way in keys.block.entries]
    if not ways:
        keys.require(
            "api_key",
            tell(
                "has no key: give one of {ways}; for a server that asks for none,"
                ' write api_key = "-"',
                ways=", ".join(WAYS),
            ),
        )
    elif len(ways) > 1:
        keys.refuse(
            ways[1], tell("is a second way to give keys, beside {way}; leave one", way=ways[0])
        )
    elif keys.is_right(ways[0]):
        return _resolve(keys, ways[0], variables)
    return ()


def _resolve(keys: BlockKeys, way: str, variables: Mapping[str, str]) -> tuple[Secret, ...]:
    try:
        return _read(way, keys.value(way), variables)
    except FileNotFoundError:
        keys.refuse(way, tell("there is no such file; put the key into one, alone on a line"))
    except UnreadableError as error:
        keys.refuse(way, error.message)
    except ValueError as error:
        keys.refuse(way, told_by(error))
    return ()


def _read(way: str, value: Any, variables: Mapping[str, str]) -> tuple[Secret, ...]:
    """Raises ValueError, and for a file what `read_text` raises."""
    if not value:
        raise ValueError(tell("is empty; put the key there, or give it another way"))
    match way:
        case "api_key_env":
            return (_find_variable(value, variables),)
        case "api_key_file":
            return tuple(_parse_lines(read_text(value)))
        case "api_key":
            return (value,)
        case _:
            found: tuple[Secret, ...] = value
            return found


def _find_variable(name: str, variables: Mapping[str, str]) -> Secret:
    text = variables.get(name, "").strip()
    if not text:
        raise ValueError(
            tell("{name} is not set, or empty; set it in the environment or in .env", name=name)
        )
    return _parse_key(text, name)


def _parse_lines(text: str) -> Iterator[Secret]:
    lines = [line.strip() for line in text.splitlines()]
    if not any(lines):
        raise ValueError(tell("is an empty file; put the key into it, alone on a line"))
    first: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        if first.setdefault(line, number) != number:
            raise ValueError(
                tell(
                    "line {number} is the same key as line {first}; leave one",
                    number=number,
                    first=first[line],
                )
            )
        yield _parse_key(line, tell("line {number}", number=number))


def _parse_key(text: str, place: str) -> Secret:
    try:
        key: Secret = header_secret().parse(text)
    except ValueError as error:
        raise ValueError(tell("{place} {error}", place=place, error=told_by(error))) from None
    return key
