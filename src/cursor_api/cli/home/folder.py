"""The folder that every command works in: where .env, the token files and cursor-api.toml are.

The working directory is it where one of these files is there, so that two gateways on one machine
are two folders. Elsewhere CURSOR_API_HOME names it, and without that it is the working directory.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from cursor_api.cli.terminal.language import say

VARIABLE: Final = "CURSOR_API_HOME"
DOTENV: Final = ".env"
MARKS: Final = (".token", "cursor-api.toml")
# Every other project has a .env, with a HOST and a PORT of its own: it is ours by another name.
_OURS: Final = re.compile(
    r"^\s*(?:export\s+)?"
    r"(?:AUTH_TOKEN|CLIENT_TOKENS|TOKEN_(?:LIST_)?FILE|PASSTHROUGH|(?:CURSOR|GATEWAY)_\w+)\s*=",
    re.MULTILINE,
)
# Far above any .env; no other file is read to its end.
DOTENV_CHARS_MAX: Final = 1024 * 1024


class HomeError(Exception):
    """There is no such folder; says which and what to do."""


def find_home() -> Path:
    """The folder, absolute. Raises HomeError where CURSOR_API_HOME names none."""
    here = Path.cwd()
    named = os.environ.get(VARIABLE, "").strip()
    if not named or _is_home(here):
        return here
    home = Path(named).expanduser().absolute()
    if not home.is_dir():
        raise HomeError(
            say(
                "{name}: there is no folder {home}; create it with: mkdir -p {home}",
                name=VARIABLE,
                home=home,
            )
        )
    return home


def make_home() -> Path:
    """The folder, made where it is named and not there. Raises HomeError where that cannot be."""
    try:
        return find_home()
    except HomeError:
        home = Path(os.environ[VARIABLE].strip()).expanduser().absolute()
    try:
        home.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise HomeError(
            say(
                "{name}: {home} cannot be created: {reason}",
                name=VARIABLE,
                home=home,
                reason=error.strerror,
            )
        ) from error
    return home


def environment() -> dict[str, str]:
    """The variables of this process as settings are looked for in them."""
    return {name: text for name, text in os.environ.items() if name != VARIABLE}


def _is_home(folder: Path) -> bool:
    return any(map(os.path.lexists, (folder / mark for mark in MARKS))) or _has_our_dotenv(folder)


def _has_our_dotenv(folder: Path) -> bool:
    path = folder / DOTENV
    # Before opening: a named pipe would wait for somebody to write into it.
    if not path.is_file():
        return False
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return bool(_OURS.search(file.read(DOTENV_CHARS_MAX)))
    except OSError:
        # One that cannot be read is complained about where settings are read.
        return True
