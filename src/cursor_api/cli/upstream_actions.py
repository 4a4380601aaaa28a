"""The commands that look at upstreams and at those that are known by name."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cursor_api.cli.language import say
from cursor_api.cli.output import print_error, print_result
from cursor_api.cli.token_output import plain, print_json, print_table
from cursor_api.cli.token_settings import load_upstreams
from cursor_api.installed import KINDS, PRESETS, SCHEMA, Settings
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.settings import Loaded

LIST_COLUMNS: Final = ("NAME", "KIND", "ADDRESS", "MODELS", "KEYS")
PRESET_COLUMNS: Final = ("NAME", "WHAT", "ADDRESS", "KEYS FROM")
_MORE_NAMES: Final = "also: "


@dataclass(frozen=True, slots=True)
class Listed:
    """What `upstream list --json` prints. `models` None: the upstream is asked for them."""

    name: str
    kind: str
    base_url: str
    models: tuple[str, ...] | None
    key_count: int
    keys_from: str


def show_all(parsed: argparse.Namespace) -> int:
    """`upstream list`."""
    loaded = load_upstreams(parsed.config)
    for problem in loaded.problems:
        print_error(say("error: {error}", error=problem))
    if loaded.problems:
        return 1
    listed = list(_list(loaded))
    if parsed.json:
        print_json(listed)
        return 0
    print_table(list(map(say, LIST_COLUMNS)), [_row(one) for one in listed])
    if all(one.name in SCHEMA.own_kinds for one in listed):
        print_result(say("`cursor-api upstream presets` lists well-known ones that can be added."))
    return 0


def show_presets(parsed: argparse.Namespace) -> int:
    """`upstream presets`: those whose kind is installed."""
    rows = [row for row in PRESETS.values() if row.kind in KINDS]
    if parsed.json:
        print_json([row._asdict() for row in rows])
        return 0
    print_table(
        list(map(say, PRESET_COLUMNS)),
        [
            (
                row.name,
                f"{row.title} ({_MORE_NAMES}{', '.join(row.aliases)})"
                if row.aliases
                else row.title,
                row.base_url,
                row.keys_url or say("needs none"),
            )
            for row in rows
        ],
    )
    print_result(say("Add one: cursor-api upstream add NAME"))
    return 0


def _list(loaded: Loaded[Settings]) -> Iterator[Listed]:
    for one, facts in zip(loaded.settings.upstreams, loaded.upstreams, strict=True):
        yield Listed(
            one.name,
            one.kind,
            facts.find("base_url") or "",
            one.models,
            len(one.api_keys),
            _keys_from(loaded, one),
        )


def _keys_from(loaded: Loaded[Settings], one: UpstreamSettings) -> str:
    if one.name in SCHEMA.own_kinds:
        return "token files"
    prefix = f"upstream.{one.name}"
    for way, words in (("api_key_file", "file {}"), ("api_key_env", "variable {}")):
        value = loaded.facts.find(f"{prefix}.{way}")
        if value is not None:
            return words.format(value)
    return "TOML file"


def _row(one: Listed) -> tuple[str, ...]:
    models = say("asked") if one.models is None else str(len(one.models))
    count = f" ({one.key_count})" if one.key_count > 1 else ""
    return (one.name, one.kind, plain(one.base_url), models, f"{plain(one.keys_from)}{count}")
