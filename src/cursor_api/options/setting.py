"""One row of the table of settings: what everything else is derived from."""

from __future__ import annotations

from dataclasses import dataclass

from cursor_api.options.kinds import Kind, Text

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set.

    `variable` is its name in the environment and in `.env`, `key` its `table.name` in TOML ("":
    not there), `default` its value as a user would write it, None when there is none or when it
    follows from something else, which `default_note` then says. `reason` tells what it is for
    and why its default is what it is. `field` is the field's name in `values.py` where that is
    not the key's. `aliases` are other spellings of the variable.
    """

    variable: str
    key: str
    kind: Kind
    default: str | None
    reason: Text
    default_note: Text | None = None
    field: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """Its TOML table, which is its group."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """Its TOML name inside the table."""
        return self.key.partition(".")[2]

    @property
    def attribute(self) -> str:
        """Its field in `values.py`."""
        return self.field or self.name
