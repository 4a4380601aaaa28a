"""How a command speaks: results on standard output, everything else on standard error."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """What was asked for."""
    print(text, flush=True)  # noqa: T201 - a command speaks on its standard output


def complain(text: str) -> None:
    """What went wrong, or is worth a word."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - and of errors on the other
