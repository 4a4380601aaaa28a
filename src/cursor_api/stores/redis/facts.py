"""What nodes tell each other, over one stream.

Rules of this file:
- What holds is kept in a hash beside the stream, for those who come later or have missed something:
  after every break of the connection all of it is read again.
- Times are the server's: a fact is as old as the server says.
- What could not be told is told when the server is there again, the last of each name only.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

from redis import exceptions
from redis.asyncio.connection import AbstractConnection

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreAwayError, StoreError
from cursor_api.ports.facts import Fact, FactListener
from cursor_api.ports.process import Observer
from cursor_api.stores.redis.link import RETRY_S, RedisLink
from cursor_api.stores.redis.outbox import Outbox
from cursor_api.stores.redis.scripts import read_script
from cursor_api.stores.redis.server import NO_REDIS, connect, make_pool

KEYS: Final = ("ca:facts", "ca:ev")
# The server answers at least this often, so that a dead connection is noticed.
BLOCK_S: Final = 5.0
SILENCE_S: Final = 2.0
READ_COUNT: Final = 1000

_TELL: Final = read_script("tell", begin="")
_FACTS: Final = read_script("facts", begin="")
FACT_SCRIPTS: Final = (_TELL, _FACTS)


class RedisFacts:
    """Implements `ports.FactChannel` over a link that has FACT_SCRIPTS, and listens on its own."""

    def __init__(self, link: RedisLink, url: Secret, observer: Observer) -> None:
        self._link = link
        self._pool = make_pool(url)
        self._observer = observer
        self.node = os.urandom(8).hex()
        self._listeners: list[FactListener] = []
        self._listening: asyncio.Task[None] | None = None
        self._untold: Outbox[str] = Outbox(link)
        self._is_warned = False

    def __repr__(self) -> str:
        return f"RedisFacts(untold={len(self._untold)})"

    @property
    def is_up(self) -> bool:
        """See ports.FactChannel."""
        return self._link.is_up

    def listen(self, listener: FactListener) -> None:
        """See ports.FactChannel."""
        self._listeners.append(listener)

    async def __aenter__(self) -> Self:
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening

    def tell(self, fact: Fact, kept_s: float) -> None:
        """See ports.FactChannel."""
        kept_ms = round(kept_s * 1000)
        told = (len(KEYS), *KEYS, self.node, fact.name, fact.state.decode(), kept_ms)
        self._untold.tell(fact.name, _TELL, told)

    # --- Listening.

    async def _listen(self) -> None:
        while True:
            try:
                connection, _ = await connect(self._pool, FACT_SCRIPTS)
                try:
                    await self._read_on(connection)
                finally:
                    await connection.disconnect(nowait=True)
            except StoreAwayError:
                # The link tells it.
                pass
            except (StoreError, exceptions.ResponseError, *NO_REDIS) as error:
                self._warn(error)
            except (exceptions.RedisError, OSError, TimeoutError):
                pass
            await asyncio.sleep(RETRY_S)

    async def _read_on(self, connection: AbstractConnection) -> None:
        last = await self._read_all(connection)
        while True:
            reply = await _ask(
                connection,
                *("XREAD", "BLOCK", round(BLOCK_S * 1000), "COUNT", READ_COUNT),
                *("STREAMS", KEYS[1], last),
            )
            for _, events in reply or ():
                for last_, (node, name, state) in map(_event, events):
                    last = last_
                    if node != self.node:
                        self._hear(Fact(name, state))

    async def _read_all(self, connection: AbstractConnection) -> str:
        """What holds; gives the last event that is in it."""
        command = ("EVALSHA", _FACTS.sha, len(KEYS), *KEYS)
        now_ms, last, *entries = await _ask(connection, *command)
        facts = []
        for name, at_ms, state in zip(entries[::3], entries[1::3], entries[2::3], strict=True):
            known = name.decode()
            # What is told here and was not heard there yet is newer.
            if known not in self._untold:
                age_s = max(0, int(now_ms) - int(at_ms)) / 1000
                facts.append(Fact(known, state, age_s))
        for listener in self._listeners:
            listener.begin(facts)
        self._is_warned = False
        return str(last.decode())

    def _hear(self, fact: Fact) -> None:
        for listener in self._listeners if fact.name not in self._untold else ():
            listener.hear(fact)

    def _warn(self, error: Exception) -> None:
        if not self._is_warned:
            self._is_warned = True
            self._observer.warn("what other nodes tell cannot be heard", detail=str(error))


async def _ask(connection: AbstractConnection, *command: str | int) -> Any:
    async with asyncio.timeout(BLOCK_S + SILENCE_S):
        await connection.send_command(*command, check_health=False)
        return await connection.read_response(timeout=math.inf)


def _event(event: Sequence[Any]) -> tuple[str, tuple[str, str, bytes]]:
    """Its id, and who tells what of which name."""
    event_id, fields = event
    values = dict(zip(fields[::2], fields[1::2], strict=True))
    told = (values[b"node"].decode(), values[b"name"].decode(), values[b"state"])
    return event_id.decode(), told
