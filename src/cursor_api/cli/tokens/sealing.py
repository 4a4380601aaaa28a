"""The key that seals tokens, and what is sealed with it, from the command line."""

from __future__ import annotations

import argparse
import secrets

from cursor_api.bootstrap import copy_credentials, reseal_credentials
from cursor_api.cli.home.settings import with_settings
from cursor_api.cli.terminal.display import TerminalObserver, plain
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_note, print_result
from cursor_api.installed import Settings
from cursor_api.options.sealing_keys import KEY_BYTES


def make_key(_parsed: argparse.Namespace) -> int:
    """`token sealing-key`."""
    print_result(secrets.token_hex(KEY_BYTES))
    return 0


def copy(parsed: argparse.Namespace) -> int:
    """`token copy`."""

    async def work(settings: Settings) -> int:
        taken = await copy_credentials(settings, TerminalObserver())
        for alias in taken.known:
            print_note(say("{name} is in the database already.", name=plain(alias)))
        print_result(say("Copied {count} token(s) into the database.", count=len(taken.added)))
        print_result(
            say(
                "{file} is unchanged and not used any more: when `cursor-api token list` shows all"
                " of them, delete it and {list_file}.",
                file=settings.files.token_file,
                list_file=settings.files.token_list_file,
            )
        )
        return 0

    return with_settings(parsed, work)


def reseal(parsed: argparse.Namespace) -> int:
    """`token reseal`."""

    async def work(settings: Settings) -> int:
        done = await reseal_credentials(settings)
        print_result(
            say(
                "Sealed {count} of {total} token(s) with the key {key}; the others were already.",
                count=done.sealed_count,
                total=done.total_count,
                key=done.key_id,
            )
        )
        return 0

    return with_settings(parsed, work)
