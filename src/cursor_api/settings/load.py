"""From four places to one frozen value: environment, `.env`, TOML, defaults, in this order.

Everything that is wrong is found in one go; settings exist only when nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cursor_api.options.addresses import is_loopback
from cursor_api.options.setting import Setting
from cursor_api.settings.rules import MUST, SHOULD, Facts, check
from cursor_api.settings.sources import (
    ENVIRONMENT,
    Finding,
    Given,
    Reading,
    find_mode,
    read_dotenv,
    read_environment,
    read_toml,
)
from cursor_api.settings.table import BY_VARIABLE, CONFIG, TABLE
from cursor_api.settings.values import (
    AccessSettings,
    AdmissionSettings,
    CursorSettings,
    FailoverSettings,
    FileSettings,
    LimitSettings,
    ListenerSettings,
    LogSettings,
    PoolSettings,
    Settings,
)
from cursor_api.settings.zone import find_machine_zone

DOTENV = ".env"
TOML = "cursor-api.toml"
POOL_STATE = ".token-state"
REQUEST_LOG = ".request-log.sqlite3"
DEFAULT = "default"
COMMAND_LINE = "command line"

GROUP_CLASSES: Mapping[str, type] = {
    "listener": ListenerSettings,
    "access": AccessSettings,
    "files": FileSettings,
    "pool": PoolSettings,
    "failover": FailoverSettings,
    "admission": AdmissionSettings,
    "cursor": CursorSettings,
    "limits": LimitSettings,
    "logs": LogSettings,
}


class SettingsError(Exception):
    """The settings cannot be used; `problems` are all reasons."""

    def __init__(self, problems: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as it stands. `shown` masks secrets; `source` says who set it."""

    setting: Setting
    shown: str
    source: str

    @property
    def name(self) -> str:
        """The variable's name."""
        return self.setting.variable


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was found, right or wrong. Its repr holds no secret.

    `facts` are the values that could be parsed, whatever is wrong with the others.
    """

    rows: tuple[Row, ...]
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    checked: Settings | None
    facts: Facts = field(default_factory=lambda: Facts({}, {}), repr=False)

    def with_findings(self, problems: tuple[Finding, ...], warnings: tuple[Finding, ...]) -> Loaded:
        """The same with more of both; what has a problem has no settings."""
        return replace(
            self,
            problems=self.problems + problems,
            warnings=self.warnings + warnings,
            checked=None if problems else self.checked,
        )

    @property
    def settings(self) -> Settings:
        """The settings; raises SettingsError with all problems when there are any."""
        if self.checked is None:
            raise SettingsError(self.problems)
        return self.checked


def load_settings(
    environ: Mapping[str, str],
    directory: Path,
    toml_path: Path | None = None,
    defaults: Mapping[str, str] | None = None,
) -> Loaded:
    """Read and check everything that can be set; never raises for what users wrote.

    `directory` is where `.env`, `cursor-api.toml` and relative paths are. `toml_path` names
    another TOML file, which then has to exist. `defaults` replaces defaults of the table, by
    variable and as text (a demo's); KeyError for a variable that is none.
    """
    unknown = [name for name in defaults or () if name not in BY_VARIABLE]
    if unknown:
        raise KeyError(*unknown)
    directory = directory.absolute()
    readings = [read_environment(environ), read_dotenv(directory / DOTENV, DOTENV)]
    own = _Resolver(directory)
    own.take(CONFIG, _config_given(readings, toml_path), None)
    readings.append(_read_config(own, directory))
    for setting in TABLE:
        if setting is not CONFIG:
            own.take(setting, _find_given(setting, readings), _default_of(setting, defaults or {}))
    own.derive(environ)
    facts = Facts(own.values, own.places)
    problems = (
        *(problem for reading in readings for problem in reading.problems),
        *own.problems,
        *check(MUST, facts),
    )
    warnings = (
        *(warning for reading in readings for warning in reading.warnings),
        *check(SHOULD, facts),
    )
    settings = None if problems else _build(own.values)
    return Loaded(own.rows(), problems, warnings, settings, facts)


def _config_given(readings: list[Reading], toml_path: Path | None) -> Given | None:
    if toml_path is not None:
        return Given(str(toml_path), COMMAND_LINE, COMMAND_LINE)
    return _find_given(CONFIG, readings)


def _read_config(own: _Resolver, directory: Path) -> Reading:
    if own.problems:
        return Reading()
    path: Path | None = own.values[CONFIG.variable]
    if path is not None:
        return read_toml(path, path.name, is_required=True)
    if find_mode(directory / TOML):
        own.values[CONFIG.variable] = directory / TOML
    return read_toml(directory / TOML, TOML, is_required=False)


def _find_given(setting: Setting, readings: list[Reading]) -> Given | None:
    for reading in readings:
        if setting.variable in reading.given:
            return reading.given[setting.variable]
    return None


def _default_of(setting: Setting, defaults: Mapping[str, str]) -> str | None:
    return defaults.get(setting.variable) or setting.default


def _zone(_values: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    return find_machine_zone(environ) or "UTC"


def _log_default(values: Mapping[str, Any], _environ: Mapping[str, str]) -> bool:
    return is_loopback(values.get("HOST", ""))


def _beside_tokens(name: str) -> Callable[[Mapping[str, Any], Mapping[str, str]], Path | None]:
    def default(values: Mapping[str, Any], _environ: Mapping[str, str]) -> Path | None:
        token_file: Path | None = values.get("TOKEN_FILE")
        return token_file.parent / name if token_file else None

    return default


# Defaults that follow from something else; the table's `default_note` tells what.
DERIVED: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, str]], object]] = {
    "CURSOR_TIMEZONE": _zone,
    "LOGS_PUBLIC": _log_default,
    "POOL_STATE_FILE": _beside_tokens(POOL_STATE),
    "REQUEST_LOG_FILE": _beside_tokens(REQUEST_LOG),
}


class _Resolver:
    """Takes settings one by one: `values` are parsed, `places` say where given ones stand."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
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
            self.values[setting.variable] = _nothing(setting)
        else:
            self._parse(setting, given)

    def _parse(self, setting: Setting, given: Given) -> None:
        kind = setting.kind
        text = given.text if kind.is_text else given.text.strip()
        try:
            text.encode()
            value = kind.parse(text)
        except UnicodeEncodeError:
            self._refuse(setting, given, f"{kind.quote(text)} is not valid UTF-8")
        except ValueError as error:
            self._refuse(setting, given, f"{kind.quote(text)} {error}")
        else:
            # Relative to the working directory, whatever that is later.
            self.values[setting.variable] = (
                self._directory / value if isinstance(value, Path) else value
            )

    def _refuse(self, setting: Setting, given: Given, message: str) -> None:
        example = setting.kind.examples[0]
        spelled = f"{setting.variable}={example}"
        if given.source not in {ENVIRONMENT, DOTENV, DEFAULT, COMMAND_LINE}:
            spelled = f'{setting.name} = "{example}"'
        finding = Finding(setting.variable, given.where, f"{message}; for example {spelled}")
        self.problems.append(finding)
        self._quoted[setting.variable] = setting.kind.quote(given.text)

    def derive(self, environ: Mapping[str, str]) -> None:
        """Fill in the defaults that follow from something else."""
        for variable, rule in DERIVED.items():
            if self.values.get(variable, "") is None:
                self.values[variable] = rule(self.values, environ)

    def rows(self) -> tuple[Row, ...]:
        """All settings in the table's order."""
        return tuple(map(self._row, TABLE))

    def _row(self, setting: Setting) -> Row:
        name = setting.variable
        shown = self._quoted.get(name) or _shown(setting, self.values[name])
        return Row(setting, shown, self._sources[name])


def _nothing(setting: Setting) -> Any:
    """The value of an empty text where that is the default, else None: unset."""
    return setting.kind.parse("") if setting.default == "" else None


def _shown(setting: Setting, value: object) -> str:
    if value is None:
        return "(not set)"
    return setting.kind.show(value) if value not in ("", ()) else "(empty)"


def _build(values: Mapping[str, Any]) -> Settings:
    fields: dict[str, dict[str, Any]] = {group: {} for group in GROUP_CLASSES}
    for setting in TABLE:
        if setting is not CONFIG:
            fields[setting.table][setting.attribute] = values[setting.variable]
    return Settings(**{group: kind(**fields[group]) for group, kind in GROUP_CLASSES.items()})
