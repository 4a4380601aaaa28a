"""Everything that can be set, put together from the options classes that it is handed.

The rows stand at the fields of those classes. Here they get their table in TOML and their place
in the order in which documentation, check-config and findings show them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from cursor_api.domain.catalog import NamedModel
from cursor_api.options.kinds import path
from cursor_api.options.setting import (
    FieldPath,
    Setting,
    build_options,
    fields_of,
    find_rows,
    is_options,
)
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.ports.upstream_blocks import Preset
from cursor_api.settings.unknown import is_ours

# Not in the file, of course: it says where the file is.
CONFIG: Final = Setting(
    "GATEWAY_CONFIG",
    path(),
    None,
    "Where the TOML file is. A file named here has to exist.",
    default_note="`cursor-api.toml` if there is one",
)
CONFIG_TITLE: Final = "Configuration file"
PREFIX: Final = "GATEWAY_"

S = TypeVar("S", bound=Struct)


class Group(Struct, frozen=True):
    """A table in TOML, and what stands in it.

    `parts` are fields by their path from the class of all settings (`server.limits`), or from the
    name of a kind of upstream, in the order in which people read about them. A part has all rows
    below it but those that a longer path, here or in another group, takes out.
    A kind's group has a `prefix` for the variables of rows without one of their own, and `foreign`
    says which variables with this prefix belong to other programs (a regular expression).
    """

    table: str
    title: str
    parts: tuple[str, ...]
    prefix: str = ""
    foreign: str = ""


class Schema(Generic[S]):
    """The rows of all settings, and how their values become an object of the class `settings`.

    Each field of that class is an options class, but for `upstreams` and `models`. `kinds` are the
    options classes of the kinds of upstreams. A kind that has a group is an upstream of its own
    name that exists without an `[[upstream]]` block; `presets` are well-known endpoints of these
    kinds. Raises ValueError for a row without a group, and for a name that stands for two settings.
    """

    def __init__(
        self,
        settings: type[S],
        groups: Sequence[Group],
        kinds: Mapping[str, type],
        *,
        presets: Iterable[Preset] = (),
        has_blocks: bool = True,
    ) -> None:
        self._settings = settings
        self._groups = tuple(groups)
        self.kinds = dict(kinds)
        self.presets = tuple(one for one in presets if one.kind in self.kinds)
        # Whether `[[upstream]]` and `[[model]]` count.
        self.has_blocks = has_blocks
        self.titles = {"": CONFIG_TITLE} | {group.table: group.title for group in groups}
        self._components = {
            one.name: one.type for one in fields_of(settings) if is_options(one.type)
        }
        self._placed = self._place()
        self.rows: tuple[Setting, ...] = (CONFIG, *self._placed.values())
        self.by_key = {row.key: row for row in self.rows if row.key}
        # Every spelling of every variable.
        self.by_variable = {name: row for row in self.rows for name in (row.variable, *row.aliases)}
        spellings = sum(1 + len(row.aliases) for row in self.rows)
        if len(self.by_key) < len(self.rows) - 1 or len(self.by_variable) < spellings:
            raise ValueError("two settings have one name")

    def without_blocks(self) -> Schema[S]:
        """The same, where `[[upstream]]` and `[[model]]` are passed over."""
        return Schema(
            self._settings, self._groups, self.kinds, presets=self.presets, has_blocks=False
        )

    @property
    def own_kinds(self) -> tuple[str, ...]:
        """The kinds of upstreams that exist without a block."""
        return tuple(kind for kind in self.kinds if any(path[0] == kind for path in self._placed))

    def rows_of_kind(self, kind: str) -> dict[FieldPath, Setting]:
        """The placed rows of a kind that has a group, by their paths in its options class."""
        return {path[1:]: row for path, row in self._placed.items() if path[0] == kind}

    def build(
        self,
        values: Mapping[str, Any],
        upstreams: tuple[UpstreamSettings, ...],
        models: tuple[NamedModel, ...],
    ) -> S:
        """The settings from values by variable."""
        by_path = {
            path: values[row.variable]
            for path, row in self._placed.items()
            if path[0] not in self.kinds
        }
        components: dict[str, Any] = {}
        for name, options in self._components.items():
            inner = {path[1:]: value for path, value in by_path.items() if path[0] == name}
            components[name] = build_options(options, inner)
        make: Callable[..., S] = self._settings
        return make(**components, upstreams=upstreams, models=models)

    def is_ours(self, name: str) -> bool:
        """Whether somebody who set this variable most likely meant the gateway."""
        prefixes = (PREFIX, *(group.prefix for group in self._groups if group.prefix))
        foreign = tuple(group.foreign for group in self._groups if group.foreign)
        return is_ours(name, prefixes, foreign)

    def _place(self) -> dict[FieldPath, Setting]:
        rows = {
            (name, *path): row
            for name, options in (self._components | self.kinds).items()
            if name in self._components or self._has_group(name)
            for path, row in find_rows(options).items()
        }
        parts = {
            tuple(part.split(".")): (index, place)
            for index, group in enumerate(self._groups)
            for place, part in enumerate(group.parts)
        }
        places = {path: parts[_find_part(path, parts)] for path in rows}
        in_order = sorted(rows, key=places.__getitem__)
        return {path: _named(rows[path], self._groups[places[path][0]]) for path in in_order}

    def _has_group(self, kind: str) -> bool:
        return any(part.split(".")[0] == kind for group in self._groups for part in group.parts)


def _find_part(path: FieldPath, parts: Mapping[FieldPath, tuple[int, int]]) -> FieldPath:
    fitting = [part for part in parts if path[: len(part)] == part]
    if not fitting:
        raise ValueError(f"{'.'.join(path)} can be set, and no group has it")
    return max(fitting, key=len)


def _named(row: Setting, group: Group) -> Setting:
    variable = row.variable or f"{group.prefix}{row.name.upper()}"
    return replace(row, variable=variable, table=group.table)
