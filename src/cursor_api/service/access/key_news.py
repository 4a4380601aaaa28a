"""What nodes tell each other of API keys: which of them was changed, revoked or deleted.

How is for the store alone to say. This is for a node that cannot read the store where others can:
it may not go on with a key as it knew it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from cursor_api.ports.facts import Fact, FactChannel
from cursor_api.ports.process import Clock

_BEGINS: Final = "key@"
_CHANGED: Final = b"changed"
# For nodes that come later; one that cannot read the store for longer than this has heard it.
KEPT_S: Final = 24 * 3600.0
# More than there are keys; beyond it the oldest news is forgotten.
NEWS_MAX: Final = 20_000


class KeyNews:
    """Implements `ports.FactListener`. `channel` None: there are no other nodes."""

    def __init__(self, channel: FactChannel | None, clock: Clock) -> None:
        self._channel = channel
        self._clock = clock
        # By the monotonic clock.
        self._changed_at: dict[str, float] = {}
        if channel is not None:
            channel.listen(self)

    def __repr__(self) -> str:
        return f"KeyNews({len(self._changed_at)})"

    def tell(self, key_id: str) -> None:
        """This key is another one from now on, or gone."""
        if self._channel is not None:
            self._channel.tell(Fact(_BEGINS + key_id, _CHANGED), KEPT_S)

    def has_changed_since(self, key_id: str, instant: float) -> bool:
        """Whether another node has said so after that instant of the monotonic clock."""
        return self._changed_at.get(key_id, -math.inf) > instant

    def hear(self, fact: Fact) -> None:
        """See ports.FactListener."""
        if fact.name.startswith(_BEGINS):
            key_id = fact.name.removeprefix(_BEGINS)
            self._changed_at.pop(key_id, None)
            self._changed_at[key_id] = self._clock.monotonic() - fact.age_s
            if len(self._changed_at) > NEWS_MAX:
                del self._changed_at[next(iter(self._changed_at))]

    def begin(self, facts: Sequence[Fact]) -> None:
        """See ports.FactListener."""
        for fact in facts:
            self.hear(fact)
