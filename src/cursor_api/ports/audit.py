"""Where it is kept what operators did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from cursor_api.domain.act import Act, ActQuery, KeptAct

# Years of a busy house; the oldest go.
ACTS_MAX: Final = 100_000


class AuditStore(Protocol):
    """Keeps acts and changes none; each method raises StoreError."""

    async def add_act(self, act: Act) -> None:
        """Keep one more; the oldest beyond ACTS_MAX go."""
        ...

    async def find_acts(self, query: ActQuery) -> Sequence[KeptAct]:
        """Those that are wanted, the last one first."""
        ...
