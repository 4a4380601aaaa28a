"""The commands that add upstreams to the TOML file and take them out again."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from cursor_api.cli.home.folder import find_home
from cursor_api.cli.home.settings import find_config, load_upstreams
from cursor_api.cli.terminal.display import plain
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.cli.terminal.question import is_agreed
from cursor_api.cli.terminal.telling import told
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.files.disk import Disk
from cursor_api.installed import SCHEMA
from cursor_api.options.rules import Finding
from cursor_api.ports.configuration import WrongUpstreamError
from cursor_api.ports.upstream_blocks import INVALID, MISSING, TAKEN, NewUpstream, Preset
from cursor_api.settings import Draft
from cursor_api.settings.block_file import change_file, remove_key_file
from cursor_api.settings.block_text import cut_block, find_block
from cursor_api.settings.dotenv_text import TextChangeError
from cursor_api.settings.files import new_problems
from cursor_api.settings.upstream_blocks import (
    NO_KEY,
    TABLE,
    Place,
    add_block,
    describe,
    parse_keys,
    read_config,
    require_free,
    require_right,
)

# Hundreds of keys; a larger input is no list of them.
INPUT_CHARS_MAX: Final = 64 * 1024
RELOAD: Final = "If a gateway is running: cursor-api reload"


class _RefusedError(Exception):
    """Nothing was changed; says why, a line each."""


def add(parsed: argparse.Namespace) -> int:
    """`upstream add`."""
    config = find_config(parsed.config)
    try:
        _add(parsed, config)
    except WrongUpstreamError as error:
        return _refuse(told(error) + say(HINTS.get((error.field, error.code), "")))
    except (_RefusedError, TextChangeError, StoreError) as error:
        return _refuse(_words(error, config))
    return 0


def remove(parsed: argparse.Namespace) -> int:
    """`upstream remove`."""
    config = find_config(parsed.config)
    try:
        return _remove(parsed, config)
    except (_RefusedError, TextChangeError, StoreError) as error:
        return _refuse(_words(error, config))


def _words(error: Exception, config: Path) -> str:
    return f"{config.name}: {told(error)}" if isinstance(error, TextChangeError) else told(error)


def _refuse(text: str) -> int:
    for line in text.splitlines():
        print_error(say("error: {error}", error=line))
    print_error(say("Nothing was changed."))
    return 1


# --- Adding

# What helps with each mistake that is possible on the command line, by field and code.
HINTS: Final = {
    ("preset", INVALID): (
        "; `cursor-api upstream presets` lists them, and --base-url takes any address"
    ),
    ("base_url", MISSING): (
        ", as in --base-url https://api.example.com/v1, or --preset; `cursor-api upstream presets`"
        " lists those"
    ),
    ("name", TAKEN): (
        "; `cursor-api upstream remove NAME` takes one out, and --preset gives a second one"
        " another name"
    ),
}


def _add(parsed: argparse.Namespace, config: Path) -> None:
    name, place = parsed.name, Place(config, find_home())
    if parsed.surplus:
        raise _RefusedError(
            say(
                "give only the name. A key is never accepted as an argument, where your shell's"
                " history and other users can see it: leave it out, and the command asks for it"
            )
        )
    new = NewUpstream(
        name,
        parsed.preset,
        parsed.kind,
        parsed.base_url,
        tuple(parsed.model or ()),
        parsed.allow_http,
    )
    entries, preset = describe(SCHEMA, new)
    # Before the key is asked for; looked at again under the lock.
    require_free(read_config(config), name)
    keys = _take_keys(parsed, preset, entries, place)
    add_block(place, entries, keys, lambda draft: _check(name, draft, config))
    where = ""
    if keys:
        key_file = place.key_file(name).name
        where = say("; its key is in {file}, which only you can read", file=key_file)
    address = f", {entries['base_url']}" if "base_url" in entries else ""
    about = f"{entries['kind']}{address}"
    print_result(
        say(
            "Added {name} ({about}) to {file}{where}.",
            name=name,
            about=about,
            file=config,
            where=where,
        )
    )
    print_result(say("Test it: cursor-api upstream test {name}", name=name))
    print_result(say(RELOAD))


def _take_keys(
    parsed: argparse.Namespace, preset: Preset | None, entries: dict[str, Any], place: Place
) -> tuple[Secret, ...]:
    """Those that are given now; () where the entries say where they are instead."""
    if parsed.key_env is not None:
        entries["api_key_env"] = parsed.key_env
    elif parsed.key_file is not None:
        entries["api_key_file"] = place.as_written(parsed.key_file.absolute())
    elif parsed.no_key or (preset is not None and not preset.keys_url):
        entries["api_key"] = NO_KEY
    else:
        return _read_keys(preset)
    return ()


def _read_keys(preset: Preset | None) -> tuple[Secret, ...]:
    if sys.stdin.isatty():
        if preset is not None:
            print_error(say("Keys of {title}: {url}", title=preset.title, url=preset.keys_url))
        text = ""
        with suppress(EOFError):
            text = getpass.getpass(say("Key (not shown while you paste it): "))
    else:
        text = _read_input()
    keys = parse_keys(text.splitlines())
    if not keys:
        raise _RefusedError(say("no key was given; use --no-key for a server that needs none"))
    return keys


def _read_input() -> str:
    try:
        text = sys.stdin.read(INPUT_CHARS_MAX + 1)
    except UnicodeDecodeError:
        raise _RefusedError(say("standard input is not UTF-8 text")) from None
    if len(text) > INPUT_CHARS_MAX:
        raise _RefusedError(say("that is too much for a list of keys; is it the right file?"))
    return text


def _check(name: str, draft: Draft, config: Path) -> None:
    serious = []
    for problem in _new_problems(draft, config):
        # The gateway may run with variables that this shell has not.
        if problem.variable.endswith(".api_key_env") and "is not set" in problem.message:
            print_error(say("warning: {warning}", warning=told(replace(problem, where=""))))
        else:
            serious.append(problem)
    require_right(name, serious)


# --- Removing


def _remove(parsed: argparse.Namespace, config: Path) -> int:
    name = parsed.name
    if name in SCHEMA.own_kinds:
        raise _RefusedError(
            say(
                "{name} has no block: it is used as long as its files contain credentials;"
                " `cursor-api token remove` removes them",
                name=name,
            )
        )
    block = find_block(read_config(config), TABLE, name)
    if block is None:
        raise _RefusedError(
            say(
                "{file} has no upstream {name}; see: cursor-api upstream list",
                file=config,
                name=plain(name),
            )
        )
    if not parsed.yes and not _is_sure(name):
        return 1

    def check(draft: Draft) -> None:
        problems = _new_problems(draft, config)
        if problems:
            raise _RefusedError("\n".join(map(told, problems)))

    change_file(config, lambda text: cut_block(text, TABLE, name), check, Disk())
    print_result(say("Removed {name} from {file}.", name=name, file=config))
    key_file = Place(config, find_home()).key_file(name)
    named = block.get("api_key_file")
    if named is not None and Path(str(named)).absolute() == key_file:
        remove_key_file(key_file, Disk())
        print_result(
            say("Removed {file}; the key stays valid at its provider.", file=key_file.name)
        )
    elif named is not None:
        print_result(say("The key file {file} was not removed.", file=plain(str(named))))
    print_result(say(RELOAD))
    return 0


def _is_sure(name: str) -> bool:
    if not sys.stdin.isatty():
        raise _RefusedError(
            say("this is not a terminal, so nothing can be asked; add --yes to remove it")
        )
    if is_agreed(say("Remove the upstream {name}? [y/N] ", name=name)):
        return True
    print_result(say("Nothing was changed."))
    return False


# --- Both


def _new_problems(draft: Draft, config: Path) -> Sequence[Finding]:
    """Problems that the change brings; those of the file as it is do not count."""
    return new_problems(load_upstreams(Draft(config, read_config(config))), load_upstreams(draft))
