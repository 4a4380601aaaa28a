"""What is known of a simulated world: its truth, what everybody in it reported, and the story.

The simulated Cursor asks here what to do; the gateway's request log, the clients and the simulator
tell here what they did. Nobody in here knows what the gateway ought to have done: see judge.py.
"""

from __future__ import annotations

import io
import math
import random
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from cursor_api.bootstrap import Gateway
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import RequestRecord
from cursor_api.installed import Settings
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.ledger import PlayedAnswer, PlayOutcome
from cursor_api.simulator.scenario import Scenario
from cursor_api.stores.memory_records import MemoryRecords
from tests.simulation.accounts import START, Account, Temper, token_of
from tests.simulation.callers import WRONG_KEY, Seen, find_tag
from tests.simulation.plan import CLIENT_KEYS, OPERATOR_KEY, Flaw, Plan
from tests.simulation.plays import GOOD, MISHAPS, OUTAGES, Play
from tests.simulation.virtual_network import VirtualNetwork

GATEWAY_PORT = 3000
SIMULATOR_PORT = 10_000
SLOW_TOKENS_PER_S = 2.0
PIECES = (
    "Es war ",
    "once ",
    "很久",
    "以前",
    "👩‍💻",
    "  ",
    "\n\n",
    "naïve ",
    "\u2028",
    '"\\',
    "</x>",
    "0 ",
)

# Unix seconds as floats are rounded by less.
CLOCK_S = 1e-5

# What a token of a caller is called that gives it no name.
UNKNOWN_ALIAS = "caller"

# Which request the gateway's code runs for.
TAG: ContextVar[int | None] = ContextVar("tag", default=None)


@dataclass(slots=True)
class Attempt:
    """One request as the simulated Cursor got it, and what it made of it."""

    number: int
    tag: int
    alias: str
    token: str
    at: float
    play: Play
    text: str
    reasoning: str
    ended_at: float | None = None
    outcome: PlayOutcome | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was turned away, and how many were inside with it, itself included."""

    status: int
    count: int
    of_caller_count: int
    stream_count: int
    of_caller_stream_count: int


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt as the gateway recorded it. Instants are seconds of the world's time."""

    tag: int
    place: int
    alias: str
    began_at: float
    ended_at: float
    fault: FaultKind | None
    # Its answer had begun, whatever became of it then.
    is_answered: bool


class WorldClock:
    """Implements `ports.Clock` with the world's time."""

    def __init__(self, network: VirtualNetwork) -> None:
        self._network = network
        # By how much the wall clock is off since when: it can be made to jump.
        self._offsets = [(0.0, 0.0)]

    def now(self) -> float:
        """Unix seconds."""
        return START + self._network.now + self._offsets[-1][1]

    def jump(self, by_s: float) -> None:
        """Somebody sets the wall clock."""
        self._offsets.append((self._network.now, self._offsets[-1][1] + by_s))

    def world_time(self, unix_s: float) -> float:
        """The moment at which the wall clock showed this."""
        ends = [at for at, _ in self._offsets[1:]] + [math.inf]
        for (from_at, offset_s), until_at in zip(self._offsets, ends, strict=True):
            at = unix_s - START - offset_s
            if from_at - CLOCK_S <= at <= until_at + CLOCK_S:
                return at
        return math.nan

    def monotonic(self) -> float:
        """Seconds since the world began."""
        return self._network.now


