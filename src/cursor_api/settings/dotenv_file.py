"""The `.env` file: read as it is, with the names in it that are nearly ours."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from cursor_api.options.kinds import show_plain
from cursor_api.options.rules import Finding
from cursor_api.options.said import tell
from cursor_api.settings.sources import (
    AnySchema,
    Given,
    Reading,
    UnreadableError,
    about,
    collect,
    read_text,
)
from cursor_api.settings.unknown import find_misspelt

if TYPE_CHECKING:
    from dotenv.parser import Binding

# A file with more names of others is theirs, and looking at each takes a moment.
STRANGERS_MAX: Final = 200
_SINGLE_QUOTED: Final = re.compile(r"[^=]*=\s*'")


def read_dotenv(schema: AnySchema, path: Path, label: str) -> Reading:
    r"""A `.env` file, with python-dotenv's syntax; no file is an empty one.

    `${NAME}` is not replaced: what stands there is the value, and `\$` is a `$` all the same.
    """
    try:
        text = read_text(path)
    except FileNotFoundError:
        return Reading()
    except UnreadableError as error:
        return Reading(problems=(about(label, error),))
    return parse_dotenv(schema, text, label)


def parse_dotenv(schema: AnySchema, text: str, label: str) -> Reading:
    """The text of such a file."""
    # With what it brings, a fiftieth of the start, where many have no such file.
    from dotenv.parser import parse_stream  # noqa: PLC0415

    pairs: list[tuple[str, Given]] = []
    problems = []
    for binding in parse_stream(io.StringIO(text)):
        line = _first_line(binding)
        where = f"{label}:{line}"
        if binding.error or (binding.key is not None and binding.value is None):
            problems.append(
                Finding(
                    "",
                    where,
                    tell("this line is not NAME=value; close its quotes or put # before it"),
                )
            )
        elif binding.key is not None and binding.value is not None:
            pairs.append((binding.key, Given(_unescape(binding), label, where)))
    read = collect(schema, pairs)
    warnings = (*read.warnings, *_misspelt(schema, pairs), *_unexpanded(read.given))
    return replace(read, problems=tuple(problems), warnings=warnings)


def _misspelt(schema: AnySchema, pairs: list[tuple[str, Given]]) -> Iterator[Finding]:
    """Names that are nearly ours: in the environment they are anybody's, here they are meant."""
    strangers = [
        (name, value)
        for name, value in pairs
        if name not in schema.by_variable and not schema.is_ours(name)
    ]
    for name, value in strangers[:STRANGERS_MAX]:
        meant = find_misspelt(name, schema.by_variable)
        if meant is not None:
            yield Finding(
                show_plain(name),
                value.where,
                tell("no such setting; did you mean {meant}?", meant=meant),
            )


def _unescape(binding: Binding) -> str:
    """The value; outside single quotes the earlier program wanted a backslash before a `$`."""
    value = binding.value or ""
    if "\\$" not in value or _SINGLE_QUOTED.match(binding.original.string):
        return value
    return value.replace("\\$", "$")


def _first_line(binding: Binding) -> int:
    """The line of the name itself: the parser counts the blank lines above to the binding."""
    string = binding.original.string
    blank = string[: len(string) - len(string.lstrip())]
    return binding.original.line + len(re.findall(r"\r\n|\n|\r", blank))


def _unexpanded(given: Mapping[str, Given]) -> Iterator[Finding]:
    for variable, value in given.items():
        if re.search(r"\$\{\w+\}", value.text):
            yield Finding(
                variable,
                value.where,
                tell("has ${…} in it; variables are not replaced here, write it out"),
            )
