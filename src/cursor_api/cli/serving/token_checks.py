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
        yield as_problem(facts, variable, sealer.message.removesuffix("."))
        return
    names = Names(str(tokens), str(token_list))
    files = TokenFiles(names, _no_checksum, FileOptions(sealer=sealer))
    try:
        book = files.look()
    except StoreError as error:
        yield from _explain_tokens(facts, error)
        return
    for warning in files.warnings:
        yield as_warning(facts, "TOKEN_FILE", warning.text)
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
        advice = "" if ":" in line.problem else "; mend the line or delete it"
        finding = Finding("", f"{line.file}:{line.line}", f"{line.problem}{advice}")
        yield Found(finding, is_problem=True)
    if not error.problems:
        remedy = f" {give_rights('read').capitalize()}." if is_denied(error) else ""
        yield as_problem(facts, "TOKEN_FILE", f"{error.message}{remedy}")


def _check_devices(facts: Facts, book: Book, token_list: Path) -> Iterator[Found]:
    """A new token waits until its device can be stored; without any other nobody is left."""
    folder = Path(os.path.realpath(token_list)).parent
    if not book.lacking or (os.access(folder, os.W_OK | os.X_OK) and not is_full(folder)):
        return
    yield Found(
        facts.finding(
            "TOKEN_LIST_FILE",
            f"{len(book.lacking)} new token(s) cannot be served, because the checksum of each"
            f" cannot be stored in {folder}; make that folder writable, or write a line"
            f" `token,checksum` for each into {token_list}",
        ),
        is_problem=not book.credentials,
    )
