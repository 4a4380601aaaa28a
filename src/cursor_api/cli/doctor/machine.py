"""What the machine has to do with it, beyond what serving checks before it starts."""

from __future__ import annotations

import argparse
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from cursor_api.cli.gateway.place import ask_models, find_gateway
from cursor_api.cli.home.folder import find_home
from cursor_api.domain.diagnosis import Check, Verdict
from cursor_api.files.atomic import has_leftovers, set_aside
from cursor_api.files.disk import Disk
from cursor_api.files.sealing import KEY_FILE
from cursor_api.installed import Settings
from cursor_api.options.rules import find_mode
from cursor_api.options.said import tell
from cursor_api.settings import Loaded
from cursor_api.settings.resolve import DOTENV
from cursor_api.settings.schema import CONFIG

FILES: Final = tell("files")
GATEWAY: Final = tell("gateway")
# The request log at its default size takes 30 MB; a disk with less than this fills up soon.
FREE_BYTES_MIN: Final = 100_000_000
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def check_files(loaded: Loaded[Settings]) -> Sequence[Check]:
    """Files that hold secrets, the disk, and what saves have left."""
    found = [*_check_secret_files(loaded), *_check_data(loaded)]
    return found or [Check(FILES, Verdict.OK, tell("private, whole, and with room on the disk"))]


def _check_secret_files(loaded: Loaded[Settings]) -> Iterator[Check]:
    for path in _secret_files(loaded):
        if os.name == "posix" and find_mode(path) & OTHERS:
            yield Check(
                FILES,
                Verdict.WARNING,
                tell(
                    "{path} may hold secrets, and other users of this machine can read it",
                    path=path,
                ),
                f"chmod 600 {path}",
            )


def _secret_files(loaded: Loaded[Settings]) -> Iterator[Path]:
    """The token files are looked at by those who read them."""
    yield find_home() / DOTENV
    config: Path | None = loaded.facts.find(CONFIG.variable)
    if config is not None:
        yield config
    for name, value in loaded.facts.values.items():
        if (name.endswith(".api_key_file") or name == KEY_FILE) and isinstance(value, Path):
            yield value


def _check_data(loaded: Loaded[Settings]) -> Iterator[Check]:
    token_file: Path | None = loaded.facts.find("TOKEN_FILE")
    token_list: Path | None = loaded.facts.find("TOKEN_LIST_FILE")
    if token_file is None or token_list is None or not token_file.parent.is_dir():
        return
    free_bytes = shutil.disk_usage(token_file.parent).free
    if free_bytes < FREE_BYTES_MIN:
        yield Check(
            FILES,
            Verdict.WARNING,
            tell(
                "the disk of {folder} has {count} MB left",
                folder=token_file.parent,
                count=free_bytes // 1_000_000,
            ),
            tell("Make room on it: when it is full, nothing can be saved."),
        )
    disk = Disk()
    for path in (token_file, token_list):
        real = Path(os.path.realpath(path))
        if has_leftovers(real, disk):
            yield Check(
                FILES,
                Verdict.WARNING,
                tell("a save of {path} was cut off, or is going on", path=path),
                tell("The next load of the file finishes it: start the gateway, or `token list`."),
            )
        if disk.exists(set_aside(real)):
            yield Check(
                FILES,
                Verdict.WARNING,
                tell(
                    "{aside} has an earlier text of {path}, from a save that was cut off",
                    aside=set_aside(real),
                    path=path,
                ),
                tell("Look whether anything in it is missing, and delete it: it holds secrets."),
            )


def check_gateway(parsed: argparse.Namespace) -> tuple[Check, bool]:
    """What serves at the gateway's address, and whether that is a gateway."""
    try:
        there = find_gateway(argparse.Namespace(url=None, key_env=None, config=parsed.config))
    except ValueError as error:
        return Check(GATEWAY, Verdict.SKIPPED, str(error)), False
    served = ask_models(there)
    if served.models:
        words = tell(
            "one runs at {url} and serves {count} model(s)",
            url=there.root_url,
            count=len(served.models),
        )
        return Check(GATEWAY, Verdict.OK, words), True
    if served.is_nobody:
        words = tell("none runs at {url} now", url=there.root_url)
        return Check(GATEWAY, Verdict.OK, words), False
    return Check(GATEWAY, Verdict.WARNING, served.problem), False
