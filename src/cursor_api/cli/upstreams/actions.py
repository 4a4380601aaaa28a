"""The commands that look at upstreams and at those that are known by name."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from cursor_api.cli.home.settings import load_upstreams
from cursor_api.cli.terminal.display import plain, print_json, print_table
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.cli.terminal.telling import told
from cursor_api.installed import SCHEMA, Settings
from cursor_api.ports.upstream_blocks import ShownUpstream
from cursor_api.settings import Loaded
from cursor_api.settings.upstream_blocks import show_upstreams

KEYS_FROM: Final = {"token_files": "token files", "toml": "TOML file"}
LIST_COLUMNS: Final = ("NAME", "KIND", "ADDRESS", "MODELS", "KEYS")
PRESET_COLUMNS: Final = ("NAME", "PROVIDER", "ADDRESS", "KEYS FROM")


class Listed(Struct, frozen=True):
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
        print_error(say("error: {error}", error=told(problem)))
    if loaded.problems:
        return 1
    listed = list(_list(loaded))
    if parsed.json:
        print_json(listed)
        return 0
    print_table(list(map(say, LIST_COLUMNS)), [_row(one) for one in listed])
    if all(one.name in SCHEMA.own_kinds for one in listed):
        print_result(say("`cursor-api upstream presets` lists the well-known upstreams."))
    return 0


def show_presets(parsed: argparse.Namespace) -> int:
    """`upstream presets`: those whose kind is installed."""
    rows = SCHEMA.presets
    if parsed.json:
        print_json(rows)
        return 0
    print_table(
        list(map(say, PRESET_COLUMNS)),
        [
            (
                row.name,
                say("{title} (also: {names})", title=say(row.title), names=", ".join(row.aliases))
                if row.aliases
                else say(row.title),
                row.base_url,
                row.keys_url or say("needs none"),
            )
            for row in rows
        ],
    )
    print_result(say("Add one: cursor-api upstream add NAME"))
    return 0


def _list(loaded: Loaded[Settings]) -> Iterator[Listed]:
    for one in show_upstreams(SCHEMA, loaded):
        yield Listed(one.name, one.kind, one.base_url, one.models, one.key_count, _keys_from(one))


def _keys_from(one: ShownUpstream) -> str:
    return KEYS_FROM.get(one.keys_from) or f"{one.keys_from} {one.keys_place}"


def _row(one: Listed) -> tuple[str, ...]:
    models = say("asked") if one.models is None else str(len(one.models))
    count = f" ({one.key_count})" if one.key_count > 1 else ""
    word, _, place = one.keys_from.partition(" ")
    keys = say(one.keys_from) if one.keys_from in KEYS_FROM.values() else f"{say(word)} {place}"
    return (one.name, one.kind, plain(one.base_url), models, f"{plain(keys).strip()}{count}")
