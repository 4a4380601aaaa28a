"""What the server has to hear, whenever it is there."""

from __future__ import annotations

import functools
import math
from collections.abc import Hashable
from typing import Any, Generic, TypeVar

from msgspec import Struct

from cursor_api.domain.errors import StoreAwayError
from cursor_api.stores.redis.link import Argument, RedisLink
from cursor_api.stores.redis.scripts import Script

_Name = TypeVar("_Name", bound=Hashable)


class _Told(Struct, frozen=True):
    script: Script
    arguments: tuple[Argument, ...]


class Outbox(Generic[_Name]):
    """Says things by their names until the server has heard them: the last of each name only.

    Of more than `count_max` the oldest are dropped. `arguments` are RedisLink's.
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
        told = self._untold[name] = _Told(script, arguments)
        if self._link.is_up:
            self._say(name, told)

    def _tell_all(self) -> None:
        for name, told in list(self._untold.items()):
            self._say(name, told)

    def _say(self, name: _Name, told: _Told) -> None:
        self._link.send(told.script, told.arguments, functools.partial(self._hear, name, told))

    def _hear(self, name: _Name, told: _Told, reply: Any) -> None:
        if not isinstance(reply, StoreAwayError) and self._untold.get(name) is told:
            del self._untold[name]
