"""The settings that a command needs, whatever is wrong with the others."""

from __future__ import annotations

import argparse
import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Final

from cursor_api.cli.home.folder import environment, find_home
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error
from cursor_api.cli.terminal.telling import told
from cursor_api.domain.errors import StoreError
from cursor_api.installed import SCHEMA, Settings
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.settings import ByCommand, Draft, Loaded, Schema, load_settings
from cursor_api.settings.load import TOML
from cursor_api.settings.schema import CONFIG

# The groups of the table of settings that say where tokens, API keys and prices are.
FILE_GROUPS: Final = frozenset({"files", "database"})
# And with what tokens are tested.
FILE_AND_CURSOR_GROUPS: Final = frozenset({*FILE_GROUPS, *SCHEMA.own_kinds})

SettingsWork = Callable[[Settings], Coroutine[Any, Any, int]]


def find_settings(groups: AbstractSet[str], config: Path | None) -> Settings | None:
    """The settings, read as `serve` reads them; None when those of `groups` are not right.

    Settings of other groups have their defaults, so that a mistake in them stops no command that
    does not need them. What is wrong is told on standard error.
    """
    unset = _unset_others(groups)
    loaded = _load(SCHEMA.without_blocks(), unset, config)
    for warning in loaded.warnings:
        if warning.variable and warning.variable not in unset:
            print_error(say("warning: {warning}", warning=told(warning)))
    for problem in loaded.problems:
        print_error(say("error: {error}", error=told(problem)))
    return None if loaded.problems else loaded.settings


def with_settings(parsed: argparse.Namespace, work: SettingsWork) -> int:
    """Do this with the settings of files and database; the exit status.

    What is wrong with them is told and exits 1, and so does what a store refuses.
    """
    settings = find_settings(FILE_GROUPS, parsed.config)
    return 1 if settings is None else run_work(work(settings))


def run_work(work: Coroutine[Any, Any, int]) -> int:
    """The exit status; what a store refuses is told and exits 1."""
    try:
        return asyncio.run(work)
    except StoreError as error:
        print_error(say("error: {error}", error=told(error)))
        return 1


def load_groups(groups: AbstractSet[str], config: Path | None) -> Loaded[Settings]:
    """Settings of these groups as they are; the others, and blocks, have their defaults."""
    return _load(SCHEMA.without_blocks(), _unset_others(groups), config)


def load_upstreams(config: Path | Draft | None) -> Loaded[Settings]:
    """Everything about upstreams and the token files; the other settings have their defaults."""
    return _load(SCHEMA, _unset_others(FILE_AND_CURSOR_GROUPS), config)


def say_place(settings: Settings) -> str:
    """Where the credentials are, in words."""
    return (
        say("the database") if settings.are_credentials_shared else str(settings.files.token_file)
    )


def find_client_names(config: Path | None) -> tuple[str, ...]:
    """The names in CLIENT_TOKENS; () where something is wrong with them."""
    found = load_groups(frozenset({"access"}), config).facts.find("CLIENT_TOKENS") or ()
    return tuple(key.name for key in found)


def find_config(config: Path | None) -> Path:
    """Where the TOML file is, or would be."""
    if config is not None:
        return config.absolute()
    found: Path | None = load_upstreams(None).facts.find(CONFIG.variable)
    return found or find_home() / TOML


def find_upstreams(config: Path | None) -> tuple[UpstreamSettings, ...]:
    """The upstreams with their keys; () and a warning where something is wrong with them."""
    loaded = _load(SCHEMA, _unset_others(FILE_GROUPS), config)
    for problem in loaded.problems:
        print_error(
            say(
                "warning: {warning}; a token that is its key would not be found out",
                warning=told(problem),
            )
        )
    return () if loaded.problems else loaded.settings.upstreams


def _unset_others(groups: AbstractSet[str]) -> Mapping[str, str]:
    """An empty variable of the process means the default, and wins over every file."""
    return {
        setting.variable: ""
        for setting in SCHEMA.rows
        if setting.table and setting.table not in groups
    }


def _load(
    schema: Schema[Settings], unset: Mapping[str, str], config: Path | Draft | None
) -> Loaded[Settings]:
    needed = {"AUTH_TOKEN": secrets.token_hex(24)}
    said = ByCommand(defaults=needed)
    return load_settings(schema, {**environment(), **unset}, find_home(), config, said)
