"""What the server has to hear, whenever it is there."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Hashable
from typing import Any, Generic, TypeVar

from msgspec import Struct

from cursor_api.domain.errors import StoreAwayError
from cursor_api.stores.redis.link import Argument, RedisLink
from cursor_api.stores.redis.scripts import Script

_Name = TypeVar("_Name", bound=Hashable)


class _Told(Struct, frozen=True):
    """`at` is by the monotonic clock."""

    script: Script
    arguments: tuple[Argument, ...]
    at: float


class Outbox(Generic[_Name]):
    """Says things by their names until the server has heard them: the last of each name only.

    Of more than `count_max` the oldest are dropped. `arguments` are RedisLink's; the script gets
    one more, for how many ms it has waited.
    """

    def __init__(self, link: RedisLink, count_max: float = math.inf) -> None:
        self._link = link
        self._count_max = count_max
        self._untold: dict[_Name, _Told] = {}
        link.on_up.append(self._tell_all)

    def __len__(self) -> int:
        return len(self._untold)

    def __contains__(self, name: object) -> bool:
        return name in self._untold

    def tell(self, name: _Name, script: Script, arguments: tuple[Argument, ...]) -> None:
        """Say it now, or when the server is there again; what had this name is said no more."""
        if name not in self._untold and len(self._untold) >= self._count_max:
            del self._untold[next(iter(self._untold))]
        told = self._untold[name] = _Told(script, arguments, time.monotonic())
        if self._link.is_up:
            self._say(name, told)

    def _tell_all(self) -> None:
        for name, told in list(self._untold.items()):
            self._say(name, told)

    def _say(self, name: _Name, told: _Told) -> None:
        waited_ms = round((time.monotonic() - told.at) * 1000)
        arguments = (*told.arguments, waited_ms)
        self._link.send(told.script, arguments, functools.partial(self._hear, name, told))

    def _hear(self, name: _Name, told: _Told, reply: Any) -> None:
        if not isinstance(reply, StoreAwayError) and self._untold.get(name) is told:
            del self._untold[name]
