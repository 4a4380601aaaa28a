"""What several nodes have together."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from cursor_api.ports.facts import FactChannel
from cursor_api.ports.limits import LimitStore


class Shared(AbstractAsyncContextManager[Any], Protocol):
    """It can be used while the context lasts.

    Entering raises StoreError where only a person can help.
    """

    @property
    def limits(self) -> LimitStore:
        """What API keys use, counted for all nodes."""
        ...

    @property
    def facts(self) -> FactChannel:
        """What one node finds out, told to all."""
        ...

    @property
    def is_up(self) -> bool:
        """Whether it can be reached."""
        ...