class World:
    """Runs one plan and keeps what happened."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        links = {GATEWAY_PORT: plan.link_down, SIMULATOR_PORT: plan.link_up}
        self.network = VirtualNetwork(plan.seed, lambda port, _chance: links[port])
        self.clock = WorldClock(self.network)
        self.accounts = {one.credential.secret.reveal(): Account(one) for one in plan.accounts}
        self.attempts: list[Attempt] = []
        self.seen: dict[int, Seen] = {}
        self.records: dict[int | None, list[tuple[float, RequestRecord]]] = {}
        self.story: list[str] = []
        self.violations: list[str] = []
        # When the operator touched a credential, by alias; "" is all of them.
        self.touched: list[tuple[float, str]] = []
        self.stopped_at: float | None = None
        self.has_jumped = False
        self.log = io.StringIO()
        self.settings: Settings
        # Who is between the server and the gateway's door, and who was turned away there.
        self.calls = {call.tag: call for call in plan.calls}
        self.refusals: dict[int, Refusal] = {}
        self.begun: set[int] = set()
        self._inside: set[int] = set()
        self._pending: set[int] = set()
        self.gateway: Gateway
        self.simulator: CursorSimulator
        # Bytes that were sent to clients, all connections one behind the other.
        self.sent = bytearray()
        self.network.tap = self._overhear
        self._kept = MemoryRecords(self.clock, entries_max=1000)

    # --- What others report.

    def tell(self, who: str, what: str) -> None:
        """One line of the story."""
        self.story.append(f"{self.network.now:10.3f}  {who:<14} {what}")

    def accuse(self, what: str) -> None:
        """An invariant is broken."""
        self.violations.append(what)
        self.tell("VIOLATION", what)

    def record(self, record: RequestRecord) -> None:
        """Implements `ports.RequestLog`."""
        tag = TAG.get()
        self.records.setdefault(tag, []).append((self.network.now, record))
        self._kept.record(record)
        if tag is not None:
            self._pending.discard(tag)
        tried = " ".join(
            f"{one.credential_alias}:{one.fault and one.fault.value}" for one in record.attempts
        )
        self.tell(
            f"record #{tag}",
            f"{record.status.value} {record.error_kind and record.error_kind.value} [{tried}]",
        )

    def note_begun(self) -> None:
        """A request is under way from now on."""
        tag = TAG.get()
        if tag is None:
            return
        self.begun.add(tag)
        self._pending.add(tag)
        calls = [self.calls[one] for one in self._pending]
        limits = self.settings.admission
        of_caller_count = sum(call.who == self.calls[tag].who for call in calls)
        if len(calls) > limits.requests_max or of_caller_count > limits.caller_requests_max:
            self.accuse(f"{len(calls)} requests under way, {of_caller_count} of one caller")
        if sum(call.is_stream for call in calls) > limits.streams_max:
            self.accuse(f"more streams under way than {limits.streams_max}")

    @contextmanager
    def inside(self) -> Iterator[None]:
        """A request is between the server and its end."""
        tag = TAG.get()
        if tag is None:
            yield
            return
        self._inside.add(tag)
        try:
            yield
        finally:
            self._inside.discard(tag)

    def note_status(self, status: int) -> None:
        """A request's response begins."""
        tag = TAG.get()
        if tag is not None and tag not in self.begun:
            calls = [self.calls[one] for one in self._inside]
            own = [call for call in calls if call.who == self.calls[tag].who]
            self.refusals[tag] = Refusal(
                status,
                len(calls),
                len(own),
                sum(call.is_stream for call in calls),
                sum(call.is_stream for call in own),
            )

    def tries(self) -> list[Try]:
        """What the gateway recorded of its attempts, in the order of their beginning."""
        found = [
            Try(
                tag,
                place,
                one.credential_alias,
                (began_at := self.clock.world_time(one.started_at)),
                began_at + one.duration_ms / 1000,
                one.fault,
                entries[-1][1].first_delta_ms is not None
                and place == len(entries[-1][1].attempts) - 1,
            )
            for tag, entries in self.records.items()
            if tag is not None
            for place, one in enumerate(entries[-1][1].attempts)
        ]
        return sorted(found, key=lambda one: one.began_at)

    async def recent(self, count: int) -> Sequence[RequestRecord]:
        """Implements `ports.RequestLog`."""
        return await self._kept.recent(count)

    def note_seen(self, seen: Seen) -> None:
        """A client's request is over."""
        self.seen[seen.call.tag] = seen
        self.tell(
            f"client #{seen.call.tag}", f"{seen.status}, {len(seen.body)} bytes, {seen.end.value}"
        )

    def choose(self, token: str, question: str) -> tuple[Faults, Scenario]:
        """The simulated Cursor asks how it shall answer a request."""
        number, now = len(self.attempts), self.network.now
        chance = random.Random(f"attempt {self.plan.seed}/{number}")
        account = self.accounts.get(token) or self._stranger(token)
        play = self._draw_play(account, chance)
        text = f"[{number}] " + "".join(chance.choices(PIECES, k=chance.choice((3, 10, 10, 60))))
        thoughts = f"({number}) " + "".join(chance.choices(PIECES, k=5)) + "."
        attempt = Attempt(
            number, find_tag(question), account.plan.alias, token, now, play, text, thoughts
        )
        self.attempts.append(attempt)
        self.tell(f"attempt {number}", f"#{attempt.tag} with {attempt.alias}: {play.name}")
        self._look_at_pool()
        is_slow = account.plan.temper is Temper.SLOW
        pace = SLOW_TOKENS_PER_S if is_slow else self.plan.tokens_per_s
        return play.faults(pace), Scenario(text=text, thoughts=thoughts)

    def _stranger(self, token: str) -> Account:
        """An account that refuses, for a token that nobody has."""
        known = (one.alias for one in self.plan.accounts if token == token_of(one.alias))
        alias = next(known, UNKNOWN_ALIAS)
        plan = replace(self.plan.accounts[0], alias=alias, temper=Temper.REVOKED, from_at=0.0)
        return self.accounts.setdefault(token, Account(plan))

    def _draw_play(self, account: Account, chance: random.Random) -> Play:
        now, limits = self.network.now, self.plan.limits
        is_out = any(
            one.from_at <= now < one.until_at and one.is_refusing is None
            for one in self.plan.outages
        )
        if is_out:
            return chance.choice(OUTAGES)(chance, limits)
        refused = account.ask(now, chance, limits)
        if refused is not None:
            return refused
        if chance.random() < self.plan.mishap_rate:
            return chance.choice(MISHAPS)(chance, limits)
        return GOOD

    def note_exchange(self, exchange: PlayedAnswer) -> None:
        """The simulated Cursor is done with a request."""
        attempt = self.attempts[exchange.ordinal]
        attempt.ended_at, attempt.outcome = self.network.now, exchange.outcome
        self.tell(
            f"attempt {attempt.number}", f"{exchange.outcome.value}, {exchange.body_bytes} bytes"
        )

    @property
    def secrets(self) -> list[str]:
        """What nobody but the simulated Cursor may see; of the devices, what tells them apart."""
        devices = [one.credential.binding[8:] for one in self.plan.accounts]
        return [*self.accounts, *devices, OPERATOR_KEY, *CLIENT_KEYS, WRONG_KEY]

    def model_of(self, tag: int) -> str:
        """What a request asks for."""
        return self.calls[tag].model

    def is_broken_off(self, tag: int) -> bool:
        """Whether a request failed because the gateway's time to end it was over."""
        ended_at, record = self.records[tag][-1]
        if self.stopped_at is None or record.error_kind is not FaultKind.OVERLOADED:
            return False
        return ended_at >= self.stopped_at + self.settings.server.shutdown_grace_s

    def is_own(self, tag: int) -> bool:
        """Whether a request brings its own tokens, which the pool knows nothing of."""
        call = self.calls[tag]
        is_token = call.flaw is Flaw.WRONG_KEY and self.settings.access.is_passthrough
        return is_token or (bool(call.own) and call.flaw is not Flaw.NO_KEY)

    def touch(self, alias: str) -> None:
        """The operator does something to a credential."""
        self.touched.append((self.network.now, alias))

    def look_at_end(self) -> None:
        """The gateway has ended."""
        pool = self.gateway.endpoints["cursor"].pool
        if pool.leased_count or any(slot.active_count or slot.probing for slot in pool.slots):
            self.accuse(f"leases are left over: {pool!r} {pool.slots}")
        # All of them work with the same.
        chat = next(iter(self.gateway.app._inference.values()))
        admission, relay = chat._admission, chat._relay
        if admission.request_count or admission.stream_count or admission.bodies_bytes:
            self.accuse(f"places are left over: {admission!r}")
        if pool.waiting_count or relay.active_count or admission._shares:
            self.accuse(f"requests are left over: {pool!r} {relay.active_count}")
        for endpoint in self.gateway.endpoints.values():
            if "probing" in repr(endpoint.breakers):
                self.accuse(f"a probe is left over: {endpoint.breakers!r}")

    def _overhear(self, port: int, is_server: bool, data: bytes) -> None:  # noqa: FBT001 - a tap's signature
        if port == GATEWAY_PORT and is_server:
            self.sent += data

    def _look_at_pool(self) -> None:
        pool = self.gateway.endpoints["cursor"].pool
        if (
            pool.leased_count < 0
            or sum(slot.active_count for slot in pool.slots) > pool.leased_count
        ):
            self.accuse(f"{pool!r} does not hold what its slots do")
        for slot in pool.slots:
            most = slot.preferences.concurrency_max
            if most is not None and slot.active_count > most:
                self.accuse(f"{slot!r} serves more than {most}")


class Heard(deque[PlayedAnswer]):
    """Reports what is appended."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def append(self, exchange: PlayedAnswer) -> None:
        """One more."""
        self._world.note_exchange(exchange)
