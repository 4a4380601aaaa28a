"""All that nodes share in one Redis or Valkey, over one connection, and another one to listen."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

from cursor_api.domain.credential import Secret
from cursor_api.ports.process import Observer
from cursor_api.stores.memory_limits import LEASE_S
from cursor_api.stores.redis.facts import FACT_SCRIPTS, RedisFacts
from cursor_api.stores.redis.limits import LIMIT_SCRIPTS, RedisLimitStore
from cursor_api.stores.redis.link import LinkWords, RedisLink

WORDS: Final = LinkWords(
    "what nodes share (REDIS_URL) is away; LIMITS_WHEN_DOWN says what becomes of limited keys",
    "what nodes share (REDIS_URL) is back",
)


class RedisShared:
    """Implements `ports.Shared`, as long as the context lasts."""

    def __init__(self, url: Secret, observer: Observer, lease_s: float = LEASE_S) -> None:
        self._link = RedisLink(url, (*LIMIT_SCRIPTS, *FACT_SCRIPTS), WORDS, observer)
        self._stack = AsyncExitStack()
        self.limits = RedisLimitStore(self._link, lease_s)
        self.facts = RedisFacts(self._link, url, observer)

    def __repr__(self) -> str:
        return f"RedisShared({self._link!r}, {self.limits!r}, {self.facts!r})"

    @property
    def is_up(self) -> bool:
        """See ports.Shared."""
        return self._link.is_up

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._link)
        await self._stack.enter_async_context(self.facts)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()
