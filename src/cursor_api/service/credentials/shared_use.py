"""How many requests each node has under way of credentials with a limit of requests at once.

Each node tells its own count when it changes, and again while it lasts; the others add it to their
own. Two nodes that take the last place in the same millisecond both have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from cursor_api.pool.slot import Slot
from cursor_api.ports.facts import Fact, FactChannel
from cursor_api.ports.process import Clock
from cursor_api.service.credentials.pools import CredentialPools

# How long a count holds without being told again; two times may be lost.
LEASE_S: Final = 30.0
RENEW_EVERY_S: Final = 10.0
# Between a credential and a node.
_OF: Final = "@"
# Instead of a credential: that the node is there.
_NODE: Final = "node"


class _Use(Struct, frozen=True):
    """What one node has under way. `until_at` is by the monotonic clock."""

    request_count: int
    until_at: float


class SharedUse:
    """The counts of this node, and of the others."""

    def __init__(self, channel: FactChannel, pools: CredentialPools, clock: Clock) -> None:
        self._channel = channel
        self._pools = pools
        self._clock = clock
        # By credential, what was told of this node; none is 0.
        self._told: dict[str, int] = {}
        self._renewed_at = clock.monotonic() - RENEW_EVERY_S
        self._has_left = False
        # By credential and node.
        self._others: dict[str, dict[str, _Use]] = {}

    def __repr__(self) -> str:
        return f"SharedUse(mine={self._told}, others={self._others})"

    @property
    def node_count(self) -> int:
        """How many nodes there are, this one included."""
        return 1 + sum(one.request_count for one in self._others.get(_NODE, {}).values())

    def knows(self, name: str) -> bool:
        """Whether there is another node whose id begins so."""
        others = self._others.get(_NODE, {})
        return any(id_.startswith(name) and one.request_count for id_, one in others.items())

    def tell(self, slot: Slot, digest: str) -> None:
        """What is under way of a credential here, if that is another count now."""
        count = slot.active_count if slot.preferences.concurrency_max is not None else 0
        if self._told.get(digest, 0) == count:
            return
        if count:
            self._told[digest] = count
        else:
            del self._told[digest]
        self._say(digest, count)

    def begin(self) -> None:
        """What others have is about to be told anew; what is here is told again."""
        self._others = {
            digest: dict.fromkeys(counts, _Use(0, 0.0)) for digest, counts in self._others.items()
        }
        for digest, count in self._told.items():
            self._say(digest, count)
        # Soon also that this node is there, which a server that has lost all cannot know.
        self._renewed_at = self._clock.monotonic() - RENEW_EVERY_S

    def leave(self) -> None:
        """This node takes no more requests, for good; what is under way counts on."""
        if not self._has_left:
            self._has_left = True
            self._say(_NODE, 0)

    def renew(self, slots: Mapping[str, Slot]) -> None:
        """Say again what lasts; of a credential that has gone nothing does."""
        now = self._clock.monotonic()
        if now - self._renewed_at < RENEW_EVERY_S:
            return
        self._renewed_at = now
        if not self._has_left:
            self._say(_NODE, 1)
        for digest, count in list(self._told.items()):
            if digest in slots:
                self._say(digest, count)
            else:
                del self._told[digest]
                self._say(digest, 0)

    @staticmethod
    def is_of_use(fact: Fact) -> bool:
        """Whether it is one of these counts."""
        return "|" not in fact.name

    def take(self, fact: Fact, slots: Mapping[str, Slot]) -> None:
        """Another node has told its count."""
        digest, _, node = fact.name.rpartition(_OF)
        if node == self._channel.node or not fact.state.isdigit():
            return
        until_at = self._clock.monotonic() + LEASE_S - fact.age_s
        self._others.setdefault(digest, {})[node] = _Use(int(fact.state), until_at)
        self._add_up(digest, slots)

    def forget_the_dead(self, slots: Mapping[str, Slot]) -> None:
        """Who has not said it for so long has nothing under way any more."""
        now = self._clock.monotonic()
        for digest, counts in list(self._others.items()):
            # While nobody is heard, all that were there share what limits leave.
            if digest == _NODE and not self._channel.is_up:
                continue
            over = [
                node for node, one in counts.items() if one.until_at <= now or not one.request_count
            ]
            for node in over:
                del counts[node]
            self._add_up(digest, slots)
            if not counts:
                del self._others[digest]

    def _add_up(self, digest: str, slots: Mapping[str, Slot]) -> None:
        slot = slots.get(digest)
        if slot is not None:
            count = sum(one.request_count for one in self._others[digest].values())
            self._pools.learn_use(slot, count)

    def _say(self, digest: str, count: int) -> None:
        fact = Fact(f"{digest}{_OF}{self._channel.node}", str(count).encode())
        self._channel.tell(fact, LEASE_S)
