"""A Redis that is not there: what nodes tell each other takes as long as it would over a real one.

Rules of this file:
- It does what `stores/redis/facts.py` and its scripts do: the last fact of each name holds, whoever
  comes reads all of them, what could not be told is told when the server is back.
- The server has one thread. What its work costs was measured at Redis 7.0 with 200 listeners: a
  fact told, a listener woken, each fact that the listener is given then.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from cursor_api.ports.facts import Fact, FactListener
from cursor_api.stores.redis.link import RETRY_S
from tests.fleet.world import World

TELL_S: Final = 15e-6
WAKE_S: Final = 24e-6
GIVE_S: Final = 1.2e-6


class Delay(NamedTuple):
    """One way between a node and the server, at random between these."""

    least_s: float
    most_s: float


class _Kept(NamedTuple):
    state: bytes
    at: float
    until: float


class Server:
    """What holds, and who listens."""

    def __init__(self, world: World, delay: Delay, chance: random.Random) -> None:
        self.world = world
        self._delay = delay
        self._chance = chance
        self._kept: dict[str, _Kept] = {}
        self._news: list[tuple[Channel, Fact]] = []
        self._is_working = False
        self.channels: list[Channel] = []
        self.is_there = True
        self.told_count = 0
        self.busy_s = 0.0
        # By name, when each node first told or heard it, in that order.
        self.journal: dict[str, dict[Channel, float]] = {}

    def delay_s(self) -> float:
        """Of one message."""
        return self._chance.uniform(*self._delay)

    def take(self, teller: Channel, fact: Fact, kept_s: float) -> None:
        """A node tells it."""
        if not self.is_there:
            return
        now = self.world.now()
        self.told_count += 1
        self._kept[fact.name] = _Kept(fact.state, now, now + kept_s)
        self._news.append((teller, fact))
        if not self._is_working:
            self._is_working = True
            self.world.after(0.0, self._work)

    def _work(self) -> None:
        """One turn of its loop: whoever listens is given all that has been told since the last."""
        news, self._news = self._news, []
        if not news or not self.is_there:
            self._is_working = False
            return
        listeners = [one for one in self.channels if one.is_up]
        work_s = TELL_S * len(news) + (WAKE_S + GIVE_S * len(news)) * len(listeners)
        self.busy_s += work_s
        for number, channel in enumerate(listeners, 1):
            at_s = work_s * number / len(listeners) + self.delay_s()
            self.world.after(at_s, channel.hear, news)
        self.world.after(work_s, self._work)

    def read(self) -> Sequence[Fact]:
        """All that holds."""
        now = self.world.now()
        return [
            Fact(name, one.state, now - one.at)
            for name, one in self._kept.items()
            if one.until > now
        ]

    def go_away(self) -> None:
        """From now on nobody reaches it."""
        self.is_there = False
        self._news.clear()
        for channel in self.channels:
            channel.lose()

    def come_back(self, *, is_empty: bool) -> None:
        """It is there again, as after a restart without a file, or as after a pause."""
        self.is_there = True
        if is_empty:
            self._kept.clear()


class Channel:
    """Implements `ports.FactChannel`, of one node."""

    def __init__(self, server: Server, number: int) -> None:
        self._server = server
        self._listener: FactListener | None = None
        self._untold: dict[str, tuple[Fact, float]] = {}
        self.node = f"node{number}"
        self.is_up = False
        self.heard_count = 0
        server.channels.append(self)

    def tell(self, fact: Fact, kept_s: float) -> None:
        """See ports.FactChannel."""
        told = self._untold[fact.name] = (fact, kept_s)
        self._note(fact.name)
        if self.is_up:
            self._say(fact.name, told)

    def listen(self, listener: FactListener) -> None:
        """See ports.FactChannel."""
        self._listener = listener

    def lose(self) -> None:
        """The connection has ended; it is tried again each second."""
        self.is_up = False
        self._server.world.after(RETRY_S, self.connect)

    def connect(self) -> None:
        """Begin, with what holds, and tell what could not be told."""
        if not self._server.is_there:
            self._server.world.after(RETRY_S, self.connect)
            return
        # There and back for the connection, the scripts, and what holds.
        self._server.world.after(sum(self._server.delay_s() for _ in range(6)), self._begin)

    def _begin(self) -> None:
        if not self._server.is_there:
            self.lose()
            return
        self.is_up = True
        for name, told in list(self._untold.items()):
            self._say(name, told)
        if self._listener is not None:
            self._listener.begin([f for f in self._server.read() if f.name not in self._untold])

    def hear(self, news: Sequence[tuple[Channel, Fact]]) -> None:
        """What the others have told."""
        if not self.is_up or self._listener is None:
            return
        for teller, fact in news:
            if teller is not self and fact.name not in self._untold:
                self.heard_count += 1
                self._note(fact.name)
                self._listener.hear(fact)

    def _note(self, name: str) -> None:
        self._server.journal.setdefault(name, {}).setdefault(self, self._server.world.now())

    def _say(self, name: str, told: tuple[Fact, float]) -> None:
        self._server.world.after(self._server.delay_s(), self._arrive, name, told)

    def _arrive(self, name: str, told: tuple[Fact, float]) -> None:
        if not self._server.is_there:
            return
        self._server.take(self, *told)
        # Its answer is on its way.
        if self._untold.get(name) is told:
            del self._untold[name]
