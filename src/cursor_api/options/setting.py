"""A setting is said once: the field of an options class carries its row.

Everything else is derived from the rows: parsing, documentation, check-config, the search for
misspelt names, and the default that a class has where nobody reads settings (a test, a tool).

    class ServerOptions(Struct, frozen=True):
        host: str = setting("HOST", listen_host(), "127.0.0.1", "Address to listen on.")
        limits: ConnectionLimits = field(default_factory=ConnectionLimits)  # has rows of its own
        idle_connection_s: float = 75.0  # nobody needs to set it: no row
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypedDict, TypeVar, Unpack

from msgspec import Struct, field
from msgspec.structs import FieldInfo, fields, replace

from cursor_api.options.kinds import Kind

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# Finds a default that follows from the other settings (by variable) and the environment.
Derivation = Callable[[Mapping[str, Any], Mapping[str, str]], Any]
# The names of the fields that lead to a row, from the class that is looked through.
FieldPath = tuple[str, ...]

_T = TypeVar("_T")


class Setting(Struct, frozen=True):
    """One thing that can be set.

    `variable` is its name in the environment and in `.env`; "" where the table that it is put into
    gives it one, or where it has none. `name` is its name in TOML, `table` the table it stands in
    there, which is given to it when tables are made. `default` is its value as a user would write
    it, None when there is none or when it follows from something else: `derive` finds it then, and
    `default_note` says so. `reason` tells what it is for and why its default is what it is.
    `aliases` are other spellings of the variable. One that `needs_restart` is not taken up by a
    gateway that runs. One that `is_of_machine` says which programs run there and what they may do:
    only who has the machine changes it, and not who has a key of the gateway. One that `is_divided`
    bounds what a process takes: each of several workers gets its part. `label_field` is the field
    beside it that holds what users know the setting by, where the component has to name it.
    `earlier` is what the earlier program's later versions called the variable: it is read, with a
    note. `unset` is the field's value where nobody reads settings.
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
    is_of_machine: bool = False
    unset: Any = None

    def __call__(self) -> Any:
        """The default of its field, which it is the maker of: so it is found there."""
        return self.unset

    @property
    def key(self) -> str:
        """`table.name`, "" for what cannot stand in TOML."""
        return f"{self.table}.{self.name}" if self.table else ""


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
    is_of_machine: bool


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
        is_of_machine=more.get("is_of_machine", False),
        # At once, so that a default which is none of its kind is found at once.
        unset=more.get("unset") if default is None else kind.parse(default),
    )
    return field(default_factory=row)


def is_options(kind: object) -> bool:
    """Whether a field of this type has fields of its own."""
    return isinstance(kind, type) and issubclass(kind, Struct)


@functools.cache
def fields_of(options: type) -> tuple[FieldInfo, ...]:
    """The fields of an options class. Their types are worked out once, which takes a while."""
    return fields(options)


def find_rows(options: type) -> dict[FieldPath, Setting]:
    """The rows of a class and of the options classes in its fields, in the fields' order."""
    rows: dict[FieldPath, Setting] = {}
    for one in fields_of(options):
        row = one.default_factory
        if isinstance(row, Setting):
            rows[one.name,] = row if row.name else replace(row, name=one.name)
        elif is_options(one.type):
            inner = find_rows(one.type)
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
    if not isinstance(value, Struct):
        return value
    changed: dict[str, Any] = {}
    for one in fields_of(type(value)):
        row = one.default_factory
        held = getattr(value, one.name)
        is_divided = isinstance(row, Setting) and row.is_divided
        part = -(-held // count) if is_divided else _divide(held, count)
        if part is not held:
            changed[one.name] = part
    return replace(value, **changed) if changed else value


def _fill(made: Any, values: Mapping[FieldPath, Any]) -> Any:
    given = {path[0]: value for path, value in values.items() if len(path) == 1}
    for name in {path[0]: None for path in values if len(path) > 1}:
        inner = {path[1:]: value for path, value in values.items() if path[0] == name}
        # What is there already may have fields without a row that are said for this place.
        given[name] = _fill(getattr(made, name), inner)
    return replace(made, **given)
