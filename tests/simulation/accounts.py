"""The credentials of a simulated world: what each one's account lets through, and when.

The gateway knows their tokens and learns the rest by what they refuse.
"""

from __future__ import annotations

import base64
import enum
import json
import random
from dataclasses import dataclass

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import FaultKind
from tests.simulation.plays import (
    FOR_EVER_S,
    Limits,
    Play,
    refuse_by_number,
    refuse_for_a_while,
    silence,
)

# What unix seconds are when a world begins.
START = 1_800_000_000.0


class Temper(enum.Enum):
    """What is wrong with an account."""

    HEALTHY = "healthy"
    # So many requests in each window of time.
    LIMITED = "limited"
    QUOTA = "quota"
    # From a moment on, for good.
    REVOKED = "revoked"
    BLOCKED = "blocked"
    FORBIDDEN = "forbidden"
    EXPIRING = "expiring"
    # From a moment to another one.
    SILENT = "silent"
    LATE = "late"
    # All answers come slowly.
    SLOW = "slow"


FINAL = {
    Temper.REVOKED: FaultKind.CREDENTIAL_REJECTED,
    Temper.BLOCKED: FaultKind.CREDENTIAL_BLOCKED,
    Temper.FORBIDDEN: FaultKind.CREDENTIAL_FORBIDDEN,
    Temper.EXPIRING: FaultKind.CREDENTIAL_REJECTED,
}


def token_of(alias: str) -> str:
    """The token of an account, unless it expires."""
    return f"opaque-secret-of-{alias}-0123456789"


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """One account's script. Instants are seconds of the world's time."""

    alias: str
    temper: Temper
    preferences: Preferences
    from_at: float
    until_at: float
    window_s: float
    window_count: int
    says_when: bool

    @property
    def credential(self) -> Credential:
        """What the gateway has of it."""
        token = token_of(self.alias)
        if self.temper is Temper.EXPIRING:
            payload = json.dumps({"exp": START + self.from_at, "sub": self.alias}).encode()
            token = f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.c2lnbmF0dXJl"
        number = int.from_bytes(self.alias.encode()[-2:], "big")
        return Credential(self.alias, Secret(token), f"3N3fyLW6{number:064x}")


@dataclass(slots=True)
class Account:
    """An account while the world lasts."""

    plan: AccountPlan
    window_number: int = -1
    window_used_count: int = 0

    def ask(self, now: float, chance: random.Random, limits: Limits) -> Play | None:
        """What the account makes of one request; None lets it through."""
        plan = self.plan
        play = self._judge(now, chance, limits)
        if play is None and plan.temper in {Temper.LIMITED, Temper.QUOTA}:
            self.window_used_count += 1
        return play

    def _judge(self, now: float, chance: random.Random, limits: Limits) -> Play | None:
        plan = self.plan
        is_on = plan.from_at <= now < plan.until_at
        match plan.temper:
            case Temper.HEALTHY | Temper.SLOW:
                return None
            case Temper.LIMITED | Temper.QUOTA:
                return self._judge_rate(now, chance)
            case Temper.REVOKED | Temper.BLOCKED | Temper.FORBIDDEN | Temper.EXPIRING:
                kind = FINAL[plan.temper]
                return refuse_by_number(chance, kind) if now >= plan.from_at else None
            case Temper.SILENT:
                return silence(chance, limits) if is_on else None
            case Temper.LATE:
                return (
                    Play("late", change={"headers_delay_s": limits.first_s / 2}) if is_on else None
                )

    def _judge_rate(self, now: float, chance: random.Random) -> Play | None:
        number = int(now // self.plan.window_s)
        if number != self.window_number:
            self.window_number, self.window_used_count = number, 0
        if self.window_used_count < self.plan.window_count:
            return None
        if self.plan.temper is Temper.QUOTA:
            return refuse_by_number(chance, FaultKind.QUOTA_EXHAUSTED)
        left_s = (number + 1) * self.plan.window_s - now
        return refuse_for_a_while(chance, left_s, says_when=self.plan.says_when)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who may be in a world: how many, of which tempers, with which limits at a time."""

    count_max: int = 8
    tempers: tuple[Temper, ...] = tuple(Temper)
    concurrency: tuple[int | None, ...] = (None, None, 1, 2)
    # In how many of the worlds somebody is well for sure, and owners have preferences.
    well_rate: float = 0.7
    wishes_rate: float = 0.5


def draw_accounts(chance: random.Random, horizon_s: float, cast: Cast) -> tuple[AccountPlan, ...]:
    """One or more."""
    count = chance.randint(1, cast.count_max)
    tempers = [chance.choice(cast.tempers) for _ in range(count)]
    if chance.random() < cast.well_rate:
        tempers[chance.randrange(count)] = Temper.HEALTHY
    has_wishes = chance.random() < cast.wishes_rate
    return tuple(
        AccountPlan(
            alias=f"account-{number}",
            temper=temper,
            preferences=_draw_wishes(chance, cast) if has_wishes else Preferences(),
            from_at=(begin := round(chance.uniform(0, horizon_s * 0.6), 2)),
            until_at=chance.choice((FOR_EVER_S * 10, begin + horizon_s * 0.2)),
            window_s=chance.choice((10.0, 60.0)),
            window_count=chance.randint(1, 4),
            says_when=chance.random() < 0.6,
        )
        for number, temper in enumerate(tempers)
    )


def _draw_wishes(chance: random.Random, cast: Cast) -> Preferences:
    return Preferences(
        priority=chance.choice((0, 0, 0, 1)),
        weight=chance.choice((1, 1, 2, 3)),
        concurrency_max=chance.choice(cast.concurrency),
        is_enabled=chance.random() < 0.95,
    )
