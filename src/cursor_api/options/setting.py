"""A setting is said once: the field of an options class carries its row.

Everything else is derived from the rows: parsing, documentation, check-config, the search for
misspelt names, and the default that a class has where nobody reads settings (a test, a tool).

    @dataclass(frozen=True, slots=True)
    class ServerOptions:
        host: str = setting("HOST", listen_host(), "127.0.0.1", "Address to listen on.")
        limits: ConnectionLimits = field(default_factory=ConnectionLimits)  # has rows of its own
        idle_connection_s: float = 75.0  # nobody needs to set it: no row
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypedDict, TypeVar, Unpack, get_type_hints

from cursor_api.options.kinds import Kind

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# Finds a default that follows from the other settings (by variable) and the environment.
Derivation = Callable[[Mapping[str, Any], Mapping[str, str]], Any]
# The names of the fields that lead to a row, from the class that is looked through.
FieldPath = tuple[str, ...]

_ROW = "setting"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set.

    `variable` is its name in the environment and in `.env`; "" where the table that it is put into
    gives it one, or where it has none. `name` is its name in TOML, `table` the table it stands in
    there, which is given to it when tables are made. `default` is its value as a user would write
    it, None when there is none or when it follows from something else: `derive` finds it then, and
    `default_note` says so. `reason` tells what it is for and why its default is what it is.
    `aliases` are other spellings of the variable. One that `needs_restart` is not taken up by a
    gateway that runs. One that `is_divided` bounds what a process takes: each of several workers
    gets its part. `label_field` is the field beside it that holds what users know the setting
    by, where the component has to name it. `earlier` is what the earlier program's later versions
    called the variable: it is read, with a note.
    """

    variable: str
    kind: Kind
    default: str | None
    reason: str
    name: str = ""
    default_note: str = ""
    aliases: tuple[str, ...] = ()
    needs_restart: bool = False
    derive: Derivation | None = None
    table: str = ""
    label_field: str = ""
    earlier: str = ""
    is_divided: bool = False

    @property
    def key(self) -> str:
        """`table.name`, "" for what cannot stand in TOML."""
        return f"{self.table}.{self.name}" if self.table else ""

    def parse_default(self) -> Any:
        """The value of the default; None: unset."""
        return None if self.default is None else self.kind.parse(self.default)


class More(TypedDict, total=False):
    """What few settings have.

    `key` is the name in TOML where it is not the field's. `unset` is the field's value where
    nobody derives the default.
    """

    key: str
    default_note: str
    aliases: tuple[str, ...]
    needs_restart: bool
    derive: Derivation
    unset: Any
    label_field: str
    earlier: str
    is_divided: bool


def setting(
    variable: str, kind: Kind, default: str | None, reason: str, **more: Unpack[More]
) -> Any:
    """A field of an options class that can be set; see Setting."""
    row = Setting(
        variable,
        kind,
        default,
        reason,
        name=more.get("key", ""),
        default_note=more.get("default_note", ""),
        aliases=more.get("aliases", ()),
        needs_restart=more.get("needs_restart", False),
        derive=more.get("derive"),
        label_field=more.get("label_field", ""),
        earlier=more.get("earlier", ""),
        is_divided=more.get("is_divided", False),
    )
    value = row.parse_default() if default is not None else more.get("unset")
    return dataclasses.field(default=value, metadata={_ROW: row})


def find_rows(options: type) -> dict[FieldPath, Setting]:
    """The rows of a class and of the options classes in its fields, in the fields' order."""
    hints = get_type_hints(options)
    rows: dict[FieldPath, Setting] = {}
    for one in dataclasses.fields(options):
        row: Setting | None = one.metadata.get(_ROW)
        if row is not None:
            rows[one.name,] = row if row.name else replace(row, name=one.name)
        elif dataclasses.is_dataclass(hints[one.name]):
            inner = find_rows(hints[one.name])
            rows |= {(one.name, *path): row for path, row in inner.items()}
    return rows


def build_options(options: type[_T], values: Mapping[FieldPath, Any]) -> _T:
    """The class with these values, by the paths that `find_rows` gives; ValueError as it raises."""
    made: _T = _fill(options(), values)
    return made


def divide(options: _T, count: int) -> _T:
    """The part of one of `count` processes: of what `is_divided`, however deep it is. 0 stays 0."""
    divided: _T = _divide(options, count)
    return divided


def _divide(value: Any, count: int) -> Any:
    if type(value) is tuple:
        return tuple(_divide(one, count) for one in value)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    changed: dict[str, Any] = {}
    for one in dataclasses.fields(value):
        row: Setting | None = one.metadata.get(_ROW)
        held = getattr(value, one.name)
        part = -(-held // count) if row and row.is_divided else _divide(held, count)
        if part is not held and one.init:
            changed[one.name] = part
    return replace(value, **changed) if changed else value


def _fill(made: Any, values: Mapping[FieldPath, Any]) -> Any:
    given = {path[0]: value for path, value in values.items() if len(path) == 1}
    for name in {path[0]: None for path in values if len(path) > 1}:
        inner = {path[1:]: value for path, value in values.items() if path[0] == name}
        # What is there already may have fields without a row that are said for this place.
        given[name] = _fill(getattr(made, name), inner)
    return replace(made, **given)
