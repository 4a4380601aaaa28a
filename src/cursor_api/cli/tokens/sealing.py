"""The key that seals tokens, and what is sealed with it, from the command line."""

from __future__ import annotations

import argparse
import asyncio
import secrets

from cursor_api.bootstrap import Resealed, copy_credentials, reseal_credentials
from cursor_api.cli.home.settings import FILE_GROUPS, find_settings
from cursor_api.cli.terminal.display import TerminalObserver, plain
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_note, print_result
from cursor_api.cli.terminal.telling import told
from cursor_api.domain.errors import StoreError
from cursor_api.options.sealing_keys import KEY_BYTES


def make_key(_parsed: argparse.Namespace) -> int:
    """`token sealing-key`."""
    print_result(secrets.token_hex(KEY_BYTES))
    return 0


def copy(parsed: argparse.Namespace) -> int:
    """`token copy`."""
    settings = find_settings(FILE_GROUPS, parsed.config)
    if settings is None:
        return 1
    try:
        taken = asyncio.run(copy_credentials(settings, TerminalObserver()))
    except StoreError as error:
        print_error(say("error: {error}", error=told(error)))
        return 1
    for alias in taken.known:
        print_note(say("{name} is in the database already.", name=plain(alias)))
    print_result(say("Copied {count} token(s) into the database.", count=len(taken.added)))
    print_result(
        say(
            "{file} is unchanged and not used any more: when `cursor-api token list` shows all of"
            " them, delete it and {list_file}.",
            file=settings.files.token_file,
            list_file=settings.files.token_list_file,
        )
    )
    return 0


def reseal(parsed: argparse.Namespace) -> int:
    """`token reseal`."""
    settings = find_settings(FILE_GROUPS, parsed.config)
    if settings is None:
        return 1
    try:
        done: Resealed = asyncio.run(reseal_credentials(settings))
    except StoreError as error:
        print_error(say("error: {error}", error=told(error)))
        return 1
    print_result(
        say(
            "Sealed {count} of {total} token(s) with the key {key}; the others were already.",
            count=done.sealed_count,
            total=done.total_count,
            key=done.key_id,
        )
    )
    return 0
