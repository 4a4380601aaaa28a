"""Credentials that nodes share in a database, under the same rules as those of the token files.

Rules of this file:
- A row is what a line of both files is: the rules are those of the `Book`, and its words.
- The database has nothing of a token that it could read, so it cannot keep two rows apart: a second
  one with the same token or name, which only a person at the database can make, serves nobody.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from cursor_api.domain.credential import (
    Credential,
    CredentialChange,
    FileTexts,
    Secret,
)
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import NoTextError
from cursor_api.domain.problems import Notice, NoticeCode
from cursor_api.options.said import tell
from cursor_api.ports.credential_rows import CredentialRow, CredentialRows, PreferenceStep, Taken
from cursor_api.upstreams.cursor.token_files.book import (
    Book,
    Names,
    NewChecksum,
    Reader,
    Texts,
    free_alias,
    require_match,
)
from cursor_api.upstreams.cursor.token_files.given import join
from cursor_api.upstreams.cursor.token_files.pair import FileOptions
from cursor_api.upstreams.cursor.token_files.paste import PasteReader
from cursor_api.upstreams.cursor.token_files.text import ACCOUNT

_NAMES: Final = Names("database", "database")
Rows = Sequence[CredentialRow]
_Decide = Callable[[Book, Rows], Rows]


class RowCredentialStore(PasteReader):
    """Implements `ports.CredentialFiles`, whose texts it refuses, and `ports.SharedCredentials`.

    `token_file` is where credentials may be that were never copied.
    """

    def __init__(
        self,
        rows: CredentialRows,
        token_file: Path,
        new_checksum: NewChecksum,
        options: FileOptions | None = None,
    ) -> None:
        options = options or FileOptions()
        self._rows = rows
        self._token_file = token_file
        self._new_checksum = new_checksum
        self._given = options.given
        self._reader = Reader(_NAMES, options.text, options.forms)
        self._preferences: dict[Secret, Preferences] = {}
        self._doubles: tuple[Notice, ...] = ()
        self._is_empty = False

    def __repr__(self) -> str:
        return f"RowCredentialStore({self._rows!r})"

    @property
    def warnings(self) -> Sequence[Notice]:
        """Rows that cannot be used, and files that were not copied."""
        return (*self._rows.warnings, *self._doubles, *self._find_files())

    @property
    def preferences(self) -> Mapping[Secret, Preferences]:
        """See ports.SharedCredentials."""
        return self._preferences

    @property
    def given(self) -> Sequence[Credential]:
        """See ports.SharedCredentials."""
        return self._given

    async def load(self) -> Sequence[Credential]:
        """All credentials in the order in which they were added, then the given ones."""
        rows, doubles = _tell_apart(await self._rows.load())
        self._preferences = {row.secret: row.preferences for row in rows}
        self._doubles = tuple(map(_warn, doubles))
        self._is_empty = not rows
        book = await asyncio.to_thread(self._read, rows)
        return join(book.credentials, self._given)

    async def has_changed(self) -> bool:
        """Whether another node has changed something."""
        return await self._rows.has_changed()

    async def add(
        self, text: str, *, binding: str | None = None, if_match: str | None = None
    ) -> Sequence[Credential]:
        """Append one or more tokens, spelled as in a token file; gives them."""
        added: list[str] = []

        def decide(book: Book, rows: Rows) -> Rows:
            require_match(book, if_match)
            changed, added[:] = self._reader.add(book, text, binding)
            return self._rows_of(changed, rows)

        return await self._pick(await self._edit(decide), added)

    async def check(self, text: str, *, binding: str | None = None) -> None:
        """Whether `add` would take this now: raises what it would raise."""
        rows, _ = _tell_apart(await self._rows.look())
        book = await asyncio.to_thread(self._read, rows)
        self._reader.add(book, text, binding)

    async def remove(self, alias: str, *, if_match: str | None = None) -> None:
        """Delete a credential's row. Raises UnknownCredentialError."""

        def decide(book: Book, rows: Rows) -> Rows:
            require_match(book, if_match)
            gone = Secret(book.get_bearer(alias))
            return [row for row in rows if row.secret != gone]

        await self._edit(decide)

    async def update(
        self, alias: str, change: CredentialChange, *, if_match: str | None = None
    ) -> Credential:
        """Rewrite a credential; gives what it is now. Raises UnknownCredentialError."""
        bearers: list[str] = []

        def decide(book: Book, rows: Rows) -> Rows:
            require_match(book, if_match)
            old = Secret(book.get_bearer(alias))
            changed, bearer = self._reader.change(book, alias, change)
            bearers[:] = [bearer]
            renewed = [
                replace(row, secret=Secret(bearer)) if row.secret == old else row for row in rows
            ]
            return self._rows_of(changed, renewed)

        return (await self._pick(await self._edit(decide), bearers))[0]

    async def prefer(self, alias: str, change: PreferenceStep) -> Preferences:
        """See ports.SharedCredentials."""
        meant: list[Secret] = []

        def decide(book: Book, rows: Rows) -> Rows:
            meant[:] = [Secret(book.get_bearer(alias))]
            return [
                replace(row, preferences=change(row.preferences)) if row.secret == meant[0] else row
                for row in rows
            ]

        rows = await self._edit(decide)
        found = next(row.preferences for row in rows if row.secret == meant[0])
        self._preferences[meant[0]] = found
        return found

    async def take_over(self, given: Sequence[tuple[Credential, Preferences]]) -> Taken:
        """See ports.SharedCredentials."""
        added: list[str] = []
        known: list[str] = []

        def decide(book: Book, rows: Rows) -> Rows:
            there = {row.secret for row in rows}
            taken = {one.alias for one in book.credentials}
            new = []
            for one, preferences in given:
                if one.secret in there:
                    known.append(one.alias)
                    continue
                alias = free_alias(one.alias, one.secret.reveal(), taken)
                taken.add(alias)
                added.append(alias)
                new.append(CredentialRow(_new_id(), alias, one.secret, one.binding, preferences))
            return [*rows, *new]

        await self._edit(decide, is_long=True)
        return Taken(tuple(added), tuple(known))

    async def reseal(self) -> int:
        """See ports.CredentialRows."""
        return await self._rows.reseal()

    async def close(self) -> None:
        """Let go of the connection."""
        await self._rows.close()

    async def read_text(self) -> FileTexts:
        """Raises NoTextError."""
        raise _no_text()

    async def replace_text(
        self, tokens: str, token_list: str | None = None, *, if_match: str | None = None
    ) -> FileTexts:
        """Raises NoTextError."""
        del tokens, token_list, if_match
        raise _no_text()

    async def _edit(self, decide: _Decide, *, is_long: bool = False) -> Rows:
        """What there is then."""
        made: list[CredentialRow] = []

        def change(rows: Rows) -> Rows:
            right, doubles = _tell_apart(rows)
            made[:] = decide(self._read(right), right)
            return [*made, *doubles]

        await self._rows.edit(change, is_long=is_long)
        return made

    async def _pick(self, rows: Rows, bearers: Sequence[str]) -> list[Credential]:
        book = await asyncio.to_thread(self._read, rows)
        return [one for one in book.credentials if one.secret.reveal() in bearers]

    def _read(self, rows: Rows) -> Book:
        tokens = "".join(
            f"{row.name}::{row.secret.reveal()}\n" if row.name else f"{row.secret.reveal()}\n"
            for row in rows
        )
        listed = "".join(f"{row.secret.reveal()},{row.binding}\n" for row in rows if row.binding)
        return self._reader.read(Texts(tokens.encode(), listed.encode()))

    def _rows_of(self, book: Book, rows: Rows) -> Rows:
        """The rows that say the same as a book, which may lack devices."""
        book = self._reader.complete(book, self._new_checksum)
        known = {row.secret.reveal(): row for row in rows}
        bindings = {entry.bearer: entry.checksum for entry in book.listed}
        return [
            replace(
                known.get(entry.bearer) or CredentialRow(_new_id(), None, Secret(entry.bearer)),
                name=entry.alias,
                binding=bindings.get(entry.bearer, ""),
            )
            for entry in book.tokens
        ]

    def _find_files(self) -> Iterator[Notice]:
        path = self._token_file
        if self._is_empty and _holds_something(path):
            text = (
                f"The database has no credentials, and {path} has some: `cursor-api token copy`"
                " copies them."
            )
            yield Notice(NoticeCode.NOT_COPIED, text, {"path": str(path)})


