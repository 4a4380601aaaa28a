"""One connection to PostgreSQL, which is made when it is needed and again when it is lost.

Rules of this file:
- Nothing waits for ever: a server that is stopped or far away is given up after its time, and the
  connection with it. Whoever has waited meanwhile for a turn does not wait as long once more.
- Whatever fails is a StoreError; StoreAwayError where a later try is worth it, which is nearly
  always. Names and passwords of the address are not told.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import re
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import psycopg

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreAwayError, StoreError
from cursor_api.options.said import tell

CONNECT_S: Final = 5
# How long a server that has been given up may take to let go.
LET_GO_S: Final = 1.0
# What the server says where nothing but a person helps: classes of SQLSTATE, and words of what
# comes before there is one.
_FINAL_CLASSES: Final = ("28", "3D", "3F", "42")
_FINAL_WORDS: Final = re.compile(
    r"authentication failed|does not exist|no pg_hba\.conf entry|permission denied"
    r"|invalid (?:URI|connection option|sslmode|port)|server does not support SSL"
)
_T = TypeVar("_T")
Connection = psycopg.AsyncConnection[Any]


class Link:
    """One connection. `name` is what the server shows of it."""

    def __init__(self, url: Secret, name: str, limit_s: float) -> None:
        self._url = url
        self._name = name
        self._limit_s = limit_s
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        # The last call, which may be over.
        self._running: asyncio.Future[Any] | None = None
        # The last call that was given up, and when.
        self._hang: StoreAwayError | None = None
        self._hung_at = -math.inf

    async def run(
        self, call: Callable[[Connection], Awaitable[_T]], limit_s: float | None = None
    ) -> _T:
        """What the call gives, in a transaction of its own; one call at a time."""
        limit_s = limit_s or self._limit_s
        came_at = time.monotonic()
        async with self._turn:
            if self._hang is not None and came_at < self._hung_at:
                raise StoreAwayError(self._hang.said)
            running = asyncio.ensure_future(self._run(call))
            self._running = running
            try:
                done, _ = await asyncio.wait([running], timeout=limit_s)
            except asyncio.CancelledError:
                # The database goes on with it; who comes next shall not wait for that.
                await self._give_up(running)
                raise
            if not done:
                await self._give_up(running)
                raise self._note_hang(
                    StoreAwayError(
                        tell(
                            "The database has given no answer within {limit_s} s.",
                            limit_s=f"{limit_s:g}",
                        )
                    )
                )
            try:
                return running.result()
            except (psycopg.DataError, psycopg.IntegrityError):
                # A bug of ours: what the database cannot take now it never takes.
                await self._drop()
                raise
            except psycopg.errors.ConnectionTimeout as error:
                raise self._note_hang(StoreAwayError(explain(error).said)) from error
            except psycopg.Error as error:
                await self._drop()
                raise explain(error) from error
            except BaseException:
                await self._drop()
                raise

    def _note_hang(self, error: StoreAwayError) -> StoreAwayError:
        self._hang, self._hung_at = error, time.monotonic()
        return error

    async def close(self) -> None:
        """Let go of it, whatever it is asked; the next call makes it again."""
        if self._running is not None and not self._running.done():
            await self._give_up(self._running)
        async with self._turn:
            await self._drop()

    async def _run(self, call: Callable[[Connection], Awaitable[_T]]) -> _T:
        async with contextlib.AsyncExitStack() as stack:
            return await call(await self._begin(stack))

    async def _begin(self, stack: contextlib.AsyncExitStack) -> Connection:
        """A connection in a transaction that ends with the stack."""
        connection = self._connection
        if connection is not None:
            try:
                await stack.enter_async_context(connection.transaction())
            except psycopg.OperationalError:
                if self._connection is not connection:
                    raise  # it was given up
                # Closed since it was used; nothing was asked yet, and a new one will do.
                await self._drop()
            else:
                return connection
        self._connection = connection = await psycopg.AsyncConnection.connect(
            self._url.reveal(),
            connect_timeout=CONNECT_S,
            application_name=self._name,
            # A proxy that hands connections round knows no statements that were prepared.
            prepare_threshold=None,
        )
        await stack.enter_async_context(connection.transaction())
        return connection

    async def _give_up(self, running: asyncio.Future[Any]) -> None:
        """End a call that hangs: its socket says that the server is gone."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.closed:
            with (
                contextlib.suppress(OSError),
                socket.socket(fileno=os.dup(connection.fileno())) as one,
            ):
                one.shutdown(socket.SHUT_RDWR)
        else:
            running.cancel()
        await asyncio.wait([running], timeout=LET_GO_S)
        if running.done():
            if not running.cancelled():
                running.exception()
            # It may have had its answer just before.
            await _close(connection)

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        await _close(connection)


async def _close(connection: Connection | None) -> None:
    if connection is not None:
        with contextlib.suppress(psycopg.Error):
            await connection.close()


async def fetch_value(connection: Connection, statement: str, *values: object) -> Any:
    """The first column of the first row; None where there is none."""
    found = await (await connection.execute(statement.encode(), values)).fetchone()
    return found[0] if found else None


def explain(error: psycopg.Error) -> StoreError:
    """What went wrong, in the server's own words on one line."""
    words = " ".join(str(error).split()) or type(error).__name__
    is_final = (error.sqlstate or "").startswith(_FINAL_CLASSES) or bool(_FINAL_WORDS.search(words))
    kind = StoreError if is_final else StoreAwayError
    return kind(
        tell("The database (DATABASE_URL) cannot be used: {reason}.", reason=words.rstrip("?."))
    )
