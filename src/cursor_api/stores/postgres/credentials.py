"""Credentials in PostgreSQL, sealed, for all nodes at one database.

Rules of this file:
- A token leaves this process sealed or not at all. What is sealed is bound to the id of its row.
- A row that cannot be read is named, and left as it is by every change.
- A node that does not have a newer key yet goes on with what it has read of a row before.
- Whoever changes something locks the count of changes first: one at a time, from what is there.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec
import psycopg

from cursor_api.domain.credential import Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import StoreError, UnknownCredentialError
from cursor_api.domain.problems import Notice, NoticeCode
from cursor_api.files.sealing import KEY, Sealer, UnsealError
from cursor_api.options.said import tell
from cursor_api.ports.credential_rows import CredentialRow, Decide
from cursor_api.stores.postgres.keys import CALL_S, MIGRATE_S
from cursor_api.stores.postgres.link import Connection, Link, fetch_value
from cursor_api.stores.postgres.room import CREDENTIALS, LOOKS
from cursor_api.stores.postgres.tables import migrate

# Ten thousand rows take some ten seconds.
LONG_S: Final = 60.0
# As many credentials are named.
_NAMED_MAX: Final = 10

_COLUMNS: Final = "id, name, key_id, sealed, priority, weight, concurrent_max, is_enabled"
_LOAD: Final = f"SELECT {_COLUMNS} FROM cursor_api.credentials ORDER BY position"
_INSERT: Final = (
    f"INSERT INTO cursor_api.credentials ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
_REPLACE: Final = (
    f"UPDATE cursor_api.credentials SET ({_COLUMNS}) = ROW(%s, %s, %s, %s, %s, %s, %s, %s)"
    " WHERE id = %s"
)
_DELETE: Final = "DELETE FROM cursor_api.credentials WHERE id = %s"
_COUNT: Final = "SELECT changes_count FROM cursor_api.changes WHERE name = 'credentials'"
_CHANGED: Final = (
    "UPDATE cursor_api.changes SET changes_count = changes_count + 1 WHERE name = 'credentials'"
    " RETURNING changes_count"
)
_IS_MADE: Final = "SELECT to_regclass('cursor_api.credentials') IS NOT NULL"
_UNREAD: Final = "SELECT count(*), key_id FROM cursor_api.credentials GROUP BY key_id ORDER BY 2"
_T = TypeVar("_T")


class _Sealed(msgspec.Struct, frozen=True):
    """What is sealed of a row."""

    token: str
    binding: str


class _Kept(msgspec.Struct, frozen=True):
    """A row as it stands in the table."""

    id: str
    name: str | None
    key_id: str
    sealed: bytes
    priority: int
    weight: int
    concurrent_max: int | None
    is_enabled: bool

    @property
    def preferences(self) -> Preferences:
        return Preferences(self.priority, self.weight, self.concurrent_max, self.is_enabled)


class _Wrong(msgspec.Struct, frozen=True):
    """A row that cannot be read; `key_id` None: it was altered."""

    kept: _Kept
    key_id: str | None


class PostgresCredentials:
    """Implements `ports.CredentialRows` in the schema `cursor_api`."""

    def __init__(self, url: Secret, sealer: Sealer, call_s: float = CALL_S) -> None:
        self._link = Link(url, CREDENTIALS, call_s)
        self._sealer = sealer
        self._is_made = False
        self._seen: int | None = None
        # By id, what was read last, with what it was read from: most rows never change.
        self._opened: dict[str, tuple[_Kept, CredentialRow]] = {}
        self.warnings: tuple[Notice, ...] = ()

    def __repr__(self) -> str:
        return "PostgresCredentials()"

    async def close(self) -> None:
        """Let go of the connection; it is made again when it is needed again."""
        await self._link.close()

    async def load(self) -> Sequence[CredentialRow]:
        """See ports.CredentialRows. With a wrong key, nothing can be read: a StoreError."""
        # Where it fails, there is still something to see.
        self._seen = None
        count, kept = await self._run(_read)
        rows, wrong = await asyncio.to_thread(self._open, kept)
        strange = sorted({one.key_id for one in wrong if one.key_id})
        if strange and not rows:
            raise StoreError(
                tell(
                    "The credentials in the database are sealed with the key {key}, which {name}"
                    " does not have; put it there, behind the new one if there is one. Nothing was"
                    " changed.",
                    key=", ".join(strange),
                    name=KEY,
                )
            )
        self.warnings = tuple(_warn(wrong))
        self._seen = count
        return rows

    async def look(self) -> Sequence[CredentialRow]:
        """See ports.CredentialRows."""
        _, kept = await self._run(_read)
        rows, _ = await asyncio.to_thread(self._open, kept)
        return rows

    async def has_changed(self) -> bool:
        """See ports.CredentialRows."""
        count = await self._run(functools.partial(fetch_value, statement=_COUNT))
        return bool(count != self._seen)

    async def edit(self, decide: Decide, *, is_long: bool = False) -> Sequence[CredentialRow]:
        """See ports.CredentialRows."""
        errors: list[StoreError] = []
        decided: list[CredentialRow] = []

        async def change(connection: Connection) -> int:
            count: int = await fetch_value(connection, _CHANGED)
            _, kept = await _read(connection)
            rows, wrong = await asyncio.to_thread(self._open_whole, kept)
            try:
                decided[:] = await asyncio.to_thread(decide, rows)
                _require_free(decided, rows, wrong)
            except StoreError as error:
                # Nothing is wrong with the connection.
                errors.append(_explain(error, wrong))
                raise psycopg.Rollback from error
            await self._write(connection, rows, decided)
            return count

        count = await self._run(change, LONG_S if is_long else None)
        if errors:
            raise errors[0]
        # What others have changed before is still to be seen.
        if self._seen is not None and count == self._seen + 1:
            self._seen = count
        return decided

    async def reseal(self) -> int:
        """See ports.CredentialRows."""
        return await self._run(self._reseal, LONG_S)

    async def _reseal(self, connection: Connection) -> int:
        await fetch_value(connection, _CHANGED)
        _, kept = await _read(connection)
        rows, wrong = await asyncio.to_thread(self._open_whole, kept)
        if wrong:
            raise StoreError(next(_warn(wrong)))
        old = {one.id for one in kept if one.key_id != self._sealer.key_id}
        for row in rows:
            if row.id in old:
                values = self._values(row)
                await connection.execute(_REPLACE.encode(), (*values, row.id))
        return len(old)

    async def _write(
        self, connection: Connection, rows: Sequence[CredentialRow], new: Sequence[CredentialRow]
    ) -> None:
        old = {row.id: row for row in rows}
        for gone in old.keys() - {row.id for row in new}:
            await connection.execute(_DELETE.encode(), (gone,))
        for row in new:
            if row.id not in old:
                await connection.execute(_INSERT.encode(), self._values(row))
            elif row != old[row.id]:
                await connection.execute(_REPLACE.encode(), (*self._values(row), row.id))

    def _values(self, row: CredentialRow) -> tuple[Any, ...]:
        text = msgspec.json.encode(_Sealed(row.secret.reveal(), row.binding))
        wish = row.preferences
        return (
            *(row.id, row.name, self._sealer.key_id, self._sealer.seal(text, _context(row.id))),
            *(wish.priority, wish.weight, wish.concurrency_max, wish.is_enabled),
        )

    def _open(self, kept: Sequence[_Kept]) -> tuple[list[CredentialRow], list[_Wrong]]:
        rows: list[CredentialRow] = []
        wrong: list[_Wrong] = []
        read: dict[str, tuple[_Kept, CredentialRow]] = {}
        for one in kept:
            kept_before, row = self._opened.get(one.id, (None, None))
            if kept_before != one or row is None:
                try:
                    row, kept_before = self._open_one(one), one
                except UnsealError as error:
                    wrong.append(_Wrong(one, error.key_id))
                    if error.key_id is None or row is None or kept_before is None:
                        continue
            # Of one that cannot be read yet, still what it was read from before.
            read[one.id] = kept_before, row
            rows.append(row)
        self._opened = read
        return rows, wrong

    def _open_whole(self, kept: Sequence[_Kept]) -> tuple[list[CredentialRow], list[_Wrong]]:
        """As they are now: what was read before may not take the place of what is newer."""
        rows, wrong = self._open(kept)
        unread = {one.kept.id for one in wrong}
        return [row for row in rows if row.id not in unread], wrong

    def _open_one(self, one: _Kept) -> CredentialRow:
        data = self._sealer.open(one.key_id, one.sealed, _context(one.id))
        try:
            found = msgspec.json.decode(data, type=_Sealed)
        except msgspec.MsgspecError:
            raise UnsealError(None) from None
        return CredentialRow(one.id, one.name, Secret(found.token), found.binding, one.preferences)

    async def _run(
        self, call: Callable[[Connection], Awaitable[_T]], limit_s: float | None = None
    ) -> _T:
        if not self._is_made:
            await self._link.run(migrate, limit_s=MIGRATE_S)
            self._is_made = True
        return await self._link.run(call, limit_s)


async def find_unread(url: Secret) -> Sequence[Notice]:
    """What a process without a sealing key leaves unused there. Raises StoreError."""

    async def ask(connection: Connection) -> list[tuple[int, str]]:
        if not await fetch_value(connection, _IS_MADE):
            return []
        return [row async for row in await connection.execute(_UNREAD.encode())]

    link = Link(url, LOOKS, CALL_S)
    try:
        found = await link.run(ask)
    finally:
        await link.close()
    return [_warn_unread(*one) for one in found]


def _warn_unread(count: int, key: str) -> Notice:
    values = {"count": str(count), "key": key, "name": KEY}
    text = tell(
        "{count} credential(s) in the database are sealed with the key {key}, and {name} is not"
        " set: this node uses none of them, but its own token files. Set it, and start again.",
        **values,
    )
    return Notice(NoticeCode.ROW_NO_KEY, text, values)


def _context(row_id: str) -> str:
    return f"credential {row_id}"


def _require_free(
    new: Sequence[CredentialRow], old: Sequence[CredentialRow], wrong: Sequence[_Wrong]
) -> None:
    """Refuse the name of a row that cannot be read: it may be readable again one day."""
    taken = {one.kept.name for one in wrong} - {row.name for row in old} - {None}
    if any(row.name in taken for row in new):
        raise StoreError(tell("A credential in the database that cannot be read has this name."))


def _explain(error: StoreError, wrong: Sequence[_Wrong]) -> StoreError:
    """What is not among the rows that can be read may be among the others."""
    if not isinstance(error, UnknownCredentialError):
        return error
    unread = (one for one in _warn(wrong) if one.code is NoticeCode.ROW_OTHER_KEY)
    return next(map(StoreError, unread), error)


def _warn(wrong: Sequence[_Wrong]) -> Iterator[Notice]:
    """Of each altered row, which has to be found there; of a key once, as it may be that of all."""
    names: dict[str, list[str]] = {}
    for one in wrong:
        name = one.kept.name or "-"
        if one.key_id is not None:
            names.setdefault(one.key_id, []).append(name)
            continue
        values = {"name": name, "row": one.kept.id, "key": ""}
        text = (
            "The credential {name} (row {row} of cursor_api.credentials) was altered in the"
            " database and is not used; delete that row, and add the credential again."
        )
        yield Notice(NoticeCode.ROW_ALTERED, text.format(**values), values)
    for key, sealed in names.items():
        shown = ", ".join([*sealed[:_NAMED_MAX], *(["…"] if len(sealed) > _NAMED_MAX else [])])
        values = {"names": shown, "count": str(len(sealed)), "key": key}
        text = (
            "{count} credential(s) in the database ({names}) are sealed with the key {key},"
            f" which {KEY} does not have; put it there."
        )
        yield Notice(NoticeCode.ROW_OTHER_KEY, text.format(**values), values)


async def _read(connection: Connection) -> tuple[int, list[_Kept]]:
    """The count before the rows: whoever reads newer rows only reads once too often."""
    count = await fetch_value(connection, _COUNT)
    found = await connection.execute(_LOAD.encode())
    return count, [_Kept(*row) for row in await found.fetchall()]