def _tell_apart(rows: Rows) -> tuple[Rows, Rows]:
    """Those that can serve, and those that say again what another one has said."""
    right: list[CredentialRow] = []
    doubles: list[CredentialRow] = []
    secrets: set[Secret] = set()
    names: set[str] = set()
    for row in rows:
        # Two tokens may be of one account.
        is_named = row.name is not None and not row.name.lower().startswith(ACCOUNT)
        is_double = row.secret in secrets or (is_named and row.name in names)
        (doubles if is_double else right).append(row)
        secrets.add(row.secret)
        names.add(row.name or "")
    return right, doubles


def _warn(double: CredentialRow) -> Notice:
    values = {"name": double.name or "-", "row": double.id}
    text = (
        f"The credential {values['name']} (row {double.id} of cursor_api.credentials) has the token"
        " or the name of another one and is not used; delete that row."
    )
    return Notice(NoticeCode.ROW_DOUBLE, text, values)


def _holds_something(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        # What cannot be looked at cannot be copied either, and `token copy` says why.
        return False


def _new_id() -> str:
    return uuid.uuid4().hex


def _no_text() -> NoTextError:
    return NoTextError(
        tell(
            "The credentials are in the database (DATABASE_URL), and the token files are not used."
            " Add, change and remove credentials in the console, over /api/credentials, or with"
            " `cursor-api token`."
        )
    )
