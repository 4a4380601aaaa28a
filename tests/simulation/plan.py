"""Everything that will happen to a simulated gateway from outside, drawn from one seed."""

from __future__ import annotations

import enum
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.simulation.accounts import AccountPlan, Cast, Temper, draw_accounts
from tests.simulation.plays import Limits
from tests.simulation.virtual_network import Link

OPERATOR_KEY = "operator-key-of-this-world-0123"
CLIENT_KEYS = tuple(f"client-key-of-this-world-{number}" for number in range(4))
MODELS = ("gpt-4o-mini", "claude-3-opus", "gemini-2.0-flash-thinking-exp")
BODY_BYTES_MAX = 8192


class Flaw(enum.Enum):
    """What is wrong with a request."""

    NONE = "none"
    NO_KEY = "no key"
    WRONG_KEY = "a wrong key"
    BAD_JSON = "bad JSON"
    NO_MESSAGES = "no messages"
    WRONG_MODEL = "a wrong model"
    TOO_LARGE = "a body that is too large"
    WRONG_PIN = "a credential that nobody has"
    HALF_SENT = "half a body"
    GET = "the wrong method"


class Manner(enum.Enum):
    """How a request's body is sent."""

    PLAIN = "plain"
    GZIP = "gzip"
    CHUNKED = "chunked"
    DRIBBLED = "dribbled"


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `leaves_after_s` or `leaves_after_bytes` of the answer: then its client goes.

    With `read_bytes` it reads so much at a time, with pauses of `read_pause_s`.
    """

    tag: int
    wait_s: float
    key: str
    is_stream: bool
    includes_usage: bool
    model: str
    flaw: Flaw = Flaw.NONE
    manner: Manner = Manner.PLAIN
    pinned: str | None = None
    conversation: str | None = None
    # In pass-through: the accounts whose tokens it brings in the place of a key.
    own: tuple[str, ...] = ()
    leaves_after_s: float | None = None
    leaves_after_bytes: int | None = None
    leaves_rudely: bool = False
    read_bytes: int = 1 << 16
    read_pause_s: float = 0.0

    @property
    def who(self) -> object:
        """What its caller is told from others by."""
        return self.flaw if self.flaw is Flaw.WRONG_KEY else self.own or self.key

    def __str__(self) -> str:
        words = [f"#{self.tag}", "stream" if self.is_stream else "whole", self.model]
        words += [self.flaw.value] if self.flaw is not Flaw.NONE else []
        words += [self.manner.value] if self.manner is not Manner.PLAIN else []
        words += [f"pinned to {self.pinned}"] if self.pinned else []
        words += [f"with tokens of {' and '.join(self.own)}"] if self.own else []
        words += [f"of {self.conversation}"] if self.conversation else []
        words += [f"reads {self.read_bytes} B"] if self.read_pause_s else []
        if self.leaves_after_s is not None:
            words.append(f"leaves after {self.leaves_after_s:g} s")
        if self.leaves_after_bytes is not None:
            words.append(f"leaves after {self.leaves_after_bytes} B")
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Visit:
    """Requests one after the other on one connection, as long as it is kept."""

    at: float
    calls: tuple[Call, ...]


class Deed(enum.Enum):
    """What the operator does while requests run."""

    HANG_UP = "sends SIGHUP"
    REMOVE = "removes a credential"
    RENEW = "renews a credential"
    REORDER = "reverses the file"
    DISABLE = "disables a credential"
    ENABLE = "enables all credentials"
    CLEAR = "clears a credential"
    LOOK = "looks at the pages"
    SET_CLOCK = "sets the clock"


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which the whole endpoint fails. `is_refusing`: TCP; None: HTTP, in some way."""

    from_at: float
    until_at: float
    is_refusing: bool | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A world's whole fate but for what the gateway itself does in it."""

    seed: int
    horizon_s: float
    variables: Mapping[str, str]
    limits: Limits
    link_up: Link
    link_down: Link
    accounts: tuple[AccountPlan, ...]
    mishap_rate: float
    tokens_per_s: float
    outages: tuple[Outage, ...]
    visits: tuple[Visit, ...]
    deeds: tuple[tuple[float, Deed, int], ...]
    stop_at: float | None

    @property
    def calls(self) -> list[Call]:
        """All requests."""
        return [call for visit in self.visits for call in visit.calls]


@dataclass(frozen=True, slots=True)
class Theme:
    """What a world is about: chance alone seldom makes a crowd meet a limit."""

    cast: Cast = field(default_factory=Cast)
    horizons_s: tuple[float, ...] = (30.0, 120.0, 600.0)
    mishap_rates: tuple[float, ...] = (0.0, 0.1, 0.3, 0.6)
    paces: tuple[float, ...] = (0.0, 0.0, 5.0, 50.0)
    outage_rate: float = 0.4
    # Shares of the horizon.
    outage_lengths: tuple[float, ...] = (0.05, 0.3)
    call_counts: tuple[int, int] = (4, 30)
    # How many visits begin at the same moment as the one before.
    crowd_rate: float = 0.66


