"""Completion, in the shells themselves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from cursor_api.cli import main

# What is typed, and what is offered among others.
TYPED = [
    ("ser", {"serve"}),
    ("token re", {"remove", "renew", "rename"}),
    ("token add --al", {"--alias"}),
    ("completion ", {"bash", "zsh", "fish"}),
    ("--version token li", {"list"}),
]
BASH = """
source {script}
offer() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cursor_api; echo "${{COMPREPLY[*]}}"; }}
"""
ZSH = """
compdef() {{ :; }}
source {script}
_files() {{ :; }}
_describe() {{ print -rl -- ${{(P)2}} }}
offer() {{ words=("$@"); CURRENT=$#; _cursor_api; print -r -- end; }}
"""


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[str, Path]:
    """One that is here, and its script."""
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name} on this machine")
    assert main(["completion", name]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    return name, script


def offered(name: str, script: Path) -> list[set[str]]:
    """What the shell offers for each of the typed, with others that begin alike."""
    lines = [f"cursor-api {typed}" for typed, _ in TYPED]
    match name:
        case "bash":
            calls = [f"offer {line}{chr(39) * 2 * line.endswith(' ')}" for line in lines]
            return [set(one.split()) for one in ask(name, BASH.format(script=script), calls)]
        case "zsh":
            calls = [f"offer {line}{chr(39) * 2 * line.endswith(' ')}" for line in lines]
            said = "\n".join(ask(name, ZSH.format(script=script), calls))
            blocks = said.split("end\n")
            return [{row.partition(":")[0] for row in one.splitlines()} for one in blocks]
        case _:
            calls = [f"complete -C '{line}'; echo end" for line in lines]
            said = "\n".join(ask(name, f"source {script}\n", calls))
            blocks = said.split("end\n")
            return [{row.partition("\t")[0] for row in one.splitlines()} for one in blocks]


def ask(name: str, before: str, calls: list[str]) -> list[str]:
    """The lines that the shell prints, without its user's own settings."""
    quiet = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[name]
    done = subprocess.run(
        [name, *quiet, "-c", before + "\n".join(calls)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert not done.stderr, done.stderr
    return [*done.stdout.splitlines(), ""]


def test_the_shell_offers_what_may_follow(shell: tuple[str, Path]) -> None:
    """Commands, options and values, wherever one is."""
    for (typed, wanted), found in zip(TYPED, offered(*shell), strict=False):
        assert wanted <= found, (typed, found)
