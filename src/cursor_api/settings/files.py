"""The settings' own files as a running gateway changes them: one setting at a time, checked first.

Rules of this file:
- A setting is changed where it stands: in `.env`, or in the TOML file; a new one goes into `.env`,
  which wins over TOML and which only its owner can read.
- What the environment or the command line says no file can change, and that is told.
- What would be wrong afterwards, and was not before, is refused, and the file stays as it was.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from cursor_api.domain.errors import StaleTextError
from cursor_api.files.disk import Disk
from cursor_api.options.rules import Finding
from cursor_api.options.said import tell
from cursor_api.options.setting import Setting
from cursor_api.ports.configuration import (
    FixedSettingError,
    UnknownSettingError,
    WrongSettingError,
    WrongUpstreamError,
)
from cursor_api.ports.upstream_blocks import MISSING, NewUpstream
from cursor_api.settings.block_file import change_file
from cursor_api.settings.dotenv_text import TextChangeError, set_variable
from cursor_api.settings.findings import show_finding
from cursor_api.settings.load import TOML, Draft, Loaded
from cursor_api.settings.resolve import COMMAND_LINE, DOTENV, Row
from cursor_api.settings.schema import CONFIG, Schema
from cursor_api.settings.sources import BLOCKS, ENVIRONMENT, FILE_BYTES_MAX
from cursor_api.settings.toml_text import set_key, write_value
from cursor_api.settings.upstream_blocks import (
    NO_KEY,
    Place,
    add_block,
    describe,
    parse_keys,
    require_right,
)

STALE: Final = tell("The settings are no longer those that you have seen.")


class Drafts(Struct, frozen=True):
    """What files would be after a change; None: as they are."""

    toml: Draft | None = None
    dotenv: str | None = None


# Why a setting cannot be changed here, by its code (see ports.ShownSetting).
FIXED: Final = {
    "machine": (
        "{name} says what runs on the gateway's machine; it is changed in the files there, not from"
        " elsewhere"
    ),
    "restart": "{name} is used from the next start on; change it in the file and start again",
    "environment": (
        "{name} stands in the environment, which wins over every file; change it there"
    ),
    "command_line": (
        "{name} stands in the command line, which wins over every file; change it there"
    ),
}
_SOURCES: Final = {ENVIRONMENT: "environment", COMMAND_LINE: "command_line"}


def find_fixed(setting: Setting, source: str) -> str:
    """The code of why a setting of this source cannot be changed here; "" where it can."""
    if not setting.table:
        return "config"
    if setting.table in BLOCKS:
        return "block"
    if setting.is_of_machine:
        return "machine"
    if setting.needs_restart:
        return "restart"
    return next((code for place, code in _SOURCES.items() if place in source), "")


# Reads everything, these drafts in the place of files; never raises for what users wrote.
Load = Callable[[Drafts], Loaded[Any]]


class SettingsFiles:
    """Implements `ports.SettingsWriter` over `.env` in the home folder, and the TOML file."""

    def __init__(self, schema: Schema[Any], load: Load, home: Path) -> None:
        self._schema = schema
        self.load = load
        self.home = home
        self._disk = Disk()

    @property
    def dotenv(self) -> Path:
        """Where `.env` is, or would be."""
        return self.home / DOTENV

    def find_toml(self) -> Path:
        """Where the TOML file is, or would be."""
        found: Path | None = self.load(Drafts()).facts.find(CONFIG.variable)
        return found or self.home / TOML

    def etag(self) -> str:
        """Of both files together."""
        digest = hashlib.sha256()
        for path in (self.dotenv, self.find_toml()):
            found = self._disk.find(Path(os.path.realpath(path)), FILE_BYTES_MAX)
            digest.update(b"-" if found is None else b"%d:%b" % (len(found.data), found.data))
        return digest.hexdigest()[:32]

    def change(self, name: str, value: str | None, if_match: str | None) -> str:
        """Set one, or None: leave it to what else says it; gives its variable.

        See ports.SettingsWriter.
        """
        setting = self._schema.by_variable.get(name)
        if setting is None or not setting.table:
            raise UnknownSettingError(name)
        loaded = self.load(Drafts())
        row = next(row for row in loaded.rows if row.setting is setting)
        fixed_by = find_fixed(setting, row.source)
        if fixed_by:
            raise FixedSettingError(FIXED[fixed_by].format(name=setting.variable))
        try:
            self._save(setting, row, value, (loaded, if_match))
        except TextChangeError as error:
            raise FixedSettingError(str(error)) from error
        return setting.variable

    def add_upstream(self, new: NewUpstream, keys: Sequence[str], if_match: str | None) -> None:
        """Append its block; see ports.SettingsWriter."""
        entries, preset = describe(self._schema, new)
        secrets = parse_keys(keys)
        if not secrets and preset is not None and preset.keys_url:
            message = f"{preset.title} asks for a key; it gives them at {preset.keys_url}"
            raise WrongUpstreamError("keys", message, MISSING)
        if not secrets:
            entries["api_key"] = NO_KEY
        loaded = self.load(Drafts())

        def check(draft: Draft) -> None:
            found = new_problems(loaded, self.load(Drafts(toml=draft)))
            require_right(entries["name"], found)

        place = Place(self.find_toml(), self.home)
        try:
            add_block(place, entries, secrets, check, lambda: self._require_seen(if_match))
        except TextChangeError as error:
            raise FixedSettingError(f"{place.config.name}: {error}") from error

    def _require_seen(self, if_match: str | None) -> None:
        if if_match is not None and self.etag() != if_match:
            raise StaleTextError(STALE)

    def _save(
        self, setting: Setting, row: Row, value: str | None, seen: tuple[Loaded[Any], str | None]
    ) -> None:
        loaded, if_match = seen
        toml = self.find_toml()
        is_in_toml = row.source.startswith(toml.name)

        def change(text: str) -> str:
            self._require_seen(if_match)
            if is_in_toml:
                written = None if value is None else write_value(value, setting.kind.toml_types)
                return set_key(text, setting.table, setting.name, written)
            return set_variable(text, setting.variable, value, setting.aliases)

        def check(draft: Draft) -> None:
            drafts = Drafts(toml=draft) if is_in_toml else Drafts(dotenv=draft.text)
            require_none(new_problems(loaded, self.load(drafts)))

        change_file(toml if is_in_toml else self.dotenv, change, check, self._disk)


def new_problems(old: Loaded[Any], new: Loaded[Any]) -> list[Finding]:
    """Those that a change brings; what was wrong before does not count."""
    known = {(problem.variable, problem.message) for problem in old.problems}
    return [one for one in new.problems if (one.variable, one.message) not in known]


def require_none(problems: Sequence[Finding]) -> None:
    """Raises WrongSettingError where there are any."""
    if problems:
        raise WrongSettingError(tuple(map(show_finding, problems)))
