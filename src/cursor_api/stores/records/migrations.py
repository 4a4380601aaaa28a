"""Numbered SQL files that make the tables of a database what this program needs.

Rules of this file:
- Each file is applied once, in its order, and its hash is written down in the table `migrations`;
  a file that was changed afterwards, or a database that a newer version wrote, is refused.
- What a file does is done whole or not at all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from cursor_api.domain.errors import StoreError
from cursor_api.options.said import tell

_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


class Migration(NamedTuple):
    """One file; `digest` is the SHA-256 of its text."""

    number: int
    name: str
    text: str
    digest: str


def read_migrations(folder: Path) -> tuple[Migration, ...]:
    """The files `0001_….sql` and so on of a folder."""
    found = []
    for file in folder.iterdir():
        if match := _NAME.fullmatch(file.name):
            # With the same line ends on every system.
            text = file.read_text("utf-8").replace("\r\n", "\n")
            digest = hashlib.sha256(text.encode()).hexdigest()
            found.append(Migration(int(match[1]), file.name, text, digest))
    found.sort()
    if [one.number for one in found] != list(range(1, len(found) + 1)):
        raise RuntimeError(f"the migrations in {folder} are not numbered from 1 without a gap")
    return tuple(found)


def plan(
    done: Sequence[tuple[int, str]], known: Sequence[Migration], where: str
) -> Sequence[Migration]:
    """What is still to be applied, after what the ledger has (numbers and digests, in order).

    Raises StoreError for a database that does not fit this program; `where` names it.
    """
    if len(done) > len(known):
        raise StoreError(
            tell(
                "{where} was written by a newer version of this program (format {theirs}; this one"
                " knows {ours}). Use that version, or keep the requests elsewhere.",
                where=where,
                theirs=len(done),
                ours=len(known),
            )
        )
    for (number, digest), migration in zip(done, known, strict=False):
        if (number, digest) != (migration.number, migration.digest):
            raise StoreError(
                tell(
                    "{where} was made by another {name} than this program has: it belongs to a"
                    " version that was never released. Keep the requests elsewhere.",
                    where=where,
                    name=migration.name,
                )
            )
    return known[len(done) :]
