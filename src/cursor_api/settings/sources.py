"""Where values come from: the environment, a `.env` file and a TOML file, each read as it is.

Rules of this file:
- Nothing is parsed here beyond the file's own format, and nothing is exported to the process.
- A finding names the file and the line, never what stands there: it may be a secret.
"""

from __future__ import annotations

import json
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field

from cursor_api.domain.value import repr_without
from cursor_api.options.kinds import show_path, show_plain
from cursor_api.options.rules import Finding
from cursor_api.options.said import tell, told_by
from cursor_api.options.setting import MIB, Setting
from cursor_api.settings.earlier import UNUSED, UNUSED_HERE, find_unused, read_as
from cursor_api.settings.schema import Schema
from cursor_api.settings.unknown import find_nearest

# Far above any configuration; a disk or a log file given by mistake ends here.
FILE_BYTES_MAX = MIB

ENVIRONMENT = "environment"
# The lists of tables: `[[upstream]]`, `[[model]]`.
BLOCKS: Final = ("upstream", "model")

# Whatever the settings' class may be.
AnySchema = Schema[Any]


class Given(Struct, frozen=True):
    """One value as somebody wrote it.

    `source` names the place for the table ("cursor-api.toml [files]"), `where` for a finding,
    with the line ("cursor-api.toml:7").
    """

    text: str
    source: str
    where: str


class Block(Struct, frozen=True):
    """One `[[upstream]]` or `[[model]]` as it stands in the file; `number` counts its like from 1.

    `source` and `where` are as in Given, `places` are those of the keys.
    """

    table: str
    number: int
    entries: Mapping[str, Any]
    source: str
    where: str
    places: Mapping[str, str]

    __repr__ = repr_without("entries")


