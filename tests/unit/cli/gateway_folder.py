"""A folder without anything of the outer environment, and the command run in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.cli.called import Done, call
from tests.unit.cli.token_house import OURS

STRANGERS = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def enter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in this folder, with no setting from outside."""
    for name in os.environ:
        if is_setting(name):
            monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    return folder


def is_setting(name: str) -> bool:
    """Whether a variable of this name could change what a command does."""
    return (
        name in OURS
        or name.startswith(("CURSOR_", "GATEWAY_", "OPENAI_", "ANTHROPIC_"))
        or name.lower() in STRANGERS
    )


def run(folder: Path, *arguments: str, stdin: str = "", **variables: str) -> Done:
    """`cursor-api …` in this folder, to its end."""
    environ = {name: value for name, value in os.environ.items() if not is_setting(name)}
    return call(folder, environ | variables, *arguments, stdin=stdin)
