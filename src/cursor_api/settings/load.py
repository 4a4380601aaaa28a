"""From four places to one frozen value: environment, `.env`, TOML, defaults, in this order.

Everything that is wrong is found in one go; settings exist only when nothing is.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Generic, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from cursor_api.domain.value import repr_without
from cursor_api.options.rules import Facts, Finding, check, find_mode
from cursor_api.options.setting import Setting
from cursor_api.settings.blocks import BlockReader
from cursor_api.settings.dotenv_file import parse_dotenv, read_dotenv
from cursor_api.settings.habits import find_habits
from cursor_api.settings.resolve import COMMAND_LINE, DOTENV, Resolver, Row
from cursor_api.settings.rules import MUST, SHOULD
from cursor_api.settings.schema import CONFIG, S, Schema
from cursor_api.settings.sources import (
    AnySchema,
    Given,
    Reading,
    parse_toml,
    read_environment,
    read_toml,
)

TOML: Final = "cursor-api.toml"


class Draft(NamedTuple):
    """A TOML file as it would be after a change: `text` in place of what is at `path`."""

    path: Path
    text: str


class ByCommand(NamedTuple):
    """What the command says itself, by variable and as text.

    `overrides` win over every other place (an option of the command line), `defaults` replace
    defaults of the rows (a demo's). `dotenv` is what `.env` would be after a change.
    """

    overrides: Mapping[str, str] = MappingProxyType({})
    defaults: Mapping[str, str] = MappingProxyType({})
    dotenv: str | None = None


_NOTHING: Final = ByCommand()


class SettingsError(Exception):
    """The settings cannot be used; `problems` are all reasons."""

    def __init__(self, problems: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Loaded(Struct, Generic[S], frozen=True):
    """What was found, right or wrong. Its repr holds no secret.

    `facts` are the values that could be parsed, whatever is wrong with the others; `upstreams` are
    those of each upstream, by the names of its keys.
    """

    rows: tuple[Row, ...]
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    checked: S | None
    facts: Facts = field(default_factory=lambda: Facts({}, {}))
    upstreams: tuple[Facts, ...] = ()

    __repr__ = repr_without("facts", "upstreams")

    def with_findings(
        self, problems: tuple[Finding, ...], warnings: tuple[Finding, ...]
    ) -> Loaded[S]:
        """The same with more of both; what has a problem has no settings."""
        return replace(
            self,
            problems=self.problems + problems,
            warnings=self.warnings + warnings,
            checked=None if problems else self.checked,
        )

    @property
    def settings(self) -> S:
        """The settings; raises SettingsError with all problems when there are any."""
        if self.checked is None:
            raise SettingsError(self.problems)
        return self.checked


def load_settings(
    schema: Schema[S],
    environ: Mapping[str, str],
    directory: Path,
    toml: Path | Draft | None = None,
    said: ByCommand = _NOTHING,
) -> Loaded[S]:
    """Read and check everything that can be set; never raises for what users wrote.

    `directory` is where `.env`, `cursor-api.toml` and relative paths are. `toml` names another TOML
    file, which then has to exist, or is what one would be. KeyError for a variable that the command
    names and that is none.
    """
    unknown = [name for name in (*said.overrides, *said.defaults) if name not in schema.by_variable]
    if unknown:
        raise KeyError(*unknown)
    directory = directory.absolute()
    if said.dotenv is None:
        dotenv = read_dotenv(schema, directory / DOTENV, DOTENV)
    else:
        dotenv = parse_dotenv(schema, said.dotenv, DOTENV)
    readings = [_read_command(said), read_environment(schema, environ), dotenv]
    own = Resolver(directory)
    own.take(CONFIG, _config_given(readings, toml), None)
    readings.append(_read_config(schema, own, toml.text if isinstance(toml, Draft) else None))
    _take_all(schema, own, readings, said.defaults)
    variables = ChainMap(dict(environ), dict(dotenv.variables))
    for setting in schema.rows:
        own.derive(setting, variables)
    # The blocks' values come to the others, which the facts have as well.
    facts = Facts(own.values, own.places)
    blocks = BlockReader(schema, own, variables)
    if schema.has_blocks:
        blocks.read(readings[-1].blocks)
    return _check(schema, readings, own, blocks, facts)


def _take_all(
    schema: AnySchema, own: Resolver, readings: list[Reading], defaults: Mapping[str, str]
) -> None:
    for setting in schema.rows:
        if setting is not CONFIG:
            default = defaults.get(setting.variable) or setting.default
            own.take(setting, _find_given(setting, readings), default)


def _check(
    schema: Schema[S], readings: list[Reading], own: Resolver, blocks: BlockReader, facts: Facts
) -> Loaded[S]:
    """What was found, with the findings of the rules."""
    own.problems.extend(check(MUST, facts))
    house_warnings = check(SHOULD, facts)
    blocks.check_rules()
    problems = (*(problem for one in readings for problem in one.problems), *own.problems)
    warnings = (
        *(warning for one in readings for warning in one.warnings),
        *house_warnings,
        *find_habits(facts),
        *blocks.warnings,
    )
    settings = None
    if not problems:
        settings = schema.build(own.values, blocks.upstreams(), blocks.models())
    rows = [own.row(setting, schema.titles[setting.table]) for setting in schema.rows]
    return Loaded((*rows, *blocks.rows), problems, warnings, settings, facts, tuple(blocks.facts))


def _read_command(said: ByCommand) -> Reading:
    given = {name: Given(text, COMMAND_LINE, COMMAND_LINE) for name, text in said.overrides.items()}
    return Reading(given)


def _config_given(readings: list[Reading], toml: Path | Draft | None) -> Given | None:
    if toml is not None:
        path = toml.path if isinstance(toml, Draft) else toml
        return Given(str(path), COMMAND_LINE, COMMAND_LINE)
    return _find_given(CONFIG, readings)


def _read_config(schema: AnySchema, own: Resolver, draft: str | None) -> Reading:
    if own.problems:
        return Reading()
    path: Path | None = own.values[CONFIG.variable]
    if path is not None and draft is not None:
        return parse_toml(schema, draft, path.name)
    if path is not None:
        return read_toml(schema, path, path.name, is_required=True)
    default = own.directory / TOML
    if find_mode(default):
        own.values[CONFIG.variable] = default
    return read_toml(schema, default, TOML, is_required=False)


def _find_given(setting: Setting, readings: list[Reading]) -> Given | None:
    for reading in readings:
        if setting.variable in reading.given:
            return reading.given[setting.variable]
    return None
