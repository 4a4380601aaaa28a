"""The other workers of this gateway, as one of them sees them."""

from __future__ import annotations

from asyncio import BaseProtocol
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

Speaker = TypeVar("Speaker", bound=BaseProtocol)


class Siblings(Protocol):
    """Asks the other workers; `number` is this one's own."""

    @property
    def number(self) -> int:
        """Which one this is, from 1."""
        ...

    async def ask(self, path: str, accept: str) -> Mapping[int, bytes]:
        """What each of the others answers; who does not answer in time is left out."""
        ...

    async def ask_all(self, path: str) -> Sequence[bytes]:
        """The same of every process: of those, too, that were replaced and still have clients."""
        ...

    async def connect(self, node: str, speak: Callable[[], Speaker]) -> Speaker | None:
        """A connection to the process that is this node, to be closed; None where it has ended.

        `speak` makes what speaks on it.
        """
        ...
