"""The keys of one `[[upstream]]` or `[[model]]`, taken one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from cursor_api.options.kinds import show_plain
from cursor_api.options.rules import Finding
from cursor_api.options.said import tell, told_by
from cursor_api.options.setting import Setting
from cursor_api.settings.resolve import Resolver, Row
from cursor_api.settings.sources import Block, Given, as_text
from cursor_api.settings.unknown import find_nearest


class BlockKeys:
    """The keys of one block, taken into the resolver one by one."""

    def __init__(self, block: Block, resolver: Resolver, rows: Mapping[str, Setting]) -> None:
        self.block = block
        self._shown: list[Setting] = []
        self._own = resolver
        self._named = rows
        self._known: dict[str, Setting] = {}
        self._wrong: set[str] = set()
        name = block.entries.get("name")
        is_plain = isinstance(name, str) and show_plain(name) == name and name.strip()
        # Names of two blocks may be the same, which is a problem; their keys are still two.
        label = name if is_plain else str(block.number)
        taken = f"{block.table}.{label}.name" in resolver.values
        self.prefix = f"{block.table}.{label}{f'.{block.number}' if taken else ''}"

    def variable(self, name: str) -> str:
        """What a key is called."""
        return f"{self.prefix}.{name}"

    def value(self, name: str) -> Any:
        """What was taken, or None."""
        return self._own.values.get(self.variable(name))

    def is_right(self, name: str) -> bool:
        """Whether a key that was given could be read."""
        return name not in self._wrong and self.variable(name) in self._own.values

    def take_named(self) -> None:
        """The keys that every block of this table can have; shown where somebody gave them."""
        for name, row in self._named.items():
            self.take(row, is_shown=name in self.block.entries)

    def take(self, row: Setting, *, is_shown: bool) -> Setting:
        """Parse a key, or its default; gives the row under the name that it has in this block."""
        mine = replace(
            row, variable=self.variable(row.name), table=self.block.table, aliases=(), earlier=""
        )
        self._known[row.name] = mine
        given = None
        if row.name in self.block.entries:
            where, wrong = (
                self.block.places[row.name],
                tell("has the wrong type: it is a {label}", label=row.kind.label),
            )
            try:
                text = as_text(row, self.block.entries[row.name])
            except ValueError as error:
                text, wrong = None, told_by(error)
            if text is None:
                self._wrong.add(row.name)
                self._own.problems.append(Finding(mine.variable, where, wrong))
            else:
                given = Given(text, self.block.source, where)
        self._own.take(mine, given, row.default)
        if is_shown:
            self._shown.append(mine)
        return mine

    def rows(self) -> list[Row]:
        """The keys that are shown, as they stand now."""
        heading = f"[[{self.block.table}]] {self.prefix.partition('.')[2]}"
        return [self._own.row(mine, heading, mine.name) for mine in self._shown]

    def refuse(self, name: str, message: str) -> None:
        """A problem with a key, where it stands."""
        where = self.block.places.get(name, self.block.where)
        self._own.problems.append(Finding(self.variable(name), where, message))

    def require(self, name: str, message: str) -> None:
        """A problem with a block that lacks a key, or has an empty one.

        One that could not be read has its own problem already.
        """
        if name not in self.block.entries:
            self._own.problems.append(Finding(self.prefix, self.block.where, message))
        elif self.is_right(name):
            self.refuse(name, message)

    def find_unknown(self) -> Iterator[Finding]:
        """A warning for each key that the block cannot have."""
        table = self.block.table
        for name in self.block.entries:
            if name not in self._known:
                hint = find_nearest(name, self._known)
                message = tell(
                    "no such key in [[{table}]]: {name}{hint}",
                    table=table,
                    name=show_plain(name),
                    hint=hint,
                )
                yield Finding("", self.block.places[name], message)
