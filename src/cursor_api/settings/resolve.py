"""From what somebody gave to values: each setting parsed, or refused with a finding."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from cursor_api.options.rules import Finding
from cursor_api.options.said import tell, told_by
from cursor_api.options.setting import Setting
from cursor_api.settings.habits import KEPT_QUOTES, is_quoted
from cursor_api.settings.sources import ENVIRONMENT, Given

DOTENV: Final = ".env"
DEFAULT: Final = "default"
COMMAND_LINE: Final = "command line"


class Row(Struct, frozen=True):
    """One setting as it stands.

    `label` is what it is called under its `heading`, `shown` masks secrets, `source` says who set
    it.
    """

    setting: Setting
    heading: str
    label: str
    shown: str
    source: str

    @property
    def name(self) -> str:
        """The variable's name, or what stands for it in a block."""
        return self.setting.variable


class Resolver:
    """Takes settings one by one: `values` are parsed, `places` say where given ones stand.

    Both are by variable.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.values: dict[str, Any] = {}
        self.places: dict[str, str] = {}
        self.problems: list[Finding] = []
        self._sources: dict[str, str] = {}
        self._quoted: dict[str, str] = {}

    def take(self, setting: Setting, given: Given | None, default: str | None) -> None:
        """Parse what was given; nothing and an empty text both mean the default."""
        self._sources[setting.variable] = DEFAULT
        if given is not None:
            self.places[setting.variable] = given.where
            if given.text.strip():
                self._sources[setting.variable] = given.source
            else:
                self._sources[setting.variable] = f"{DEFAULT} ({given.source}: empty)"
                given = None
        if given is None:
            given = Given(default, DEFAULT, DEFAULT) if default else None
        if given is None:
            # An empty text where that is the default, else unset.
            self.values[setting.variable] = setting.kind.parse("") if default == "" else None
        else:
            self._parse(setting, given)

    def derive(self, setting: Setting, environ: Mapping[str, str]) -> None:
        """Fill in a default that follows from something else."""
        if setting.derive is not None and self.values.get(setting.variable, "") is None:
            self.values[setting.variable] = setting.derive(self.values, environ)

    def row(self, setting: Setting, heading: str, label: str = "") -> Row:
        """A setting that was taken; `label` "" is its variable."""
        name = setting.variable
        shown = self._quoted.get(name) or _show(setting, self.values.get(name))
        return Row(setting, heading, label or name, shown, self._sources[name])

    def _parse(self, setting: Setting, given: Given) -> None:
        kind = setting.kind
        text = given.text if kind.is_text else given.text.strip()
        try:
            text.encode()
            value = kind.parse(text)
        except UnicodeEncodeError:
            self._refuse_text(
                setting, given, tell("{value} is not valid UTF-8", value=kind.quote(text))
            )
        except ValueError as error:
            self._refuse_text(
                setting,
                given,
                tell("{value} {error}", value=kind.quote(text), error=told_by(error)),
            )
        else:
            # Relative to the working directory, whatever that is later.
            self.values[setting.variable] = (
                self.directory / value if isinstance(value, Path) else value
            )

    def _refuse_text(self, setting: Setting, given: Given, message: str) -> None:
        if is_quoted(given.text.strip()):
            message = tell("{message}; it {habit}", message=message, habit=KEPT_QUOTES)
        for example in setting.kind.examples[:1]:
            spelled = f"{setting.variable}={example}"
            if given.source not in {ENVIRONMENT, DOTENV, DEFAULT, COMMAND_LINE}:
                spelled = f'{setting.name} = "{example}"'
            message = tell("{message}; for example {spelled}", message=message, spelled=spelled)
        self.problems.append(Finding(setting.variable, given.where, message))
        self._quoted[setting.variable] = setting.kind.quote(given.text)


def _show(setting: Setting, value: object) -> str:
    if value is None:
        return "(not set)"
    return setting.kind.show(value) if value not in ("", ()) else "(empty)"
