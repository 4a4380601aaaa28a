"""What the token files say before the start: the key that seals them, each line, each device."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from cursor_api.cli.serving.found import (
    Found,
    as_problem,
    as_warning,
    give_rights,
    is_denied,
    is_full,
)
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.telling import told, told_of_line, told_shortly
from cursor_api.cli.tokens.unusual import describe_unusual
from cursor_api.domain.errors import StoreError
from cursor_api.files.sealing import KEY, KEY_FILE, Sealer, make_sealer
from cursor_api.installed import Book, FileOptions, Names, TokenFiles
from cursor_api.options.rules import Facts, Finding
from cursor_api.options.said import tell


def check_tokens(facts: Facts) -> Iterator[Found]:
    """What is wrong with the token files, their key included."""
    tokens, token_list = facts.find("TOKEN_FILE"), facts.find("TOKEN_LIST_FILE")
    if tokens is None or token_list is None or KEY not in facts.values:
        return
    sealer = _find_sealer(facts)
    if isinstance(sealer, StoreError):
        variable = KEY_FILE if facts.find(KEY_FILE) else KEY
        yield as_problem(facts, variable, told_shortly(sealer).rstrip(".。"))
        return
    if sealer is not None and facts.find("DATABASE_URL") is not None:
        return  # that is where they are
    names = Names(str(tokens), str(token_list))
    files = TokenFiles(names, _no_checksum, FileOptions(sealer=sealer))
    try:
        book = files.look()
    except StoreError as error:
        yield from _explain_tokens(facts, error)
        return
    for warning in files.warnings:
        yield as_warning(facts, "TOKEN_FILE", told(warning))
    unusual = describe_unusual((entry.line, entry.bearer) for entry in book.tokens)
    if unusual:
        yield as_warning(
            facts, "TOKEN_FILE", tell("{unusual}; is it the right text?", unusual=unusual)
        )
    yield from _check_devices(facts, book, token_list)


def _find_sealer(facts: Facts) -> Sealer | StoreError | None:
    try:
        return make_sealer(facts.find(KEY) or (), facts.find(KEY_FILE))
    except StoreError as error:
        return error


def _no_checksum() -> str:
    raise RuntimeError("a look gives nobody a device")


def _explain_tokens(facts: Facts, error: StoreError) -> Iterator[Found]:
    for line in error.problems:
        # Those with a colon say more than what is wrong.
        words = told_of_line(line)
        if ":" not in line.problem:
            words = say("{problem}; mend the line or delete it", problem=words)
        yield Found(Finding("", f"{line.file}:{line.line}", words), is_problem=True)
    if not error.problems:
        message = told_shortly(error)
        if is_denied(error):
            message = tell(
                "{error}; {remedy}", error=message.rstrip(".。"), remedy=give_rights("read")
            )
        yield as_problem(facts, "TOKEN_FILE", message)


def _check_devices(facts: Facts, book: Book, token_list: Path) -> Iterator[Found]:
    """A new token waits until its device can be stored; without any other nobody is left."""
    folder = Path(os.path.realpath(token_list)).parent
    if not book.lacking or (os.access(folder, os.W_OK | os.X_OK) and not is_full(folder)):
        return
    yield Found(
        facts.finding(
            "TOKEN_LIST_FILE",
            tell(
                "{count} new token(s) cannot be served, because the checksum of each cannot be"
                " stored in {folder}; make that folder writable, or write a line `token,checksum`"
                " for each into {path}",
                count=len(book.lacking),
                folder=folder,
                path=token_list,
            ),
        ),
        is_problem=not book.credentials,
    )
