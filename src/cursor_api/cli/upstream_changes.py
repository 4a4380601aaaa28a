"""The commands that add upstreams to the TOML file and take them out again."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from cursor_api.cli.home import find_home
from cursor_api.cli.language import say
from cursor_api.cli.output import print_error, print_result
from cursor_api.cli.token_output import plain
from cursor_api.cli.token_settings import find_config, load_upstreams
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.files.disk import Disk
from cursor_api.installed import KINDS, SCHEMA, Preset, find_preset
from cursor_api.options.kinds import header_secret
from cursor_api.options.names import plain_name
from cursor_api.options.rules import Finding
from cursor_api.settings import Draft
from cursor_api.settings.block_file import change_file, remove_key_file, write_key_file
from cursor_api.settings.block_text import (
    BlockTextError,
    append_block,
    cut_block,
    find_block,
    render_block,
)

TABLE: Final = "upstream"
DEFAULT_KIND: Final = "openai"
# What a server without keys is given.
NO_KEY: Final = "-"
# Hundreds of keys; a larger input is no list of them.
INPUT_CHARS_MAX: Final = 64 * 1024
RELOAD: Final = "A gateway that runs takes it up by: cursor-api reload"


class _RefusedError(Exception):
    """Nothing was changed; says why, a line each."""


def add(parsed: argparse.Namespace) -> int:
    """`upstream add`."""
    config = find_config(parsed.config)
    try:
        _add(parsed, config)
    except (_RefusedError, BlockTextError, StoreError) as error:
        return _refuse(error, config)
    return 0


def remove(parsed: argparse.Namespace) -> int:
    """`upstream remove`."""
    config = find_config(parsed.config)
    try:
        return _remove(parsed, config)
    except (_RefusedError, BlockTextError, StoreError) as error:
        return _refuse(error, config)


def _refuse(error: Exception, config: Path) -> int:
    where = f"{config.name}: " if isinstance(error, BlockTextError) else ""
    for line in str(error).splitlines():
        print_error(say("error: {error}", error=f"{where}{line}"))
    print_error(say("Nothing was changed."))
    return 1


# --- Adding


def _add(parsed: argparse.Namespace, config: Path) -> None:
    name = parsed.name
    if parsed.surplus:
        raise _RefusedError(
            "one name is all that stands there. A key is never taken from the command line, where"
            " your shell's history and other users see it: leave it out, and you are asked for it"
        )
    _require_free(name, config)
    preset = _find_preset(parsed)
    entries = _describe(parsed, preset)
    keys = _take_keys(parsed, preset, entries)
    key_file = _key_file(config, name)
    if keys:
        entries["api_key_file"] = _as_written(key_file)
        write_key_file(key_file, keys, Disk())
    try:
        _append(config, name, entries)
    except (_RefusedError, BlockTextError, StoreError):
        if keys:
            remove_key_file(key_file, Disk())
        raise
    where = ""
    if keys:
        where = say("; its key is in {file}, which only you can read", file=key_file.name)
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
    print_result(say("See whether it works: cursor-api upstream test {name}", name=name))
    print_result(say(RELOAD))


def _find_preset(parsed: argparse.Namespace) -> Preset | None:
    """The one that is named; without --preset the one of the upstream's own name."""
    if parsed.preset is None:
        # With an address given, the name is only a name, even if it is a preset's.
        return None if parsed.base_url else find_preset(parsed.name)
    preset = find_preset(parsed.preset)
    if preset is None:
        raise _RefusedError(
            f"there is no preset {plain(parsed.preset)}; `cursor-api upstream presets` lists them,"
            " and --base-url takes any address"
        )
    return preset


def _describe(parsed: argparse.Namespace, preset: Preset | None) -> dict[str, Any]:
    """The block's keys but for that of the key, as they are written."""
    try:
        name = plain_name().parse(parsed.name)
    except ValueError as error:
        raise _RefusedError(f"the name {error}") from None
    kind = parsed.kind or (preset.kind if preset else DEFAULT_KIND)
    if kind not in KINDS:
        raise _RefusedError(f"there is no kind {plain(kind)} here; there are: {', '.join(KINDS)}")
    url = parsed.base_url or (preset.base_url if preset else None)
    if url is None and kind == DEFAULT_KIND:
        raise _RefusedError(
            f"{name} is no well-known upstream: give its address, as in --base-url"
            " https://api.example.com/v1, or --preset; `cursor-api upstream presets` lists those"
        )
    entries: dict[str, Any] = {"name": name, "kind": kind}
    if url is not None:
        entries["base_url"] = url
    if parsed.model:
        entries["models"] = parsed.model
    if parsed.allow_http:
        entries["allow_http"] = True
    return entries


def _require_free(name: str, config: Path) -> None:
    """Raises where the name is taken, before the key is asked for; checked again under the lock."""
    if name in SCHEMA.own_kinds:
        raise _RefusedError(f"{name} is there without a block; choose another name")
    text = _read(config)
    if find_block(text, TABLE, name) is not None:
        raise _RefusedError(
            f"there is an upstream {name} already; `cursor-api upstream remove {name}` takes it"
            f" out, and --preset gives a second one another name"
        )


