"""Twelve hours of twenty accounts on a clock that nobody waits for: scripts, and who could serve.

The accounts know their own scripts; the pool learns of them only by what they refuse. So whether
a request was lost that somebody could have served is asked of the accounts.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import Finished, FinishReason, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.upstream import DeltaBatches
from tests.fakes import ScriptedUpstream, Step

START = 1_800_000_000.0
HOUR_S = 3600.0
MINUTE_S = 60.0
QUOTA_S = 5 * HOUR_S
# The longest that a quota which says nothing of its end keeps a credential waiting.
BLIND_S = 6 * HOUR_S
ANSWER: list[Step] = [[TextDelta("Hel")], [TextDelta("lo")], [Finished(FinishReason.STOP)]]


class VirtualClock:
    """Moved by the simulation alone."""

    def __init__(self) -> None:
        self.seconds = START

    def now(self) -> float:
        """Unix seconds."""
        return self.seconds

    monotonic = now


@dataclass
class Account:
    """One account's script. Instants are unix seconds; None means never.

    `per_minute` requests are answered in each minute, `per_quota` in each five hours from START;
    `says_when` tells whether a refusal has a Retry-After. From `gone_at` to `back_at` all are
    refused for good, as `gone_as`.
    """

    alias: str
    per_minute: int | None = None
    per_quota: int | None = None
    says_when: bool = True
    expires_at: float | None = None
    gone_at: float | None = None
    gone_as: FaultKind = FaultKind.CREDENTIAL_REJECTED
    back_at: float | None = None
    asked_count: int = 0
    answered_count: int = 0
    final_refusals: list[float] = field(default_factory=list)
    told_until: float = 0.0
    told_at: float = 0.0
    # Asked again although it had said until when not to.
    disobeyed_count: int = 0
    blind_until: float = 0.0
    _windows: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def credential(self) -> Credential:
        """What the gateway has of it."""
        token = f"opaque-token-of-{self.alias}"
        if self.expires_at is not None:
            payload = json.dumps({"exp": self.expires_at, "sub": self.alias}).encode()
            token = f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.c2ln"
        return Credential(self.alias, Secret(token), f"device-of-{self.alias}")

    def is_gone(self, now: float) -> bool:
        """Revoked, blocked or expired, until its owner has mended it."""
        if self.expires_at is not None and now >= self.expires_at:
            return True
        return self.gone_at is not None and self.gone_at <= now < (self.back_at or now + 1)

    def could_serve(self, now: float) -> bool:
        """Whether it would answer, and is not one of those who never say when they will."""
        if self.is_gone(now) or now < self.blind_until:
            return False
        return all(self._windows.get(window, 0) < most for window, most, _ in self._limits(now))

    def ask(self, now: float) -> Fault | None:
        """One request: None for an answer, else its refusal."""
        self.asked_count += 1
        if self.told_at < now < self.told_until:
            self.disobeyed_count += 1
        if self.is_gone(now):
            self.final_refusals.append(now)
            return Fault(self.gone_as, "This account is out.")
        for window, most, end in self._limits(now):
            if self._windows.get(window, 0) >= most:
                return self._refuse(window[0], end, now)
        for window, _, _ in self._limits(now):
            self._windows[window] = self._windows.get(window, 0) + 1
        self.answered_count += 1
        return None

    def _limits(self, now: float) -> list[tuple[tuple[str, int], int, float]]:
        """Each limit's window, how many it allows, and when it ends."""
        limits = []
        for name, most, length_s in (
            ("minute", self.per_minute, MINUTE_S),
            ("quota", self.per_quota, QUOTA_S),
        ):
            if most is not None:
                number = int((now - START) // length_s)
                limits.append(((name, number), most, START + (number + 1) * length_s))
        return limits

    def _refuse(self, name: str, end: float, now: float) -> Fault:
        kind = FaultKind.RATE_LIMITED if name == "minute" else FaultKind.QUOTA_EXHAUSTED
        if not self.says_when:
            self.blind_until = now + BLIND_S
            return Fault(kind, "Too much.")
        if end > self.told_until:
            self.told_until, self.told_at = end, now
        return Fault(kind, "Too much.", retry_after_s=end - now)


class AccountsUpstream(ScriptedUpstream):
    """Answers as each account's script says at that moment."""

    def __init__(self, accounts: Sequence[Account], clock: VirtualClock) -> None:
        super().__init__({})
        self.accounts = {account.alias: account for account in accounts}
        self._clock = clock

    def open(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> AbstractAsyncContextManager[DeltaBatches]:
        """Ask the account."""
        assert credential == self.accounts[credential.alias].credential
        fault = self.accounts[credential.alias].ask(self._clock.now())
        self.script[credential.alias] = ANSWER if fault is None else [fault]
        return super().open(request, route, credential)


@dataclass(frozen=True, slots=True)
class Weather:
    """How hard a day is: the range of limits per minute, and how many may come at once."""

    per_minute_min: int
    per_minute_max: int
    crowds: tuple[int, ...]
    # How many accounts have no limit per minute.
    free_count: int


# Limits are met every few minutes, but seldom by three neighbours between two looks.
ORDINARY = Weather(1, 2, (1, 1, 1, 1, 2, 3, 8), 14)
# Everybody is limited; crowds meet more limits than one request may try.
ROUGH = Weather(1, 3, (1, 1, 1, 2, 3, 12, 40), 0)


def make_accounts(rng: random.Random, weather: Weather) -> list[Account]:
    """Twenty: limits and quotas, three that expire, four that go, one of which comes back."""

    def at(first_h: float, last_h: float) -> float:
        return START + rng.uniform(first_h, last_h) * HOUR_S

    accounts = [Account(f"account-{number:02}") for number in range(20)]
    for account in accounts[weather.free_count :]:
        account.per_minute = rng.randint(weather.per_minute_min, weather.per_minute_max)
    for account in accounts[8:14]:
        account.per_quota = rng.randint(20, 120)
    accounts[9].says_when = accounts[12].says_when = False
    for account in accounts[0:6:2]:
        account.expires_at = at(1, 11)
    for account in accounts[13:20:2]:
        account.gone_at = at(1, 11)
        account.gone_as = rng.choice([FaultKind.CREDENTIAL_REJECTED, FaultKind.CREDENTIAL_BLOCKED])
    accounts[19].gone_at = START + 2 * HOUR_S
    accounts[19].back_at = START + 8 * HOUR_S
    rng.shuffle(accounts)
    return accounts


def make_arrivals(rng: random.Random, weather: Weather, hours: float) -> list[tuple[float, int]]:
    """When requests come and how many at once: quiet hours, busy ones, and sudden crowds."""
    found = []
    now = START
    while now < START + hours * HOUR_S:
        is_quiet = 4 <= (now - START) / HOUR_S < 6
        now += rng.expovariate(1 / (60.0 if is_quiet else 20.0))
        found.append((now, rng.choice(weather.crowds)))
    return found
