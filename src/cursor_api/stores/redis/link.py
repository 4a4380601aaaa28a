"""One connection to Redis or Valkey with many callers on it, made again when it is lost.

Rules of this file:
- Commands go out in the order in which they were asked for, all of one turn of the loop together;
  answers come back in the same order.
- Nobody waits for long: whoever is not answered in time is told so, with all who wait behind, and
  the connection is given up. While there is none, nobody waits at all; it is tried each second.
- A command that nobody heard of may have been carried out: each of them may come twice.
- An outage is told once when it begins and once when it is over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from msgspec import Struct
from redis import exceptions
from redis.asyncio.connection import AbstractConnection

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreAwayError, StoreError
from cursor_api.options.said import tell
from cursor_api.ports.process import Observer
from cursor_api.stores.redis.scripts import Script
from cursor_api.stores.redis.server import connect, explain, make_pool

# An answer takes some tenths of a millisecond; whoever has to be told that there is none does not
# want to wait for it.
ANSWER_S: Final = 0.25
LOOK_AGAIN_S: Final = 0.01
RETRY_S: Final = 1.0
# What is on its way when a gateway ends.
CLOSE_S: Final = 0.25


class Packed(NamedTuple):
    """Arguments that many commands have in common, as they travel."""

    words_count: int
    text: str


Argument = str | int | Packed
Done = Callable[[Any], None]


class LinkWords(Struct, frozen=True):
    """What the operator is told."""

    away: str
    back: str


class _Asked(Struct, frozen=True):
    """A command on its way. `done` gets the answer, or the error that there is in its place."""

    script: Script
    arguments: tuple[Argument, ...]
    done: Done
    at: float


class _Open(NamedTuple):
    """A connection in use, until there is trouble with it."""

    connection: AbstractConnection
    trouble: asyncio.Future[StoreError]


class RedisLink:
    """The connection, as long as the context lasts.

    Entering raises StoreError where only a person can help; a server that is away is told.
    What is in `on_up` is called when there is a connection, before other commands are taken.
    """

    def __init__(
        self, url: Secret, scripts: Sequence[Script], words: LinkWords, observer: Observer
    ) -> None:
        self._pool = make_pool(url)
        self._scripts = scripts
        self._words = words
        self._observer = observer
        self.on_up: list[Callable[[], None]] = []
        # The server's run: another one each time that it starts.
        self.run = ""
        self._open: _Open | None = None
        self._is_told = False
        self._warned = ""
        self._waiting: deque[_Asked] = deque()
        self._unsent: list[bytes] = []
        self._wake = asyncio.Event()
        self._quiet = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._overdue: _Asked | None = None
        self._serving: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"RedisLink(is_up={self.is_up}, waiting={len(self._waiting)})"

    @property
    def is_up(self) -> bool:
        """Whether a command is taken now."""
        return self._open is not None and not self._open.trouble.done()

    async def __aenter__(self) -> Self:
        try:
            self._begin(await self._connect())
        except StoreAwayError as error:
            self._tell_away(error)
        self._serving = asyncio.create_task(self._serve())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                if self.is_up and self._waiting:
                    await self._quiet.wait()
        serving, self._serving = self._serving, None
        if serving is not None:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving

    async def call(self, script: Script, keys: Sequence[str], *arguments: Argument) -> Any:
        """What the script answers. Raises StoreAwayError, at once where there is no connection."""
        return await self.ask(script, (len(keys), *keys, *arguments))

    async def ask(self, script: Script, arguments: tuple[Argument, ...]) -> Any:
        """The same; `arguments` begin with the number of keys."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def done(reply: Any) -> None:
            if answer.done():
                return
            if isinstance(reply, Exception):
                answer.set_exception(reply)
            else:
                answer.set_result(reply)

        self.send(script, arguments, done)
        return await answer

    def send(self, script: Script, arguments: tuple[Argument, ...], done: Done) -> None:
        """The same without a wait."""
        if not self.is_up:
            raise StoreAwayError(f"{self._words.away}.")
        loop = asyncio.get_running_loop()
        self._ask(_Asked(script, arguments, done, loop.time()), "EVALSHA", script.sha)
        if self._timer is None:
            self._timer = loop.call_later(ANSWER_S, self._look_at_time)

    def _ask(self, asked: _Asked, verb: str, named: str) -> None:
        if self._open is not None:
            self._waiting.append(asked)
            self._unsent.append(pack((verb, named, *asked.arguments)))
            self._quiet.clear()
            self._wake.set()

    # --- The connection.

    async def _serve(self) -> None:
        while True:
            if self._open is None:
                await self._try_again()
                continue
            try:
                trouble = await self._use(self._open)
            finally:
                await self._end(self._open.connection)
            self._fail_all(trouble)
            self._tell_away(trouble)

    async def _try_again(self) -> None:
        try:
            self._begin(await self._connect())
        except StoreError as error:
            self._tell_away(error)
            await asyncio.sleep(RETRY_S)

    async def _connect(self) -> AbstractConnection:
        connection, met = await connect(self._pool, self._scripts)
        self.run = met.run
        if met.warning and met.warning != self._warned:
            self._observer.warn(met.warning)
        self._warned = met.warning
        return connection

    def _begin(self, connection: AbstractConnection) -> None:
        self._open = _Open(connection, asyncio.get_running_loop().create_future())
        if self._is_told:
            self._is_told = False
            self._observer.notice(self._words.back)
        for call in self.on_up:
            call()

    async def _use(self, opened: _Open) -> StoreError:
        """Send and read until there is trouble: gives what it is."""
        connection, trouble = opened
        tasks = [
            asyncio.create_task(self._send_on(connection)),
            asyncio.create_task(self._read_on(connection)),
        ]
        try:
            everything: list[asyncio.Future[Any]] = [trouble, *tasks]
            await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        if trouble.done():
            return trouble.result()
        for end in ends:
            if isinstance(end, (exceptions.RedisError, OSError)):
                return explain(end)
            if isinstance(end, Exception):
                self._observer.warn("a fault in the use of Redis", exc_info=end)
        return StoreAwayError(tell("The connection to Redis has ended."))

    async def _end(self, connection: AbstractConnection) -> None:
        self._open = None
        self._unsent.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await connection.disconnect(nowait=True)

    async def _send_on(self, connection: AbstractConnection) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            unsent, self._unsent = self._unsent, []
            await connection.send_packed_command([b"".join(unsent)], check_health=False)

    async def _read_on(self, connection: AbstractConnection) -> None:
        while True:
            try:
                reply = await connection.read_response(disconnect_on_error=False)
            except exceptions.NoScriptError:
                # Somebody has had the server forget its scripts.
                asked = self._waiting.popleft()
                self._ask(asked, "EVAL", asked.script.text)
                continue
            except exceptions.ResponseError as error:
                self._refused(self._waiting.popleft(), error)
                continue
            self._waiting.popleft().done(reply)
            if not self._waiting:
                self._quiet.set()

    def _refused(self, asked: _Asked, error: exceptions.ResponseError) -> None:
        """The server says no: to this script, which is a bug of ours, or to all of them."""
        explained = explain(error)
        # What takes no writes for now says so in the middle of a script, too.
        is_away = isinstance(explained, StoreAwayError)
        is_of_script = type(error) is exceptions.ResponseError and "user_script" in str(error)
        if is_of_script and not is_away:
            asked.done(RuntimeError(f"the script {asked.script.name} failed: {error}"))
            return
        trouble = StoreAwayError(explained.said)
        asked.done(trouble)
        self._give_up(trouble)

    def _look_at_time(self) -> None:
        """Give up where the oldest command waits for too long."""
        self._timer = None
        if not self._waiting:
            return
        loop, oldest = asyncio.get_running_loop(), self._waiting[0]
        left_s = oldest.at + ANSWER_S - loop.time()
        if left_s > 0:
            self._timer = loop.call_later(left_s, self._look_at_time)
        elif self._overdue is not oldest:
            # Where this process itself had no time, the answer may be here already.
            self._overdue = oldest
            self._timer = loop.call_later(LOOK_AGAIN_S, self._look_at_time)
        else:
            self._give_up(
                StoreAwayError(
                    tell("Redis has given no answer within {limit_s} s.", limit_s=f"{ANSWER_S:g}")
                )
            )

    def _give_up(self, trouble: StoreError) -> None:
        if self._open is not None and not self._open.trouble.done():
            self._open.trouble.set_result(trouble)
            self._fail_all(trouble)

    def _fail_all(self, trouble: StoreError) -> None:
        waiting, self._waiting = self._waiting, deque()
        for asked in waiting:
            asked.done(StoreAwayError(trouble.said))

    def _tell_away(self, error: StoreError) -> None:
        if not self._is_told:
            self._is_told = True
            self._observer.warn(self._words.away, detail=error.message)


def pack(words: Sequence[Argument]) -> bytes:
    """A command as it travels; redis-py's own takes five times as long."""
    count, text = _join(words)
    return f"*{count}\r\n{text}".encode()


def pack_part(*words: str | int) -> Packed:
    """The same of some arguments; what most commands have in common is packed once."""
    return _join(words)


def _join(words: Sequence[Argument]) -> Packed:
    count, parts = 0, []
    for word in words:
        if type(word) is Packed:
            count += word.words_count
            parts.append(word.text)
            continue
        text = word if type(word) is str else str(word)
        # The server counts bytes.
        length = len(text) if text.isascii() else len(text.encode())
        parts.append(f"${length}\r\n{text}\r\n")
        count += 1
    return Packed(count, "".join(parts))