ANYTHING = Theme()
CROWD = Theme(
    Cast(3, (Temper.HEALTHY, Temper.SLOW, Temper.LATE), (1, 1, 2), wishes_rate=1.0),
    horizons_s=(30.0, 60.0),
    mishap_rates=(0.0, 0.1),
    paces=(5.0, 10.0, 50.0),
    outage_rate=0.1,
    call_counts=(15, 30),
    crowd_rate=0.8,
)
LIMITS = Theme(
    Cast(4, (Temper.LIMITED,), (None,), well_rate=0.1, wishes_rate=0.2),
    horizons_s=(60.0, 120.0),
    mishap_rates=(0.0, 0.1),
    paces=(0.0, 10.0),
    outage_rate=0.1,
    call_counts=(20, 30),
)
OUTAGE = Theme(
    Cast(5, (Temper.HEALTHY,), (None, None, 2)),
    horizons_s=(60.0, 120.0),
    mishap_rates=(0.0, 0.2),
    outage_rate=1.0,
    outage_lengths=(0.3, 0.9),
    call_counts=(15, 30),
    crowd_rate=0.4,
)
THEMES = (ANYTHING, ANYTHING, CROWD, LIMITS, OUTAGE)


def draw_plan(seed: int) -> Plan:
    """The world of a seed."""
    chance = random.Random(f"plan {seed}")
    theme = chance.choice(THEMES)
    horizon_s = chance.choice(theme.horizons_s)
    limits = Limits(chance.choice((4.0, 20.0, 60.0)), chance.choice((6.0, 30.0, 120.0)))
    accounts = draw_accounts(chance, horizon_s, theme.cast)
    outages = _draw_outages(chance, horizon_s, theme)
    variables = _draw_variables(chance, limits)
    callers = Callers(
        accounts,
        flaw_rate=chance.choice((0.0, 0.1, 0.3)),
        own_rate=0.5 if variables["PASSTHROUGH"] == "true" else 0.0,
    )
    return Plan(
        seed=seed,
        horizon_s=horizon_s,
        variables=variables,
        limits=limits,
        link_up=_draw_link(chance),
        link_down=_draw_link(chance),
        accounts=accounts,
        mishap_rate=chance.choice(theme.mishap_rates),
        tokens_per_s=chance.choice(theme.paces),
        outages=outages,
        visits=_draw_visits(chance, horizon_s, theme, callers),
        deeds=_draw_deeds(chance, horizon_s, len(accounts)),
        stop_at=round(chance.uniform(0.3, 1.0) * horizon_s, 2) if chance.random() < 0.5 else None,
    )


@dataclass(frozen=True, slots=True)
class Callers:
    """Who calls: how many of them wrongly, and how many with tokens of their own."""

    accounts: tuple[AccountPlan, ...]
    flaw_rate: float
    own_rate: float


def _draw_variables(chance: random.Random, limits: Limits) -> dict[str, str]:
    return {
        "AUTH_TOKEN": OPERATOR_KEY,
        "CLIENT_TOKENS": ",".join(CLIENT_KEYS),
        "PASSTHROUGH": "true" if chance.random() < 0.1 else "false",
        "POOL_POLICY": chance.choice(("round_robin", "least_busy", "fill_first", "sticky")),
        "CURSOR_CONNECT_TIMEOUT_S": chance.choice(("3", "10")),
        "CURSOR_FIRST_TOKEN_TIMEOUT_S": f"{limits.first_s:g}",
        "CURSOR_IDLE_TIMEOUT_S": f"{limits.idle_s:g}",
        "CURSOR_INFLATED_BYTES_MAX": "262144",
        "CURSOR_FRAME_BYTES_MAX": "262144",
        "GATEWAY_KEEP_ALIVE_S": chance.choice(("1", "5", "15")),
        "GATEWAY_WRITE_TIMEOUT_S": chance.choice(("2", "10", "30")),
        "GATEWAY_HEADER_TIMEOUT_S": "15",
        "GATEWAY_BODY_TIMEOUT_S": chance.choice(("5", "30")),
        "GATEWAY_SHUTDOWN_GRACE_S": chance.choice(("1", "10", "60")),
        "GATEWAY_BODY_BYTES_MAX": str(BODY_BYTES_MAX),
        "GATEWAY_ATTEMPTS_MAX": chance.choice(("1", "3", "3", "3")),
        "GATEWAY_RETRY_PERCENT": chance.choice(("0", "20", "20", "100")),
        "GATEWAY_BREAKER_FAILURES": chance.choice(("0", "2", "5", "5")),
        "GATEWAY_BREAKER_OPEN_S": chance.choice(("5", "30")),
        "GATEWAY_REQUESTS_MAX": chance.choice(("3", *["1200"] * 7)),
        "GATEWAY_CALLER_REQUESTS_MAX": chance.choice(("1", *["1000"] * 7)),
        "GATEWAY_STREAMS_MAX": chance.choice(("2", *["1000"] * 7)),
        "GATEWAY_QUEUE_MAX": chance.choice(("0", "2", "100")),
        "GATEWAY_QUEUE_WAIT_S": chance.choice(("1", "10")),
    }