def _take_keys(
    parsed: argparse.Namespace, preset: Preset | None, entries: dict[str, Any]
) -> tuple[Secret, ...]:
    """Those that are given now; () where the entries say where they are instead."""
    if parsed.key_env is not None:
        entries["api_key_env"] = parsed.key_env
    elif parsed.key_file is not None:
        entries["api_key_file"] = _as_written(parsed.key_file.absolute())
    elif parsed.no_key or (preset is not None and not preset.keys_url):
        entries["api_key"] = NO_KEY
    else:
        return _read_keys(preset)
    return ()


def _read_keys(preset: Preset | None) -> tuple[Secret, ...]:
    if sys.stdin.isatty():
        if preset is not None:
            print_error(say("{title} gives keys at {url}", title=preset.title, url=preset.keys_url))
        text = ""
        with suppress(EOFError):
            text = getpass.getpass(say("Key (not shown while you paste it): "))
    else:
        text = _read_input()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise _RefusedError("no key was given; --no-key is for servers that ask for none")
    if any(" " in line for line in lines):
        raise _RefusedError("the key has a space in it; paste the key alone, one a line")
    try:
        return tuple(header_secret().parse(line) for line in dict.fromkeys(lines))
    except ValueError as error:
        raise _RefusedError(f"the key {error}") from None


def _read_input() -> str:
    try:
        text = sys.stdin.read(INPUT_CHARS_MAX + 1)
    except UnicodeDecodeError:
        raise _RefusedError("standard input is not UTF-8 text") from None
    if len(text) > INPUT_CHARS_MAX:
        raise _RefusedError("that is more than any list of keys; is it the right file?")
    return text


def _key_file(config: Path, name: str) -> Path:
    return Path(os.path.realpath(config)).parent / f".{name}.key"


def _as_written(path: Path) -> str:
    """Short where the gateway begins its paths as well: in the home folder."""
    return path.name if path.parent == find_home() else str(path)


def _append(config: Path, name: str, entries: dict[str, Any]) -> None:
    def change(text: str) -> str:
        if find_block(text, TABLE, name) is not None:
            raise _RefusedError(f"there is an upstream {name} already")
        return append_block(text, render_block(TABLE, entries))

    def check(draft: Draft) -> None:
        serious = []
        for problem in _new_problems(draft, config):
            # The gateway may run with variables that this shell has not.
            if problem.variable.endswith(".api_key_env") and "is not set" in problem.message:
                print_error(f"warning: {problem.variable}: {problem.message}")
            else:
                serious.append(problem)
        _require_none(serious)

    change_file(config, change, check, Disk())


# --- Removing


def _remove(parsed: argparse.Namespace, config: Path) -> int:
    name = parsed.name
    if name in SCHEMA.own_kinds:
        raise _RefusedError(
            f"{name} has no block: it serves as long as its files hold credentials;"
            " `cursor-api token remove` takes them out"
        )
    block = find_block(_read(config), TABLE, name)
    if block is None:
        raise _RefusedError(
            f"{config} has no upstream {plain(name)}; see: cursor-api upstream list"
        )
    if not parsed.yes and not _is_sure(name):
        return 1

    def check(draft: Draft) -> None:
        _require_none(_new_problems(draft, config))

    change_file(config, lambda text: cut_block(text, TABLE, name), check, Disk())
    print_result(say("Removed {name} from {file}.", name=name, file=config))
    key_file = _key_file(config, name)
    named = block.get("api_key_file")
    if named is not None and Path(str(named)).absolute() == key_file:
        remove_key_file(key_file, Disk())
        print_result(
            say("Removed {file}; the key stays valid at its provider.", file=key_file.name)
        )
    elif named is not None:
        print_result(say("The file of keys {file} is still there.", file=plain(str(named))))
    print_result(say(RELOAD))
    return 0


def _is_sure(name: str) -> bool:
    if not sys.stdin.isatty():
        raise _RefusedError("nobody can be asked here; say --yes to remove it")
    with suppress(EOFError):
        if input(say("Remove the upstream {name}? [y/N] ", name=name)).strip().lower() in {
            "y",
            "yes",
        }:
            return True
    print_result(say("Nothing was changed."))
    return False


# --- Both


def _read(config: Path) -> str:
    try:
        return config.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise StoreError(f"{config} cannot be read: {reason}.") from error


def _new_problems(draft: Draft, config: Path) -> Sequence[Finding]:
    """Problems that the change brings; those of the file as it is do not count."""
    old = load_upstreams(Draft(config, _read(config))).problems
    known = {(problem.variable, problem.message) for problem in old}
    found = load_upstreams(draft).problems
    return [problem for problem in found if (problem.variable, problem.message) not in known]


def _require_none(problems: Sequence[Finding]) -> None:
    if problems:
        raise _RefusedError("\n".join(map(str, problems)))
