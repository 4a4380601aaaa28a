"""The key that seals tokens, from the command line."""

from __future__ import annotations

import argparse
import secrets

from cursor_api.cli.terminal.output import print_result
from cursor_api.options.sealing_keys import KEY_BYTES


def make_key(_parsed: argparse.Namespace) -> int:
    """`token sealing-key`."""
    print_result(secrets.token_hex(KEY_BYTES))
    return 0