def _draw_link(chance: random.Random) -> Link:
    return Link(
        latency_s=chance.choice((0.0, 0.0, 0.001, 0.05)),
        buffer_bytes=chance.choice((1 << 16, 1 << 16, 4096, 600)),
        is_choppy=chance.random() < 0.2,
    )


def _draw_outages(chance: random.Random, horizon_s: float, theme: Theme) -> tuple[Outage, ...]:
    if chance.random() >= theme.outage_rate:
        return ()
    length_s = horizon_s * chance.choice(theme.outage_lengths)
    begin = chance.uniform(0, max(0.0, horizon_s - length_s))
    is_flapping = chance.random() < 0.3
    count, gap_s = (5, length_s / 9) if is_flapping else (1, length_s)
    is_refusing = chance.choice((True, False, None, None))
    return tuple(
        Outage(begin + 2 * number * gap_s, begin + (2 * number + 1) * gap_s, is_refusing)
        for number in range(count)
    )


def _draw_visits(
    chance: random.Random, horizon_s: float, theme: Theme, callers: Callers
) -> tuple[Visit, ...]:
    visits: list[Visit] = []
    tag = 0
    now = 0.0
    call_count = chance.randint(*theme.call_counts)
    while tag < call_count:
        # Moments of crowds are as much farther apart, so that all of them fill the horizon.
        gap_s = chance.expovariate(call_count * (1 - theme.crowd_rate) / horizon_s)
        now += gap_s if chance.random() >= theme.crowd_rate else 0.0
        calls = []
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            calls.append(_draw_call(chance, tag, callers))
            tag += 1
        visits.append(Visit(round(now, 3), tuple(calls)))
    return tuple(visits)


def _draw_call(chance: random.Random, tag: int, callers: Callers) -> Call:
    more: dict[str, object] = {}
    if chance.random() < callers.flaw_rate:
        more["flaw"] = chance.choice(tuple(Flaw))
    if chance.random() < callers.own_rate:
        own = chance.sample(callers.accounts, min(len(callers.accounts), chance.randint(1, 3)))
        more["own"] = tuple(one.alias for one in own)
    if chance.random() < 0.2:
        more["manner"] = chance.choice(tuple(Manner))
    if chance.random() < 0.1:
        more["pinned"] = chance.choice(callers.accounts).alias
    if chance.random() < 0.2:
        more["conversation"] = f"conversation-{chance.randint(0, 2)}"
    if chance.random() < 0.2:
        more["leaves_after_s"] = chance.choice((0.0, 0.01, 0.3, 1.0, 5.0, 40.0))
    elif chance.random() < 0.1:
        more["leaves_after_bytes"] = chance.choice((1, 300, 700, 2000))
    if "leaves_after_s" in more or "leaves_after_bytes" in more:
        more["leaves_rudely"] = chance.random() < 0.5
    if chance.random() < 0.15:
        more["read_bytes"] = chance.choice((100, 500))
        more["read_pause_s"] = chance.choice((0.05, 1.0, 20.0))
    return Call(
        tag=tag,
        wait_s=chance.choice((0.0, 0.0, 0.5, 10.0)),
        key=_key_for(more, chance.choice((OPERATOR_KEY, *CLIENT_KEYS))),
        is_stream=chance.random() < 0.7,
        includes_usage=chance.random() < 0.5,
        model=chance.choice(MODELS),
        **more,  # type: ignore[arg-type]  # its own fields
    )


def _key_for(call: Mapping[str, object], drawn: str) -> str:
    """Nobody but the operator may choose among the gateway's credentials."""
    is_pinned = "pinned" in call or call.get("flaw") is Flaw.WRONG_PIN
    return OPERATOR_KEY if is_pinned else drawn


def _draw_deeds(
    chance: random.Random, horizon_s: float, account_count: int
) -> tuple[tuple[float, Deed, int], ...]:
    if chance.random() < 0.5:
        return ()
    return tuple(
        (
            round(chance.uniform(0, horizon_s), 2),
            chance.choice(tuple(Deed)),
            chance.randrange(account_count),
        )
        for _ in range(chance.randint(1, 5))
    )
