"""`cursor-api import`: token files of the earlier program, its later versions and their like.

Rules of this file:
- Sources are read and never changed: what could not be taken is still there.
- All that can be taken is written at once; every line is told.
- Settings are not copied: a file that names others' keys and ports is for its owner to move.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from cursor_api.bootstrap import file_options, make_checksum
from cursor_api.cli.home.settings import FILE_GROUPS, find_settings
from cursor_api.cli.terminal.display import plain
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.cli.terminal.telling import in_words, told, told_of_line
from cursor_api.domain.errors import LineProblem, StoreError
from cursor_api.installed import (
    Book,
    Names,
    Outcome,
    Plan,
    Settings,
    TextLimits,
    TokenFiles,
    Verdict,
    plan_import,
)
from cursor_api.options.said import tell

# In a folder, in this order: a name that stands in the first is wanted for what the others add.
TOKEN_NAMES: Final = (".token", ".tokens", ".token-list")
# Of the later versions: a folder of data, and what is in there and read by nobody else.
DATA_FOLDER: Final = "data"
BINARY_NAME: Final = "tokens.bin"
SETTINGS_NAMES: Final = (".env", "config.toml")
_WORDS: Final = {
    Verdict.ADDED: "added",
    Verdict.DEVICE: "gets its device",
    Verdict.KNOWN: "exists already",
    Verdict.COMMENT: "left out",
    Verdict.REFUSED: "NOT IMPORTED",
}


def import_files(parsed: argparse.Namespace) -> int:
    """`import`."""
    settings = find_settings(FILE_GROUPS, parsed.config)
    if settings is None:
        return 1
    path: Path = parsed.path
    try:
        sources = list(_find_sources(path, settings))
    except OSError as error:
        reason = error.strerror
        print_error(say("error: {file} cannot be read: {reason}.", file=path, reason=reason))
        return 1
    if not sources and _candidates(path):
        print_result(say("There is nothing to import."))
        return 0
    if not sources:
        print_error(
            say(
                "error: there is no token file in {path} ({names}); name the file itself.",
                path=path,
                names=", ".join((*TOKEN_NAMES, f"{DATA_FOLDER}/{BINARY_NAME}")),
            )
        )
        return 1
    try:
        plan = _take(settings, sources, is_trial=parsed.dry_run)
    except StoreError as error:
        print_error(say("error: {error}", error=told(error)))
        return 1
    _tell(plan, settings, path, is_trial=parsed.dry_run)
    return 1 if plan.count(Verdict.REFUSED) else 0


def _take(settings: Settings, sources: Sequence[tuple[str, bytes]], *, is_trial: bool) -> Plan:
    if settings.are_credentials_shared:
        raise StoreError(
            tell(
                "Tokens are in the database, and this imports into the token files. Import with an"
                " empty DATABASE_URL, then: cursor-api token copy"
            )
        )
    names = Names(str(settings.files.token_file), str(settings.files.token_list_file))
    files = TokenFiles(names, make_checksum, file_options(settings))
    if is_trial:
        return plan_import(files.look(), sources, TextLimits())
    plans: list[Plan] = []

    def decide(book: Book) -> tuple[Sequence[str], Sequence[str]]:
        plans[:] = [plan_import(book, sources, TextLimits())]
        return plans[0].tokens, plans[0].listed

    files.append(decide)
    return plans[0]


def _find_sources(path: Path, settings: Settings) -> Iterator[tuple[str, bytes]]:
    """The files by the names that the report gives them, each read up to what a file may have."""
    own = {
        os.path.realpath(one) for one in (settings.files.token_file, settings.files.token_list_file)
    }
    for file in _candidates(path):
        if os.path.realpath(file) in own:
            print_result(say("{file} is the gateway's own file and is used as it is.", file=file))
            continue
        with file.open("rb") as opened:
            yield str(file), opened.read(TextLimits().file_bytes_max + 1)


def _candidates(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    folders = (path, path / DATA_FOLDER)
    found = [folder / name for folder in folders for name in (*TOKEN_NAMES, BINARY_NAME)]
    return [file for file in found if file.is_file()]


def _tell(plan: Plan, settings: Settings, path: Path, *, is_trial: bool) -> None:
    for outcome in plan.outcomes:
        print_result(_line(outcome, is_trial=is_trial))
    counts = Counter(one.verdict for one in plan.outcomes)
    known = counts[Verdict.KNOWN] + counts[Verdict.DEVICE]
    print_result(
        say(
            "{added} added, {known} existed already, {refused} not imported. {path} is"
            " unchanged{advice}",
            added=counts[Verdict.ADDED],
            known=known,
            refused=counts[Verdict.REFUSED],
            path=path,
            advice=_advice(counts),
        )
    )
    if is_trial:
        print_result(say("Nothing was written. Run it without --dry-run to import."))
    elif counts[Verdict.ADDED] or counts[Verdict.DEVICE]:
        print_result(
            say(
                "Saved in {file}; a running gateway picks it up within two seconds.",
                file=settings.files.token_file,
            )
        )
    _tell_settings(path)


def _advice(counts: Counter[Verdict]) -> str:
    if not counts[Verdict.REFUSED]:
        return say(".")
    return say(", and keeps what was not imported: correct those lines there, and import it again.")


def _line(outcome: Outcome, *, is_trial: bool) -> str:
    words = say(_WORDS[outcome.verdict])
    if is_trial and outcome.verdict is Verdict.ADDED:
        words = say("would be added")
    name = f"{plain(outcome.alias)} " if outcome.alias else ""
    detail = in_words(outcome.detail)
    if outcome.problem is not None:
        detail = told_of_line(LineProblem.of(outcome.file, outcome.line, outcome.problem))
    why = say(": {detail}", detail=detail) if detail else ""
    return f"{outcome.file}:{outcome.line}: {name}{words}{why}"


def _tell_settings(path: Path) -> None:
    """Of a folder: what else is there and was not looked at."""
    if not path.is_dir() or path.resolve() == Path.cwd():
        return
    found = [str(path / name) for name in SETTINGS_NAMES if (path / name).is_file()]
    if found:
        print_result(
            say(
                "Settings were not imported ({files}). You can copy a .env to this folder as it"
                " is: `cursor-api check-config` shows how each line is read.",
                files=", ".join(found),
            )
        )
