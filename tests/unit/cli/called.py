"""The command called in this process: starting another one takes longer than most commands do.

What only a process of its own can show (signals, closed streams, limits of the system, a terminal)
is tested with one; see running.py and keyboard.py.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from cursor_api.cli import main


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Everything that it said."""
        return self.out + self.err


def call(folder: Path, environ: Mapping[str, str], *arguments: str, stdin: str = "") -> Done:
    """`cursor-api …` in this folder, with these variables and no others, to its end."""
    given, out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(3))
    given.write(stdin)
    given.seek(0)
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - environ.keys():
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(sys, "stdin", given)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = _run(arguments)
    return Done(status, _said(out), _said(err))


def _run(arguments: Sequence[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1


def _said(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