class Reading(Struct, frozen=True):
    """What one place gave, by the settings' (first) variable names.

    `variables` are all that it has, other programs' included; they may be secrets.
    """

    given: Mapping[str, Given] = field(default_factory=dict)
    problems: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    blocks: tuple[Block, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    __repr__ = repr_without("variables")


class UnreadableError(Exception):
    """A file cannot be read whole; says why, with the line where there is one."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def read_environment(schema: AnySchema, environ: Mapping[str, str]) -> Reading:
    """The variables of the process."""
    pairs = [(name, Given(text, ENVIRONMENT, ENVIRONMENT)) for name, text in environ.items()]
    return collect(schema, pairs)


def collect(schema: AnySchema, pairs: list[tuple[str, Given]]) -> Reading:
    """By setting, the later of two wins; names that look like ours and are not are told."""
    spelled: dict[str, Given] = {}
    warnings = []
    for name, value in pairs:
        if name in spelled and name in schema.by_variable:
            warnings.append(
                Finding(
                    show_plain(name),
                    value.where,
                    tell(
                        "counts, and {place} does not; the earlier program took the first of two."
                        " Delete one",
                        place=spelled[name].where,
                    ),
                )
            )
        spelled[name] = value
        if name not in schema.by_variable and name not in UNUSED and schema.is_ours(name):
            hint = find_nearest(name, schema.by_variable)
            message = tell("no such setting{hint}", hint=hint)
            warnings.append(Finding(show_plain(name), value.where, message))
    given: dict[str, Given] = {}
    for setting in schema.rows:
        for name in (setting.variable, *setting.aliases):
            if name in spelled and setting.variable not in given:
                given[setting.variable] = spelled[name]
    warnings.extend(_take_earlier(schema, spelled, given))
    variables = {name: value.text for name, value in spelled.items()}
    return Reading(given, warnings=tuple(warnings), variables=variables)


def _take_earlier(
    schema: AnySchema, spelled: Mapping[str, Given], given: dict[str, Given]
) -> Iterator[Finding]:
    """What the earlier program's later versions called otherwise, and what they alone had."""
    for setting in schema.rows:
        name = setting.earlier
        if name in spelled and setting.variable not in given:
            given[setting.variable] = spelled[name]
            yield Finding(name, spelled[name].where, read_as(setting.variable))
    is_shared = any(one.source == ENVIRONMENT for one in spelled.values())
    unused = find_unused(spelled, is_shared=is_shared)
    if unused:
        source = next(one.source for one in spelled.values())
        yield Finding(", ".join(unused), source, UNUSED_HERE)


def read_toml(schema: AnySchema, path: Path, label: str, *, is_required: bool) -> Reading:
    """A TOML file with the schema's tables; none is an empty one unless it is required."""
    try:
        text = read_text(path)
    except FileNotFoundError:
        missing = Finding("", label, tell("there is no such file: {path}", path=show_path(path)))
        return Reading(problems=(missing,) if is_required else ())
    except UnreadableError as error:
        return Reading(problems=(about(label, error),))
    return parse_toml(schema, text, label)


def parse_toml(schema: AnySchema, text: str, label: str) -> Reading:
    """The text of such a file."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return Reading(problems=(about(label, _toml_error(error, text)),))
    return _TomlReader(schema, text, label).read(tables)


def _toml_error(error: ValueError | RecursionError, text: str) -> UnreadableError:
    """The parser's words and line, without what it quotes from the file."""
    if isinstance(error, RecursionError):
        return UnreadableError(tell("not TOML: it nests too deeply"))
    if not isinstance(error, tomllib.TOMLDecodeError):
        # Python's own words for a number of thousands of digits, with advice for programmers.
        found = _LONG_NUMBER.search(text)
        line = text.count("\n", 0, found.start()) + 1 if found else None
        return UnreadableError(tell("not TOML: a number with thousands of digits"), line)
    message = str(error)
    at = re.search(r"\(at line (\d+), column \d+\)$", message)
    line = int(at[1]) if at else text.count("\n") + 1
    words = re.sub(r"['\"].*['\"]", "…", message.partition(" (at ")[0], flags=re.DOTALL)
    return UnreadableError(tell("not TOML: {words}", words=words), line)


class _TomlReader:
    """Turns parsed TOML into texts, as if they had been written in the environment."""

    def __init__(self, schema: AnySchema, text: str, label: str) -> None:
        self._schema = schema
        self._text = text
        self._label = label
        self._given: dict[str, Given] = {}
        self._blocks: list[Block] = []
        self._problems: list[Finding] = []
        self._warnings: list[Finding] = []

    def read(self, tables: Mapping[str, object]) -> Reading:
        """All of it."""
        known = {group for group in self._schema.titles if group}
        for table, entries in tables.items():
            where = self._where(table, "")
            if table in BLOCKS:
                self._read_blocks(table, entries)
            elif table not in known:
                hint = _home_of(self._schema, table) or find_nearest(table, {*known, *BLOCKS})
                message = tell("no such table: {table}{hint}", table=show_plain(table), hint=hint)
                self._warn(where, message)
            elif not isinstance(entries, dict):
                message = tell(
                    "{table} is a table; write [{table}] on a line of its own", table=table
                )
                self._problems.append(Finding("", where, message))
            else:
                for name, value in entries.items():
                    self._entry(table, name, value)
        return Reading(
            self._given, tuple(self._problems), tuple(self._warnings), tuple(self._blocks)
        )

    def _read_blocks(self, table: str, blocks: object) -> None:
        if not isinstance(blocks, list) or not all(isinstance(one, dict) for one in blocks):
            message = tell("{table} is a list of tables; write [[{table}]] above each", table=table)
            self._problems.append(Finding("", self._where(table, ""), message))
            return
        for number, entries in enumerate(blocks, start=1):
            places = {name: self._where(table, name, number) for name in entries}
            source, where = f"{self._label} [[{table}]]", self._where(table, "", number)
            self._blocks.append(Block(table, number, entries, source, where, places))

    def _entry(self, table: str, name: str, value: object) -> None:
        where = self._where(table, name)
        setting = self._schema.by_key.get(f"{table}.{name}")
        if setting is None:
            names = {known.name for known in self._schema.rows if known.table == table}
            hint = find_nearest(name, names) or _home_of(self._schema, name)
            self._warn(
                where,
                tell(
                    "no such key in [{table}]: {name}{hint}",
                    table=table,
                    name=show_plain(name),
                    hint=hint,
                ),
            )
            return
        try:
            text = as_text(setting, value)
        except ValueError as error:
            self._problems.append(
                Finding(
                    setting.variable,
                    where,
                    tell("{table}.{name} {error}", table=table, name=name, error=told_by(error)),
                )
            )
            return
        if text is None:
            message = tell(
                "{table}.{name} has the wrong type; write it in quotes, like in .env",
                table=table,
                name=name,
            )
            self._problems.append(Finding(setting.variable, where, message))
        else:
            self._given[setting.variable] = Given(text, f"{self._label} [{table}]", where)

    def _warn(self, where: str, message: str) -> None:
        self._warnings.append(Finding("", where, message))

    def _where(self, table: str, name: str, number: int = 0) -> str:
        line = find_toml_line(self._text, table, name, number)
        return f"{self._label}:{line}" if line else self._label


def _home_of(schema: AnySchema, name: str) -> str:
    """Where a key that stands in the wrong place, or a variable's name, belongs."""
    for setting in schema.by_key.values():
        if name in {setting.name, setting.variable}:
            return tell("; {name} belongs under [{table}]", name=setting.name, table=setting.table)
    return ""


def as_text(setting: Setting, value: object) -> str | None:
    """A TOML value as it would be written in the environment; None for one of the wrong type.

    Raises ValueError, with words for its owner, for a list that cannot be written there.
    """
    if isinstance(value, str):
        return value
    is_beyond = isinstance(value, int) and abs(value) > _INTEGER_MAX
    if is_beyond or type(value) not in setting.kind.toml_types:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return _join(value) if all(isinstance(item, str) for item in value) else None
    # What a date in it is written as matters to nobody: it is refused.
    try:
        return json.dumps(value, default=str) if isinstance(value, dict) else str(value)
    except (ValueError, RecursionError):
        return None  # somewhere in it is a number of thousands of digits, or it nests too deeply


def _join(entries: list[str]) -> str:
    for number, entry in enumerate(entries, start=1):
        if "," in entry:
            raise ValueError(
                tell(
                    "has a comma in its entry {number}; write an entry for each part", number=number
                )
            )
    return ",".join(entries)


# What TOML promises to keep; Python refuses to write one of thousands of digits.
_INTEGER_MAX: Final = 2**63 - 1
_LONG_NUMBER: Final = re.compile(r"[0-9_]{1000,}")
# Perhaps in quotes, perhaps with dots.
_NAME: Final = r"[\w.\"'-]+"
_HEADER: Final = re.compile(rf"\s*(\[\[?)\s*({_NAME})\s*\]")
_KEY: Final = re.compile(rf"\s*({_NAME})\s*=")


def find_toml_line(text: str, table: str, name: str, number: int = 0) -> int | None:
    """The line of a table (`name` "") or of a key in it, from 1; None where it cannot be told.

    `number` counts the tables of a list (`[[table]]`) from 1; 0: it is no list.
    """
    wanted = [table, name] if name else [table]
    current: list[str] = []
    count = 0
    for line_number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            current = _parts(header[2])
            count += header[1] == "[[" and current == [table]
            # Somebody's `[[listener]]` is found, too.
            if current == wanted and (count == number or not (name or number)):
                return line_number
        elif key := _KEY.match(line):
            path = [*current, *_parts(key[1])]
            if count == number and path[: len(wanted)] == wanted and len(path) <= len(wanted) + 1:
                return line_number
    return None


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in dotted.split(".")]


def read_text(path: Path) -> str:
    """A UTF-8 text file; raises FileNotFoundError where there is none, else UnreadableError."""
    try:
        data = _read_bytes(path)
    except FileNotFoundError:
        if path.is_symlink():
            raise UnreadableError(tell("is a link to a file that is not there")) from None
        raise
    except OSError as error:
        raise UnreadableError(tell("cannot be read: {reason}", reason=error.strerror)) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError(tell("is not UTF-8; save it as UTF-8"), line) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UnreadableError(tell("holds a NUL character; save it as UTF-8"), line)
    return text


def _read_bytes(path: Path) -> bytes:
    # Before opening: a named pipe would wait for somebody to write into it.
    if not stat.S_ISREG(path.stat().st_mode):
        raise UnreadableError(tell("is not a file (a folder, perhaps); remove it or name another"))
    with path.open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise UnreadableError(
            tell("is larger than {count} bytes; is it the right file?", count=FILE_BYTES_MAX)
        )
    return data


def about(label: str, error: UnreadableError) -> Finding:
    """What to tell of a file that cannot be read."""
    where = f"{label}:{error.line}" if error.line else label
    return Finding("", where, error.message)
