"""A week of a small team's requests, made up by one seed: for pictures of the console."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final, NamedTuple

from cursor_api.domain.deltas import FinishReason, Usage, UsageSource
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Attempt, RequestRecord, Status
from cursor_api.domain.value import replace

SEED: Final = 7
HOUR_S: Final = 3600.0
HOURS: Final = 7 * 24
# How many an hour of the day brings, from midnight on.
BUSY: Final = (1, 0, 0, 0, 0, 1, 3, 8, 16, 22, 24, 20, 12, 18, 23, 24, 19, 14, 9, 6, 5, 4, 3, 2)


class Way(NamedTuple):
    """A model on its way, who serves it, how long answers are, and what a token costs."""

    model: str
    endpoint: str
    credentials: tuple[str, ...]
    dialect: str
    client: str
    output_count: int
    cost_nano: int | None


WAYS: Final = (
    Way(
        "claude-sonnet-4.5",
        "cursor-sdk",
        ("work", "home"),
        "anthropic_messages",
        "claude-cli",
        620,
        None,
    ),
    Way("composer-2.5", "cursor-sdk", ("work", "home"), "openai_chat", "opencode", 480, None),
    Way("gpt-5-mini", "openai", ("openai-1",), "openai_responses", "codex_cli_rs", 350, 2_000),
    Way("deepseek-chat", "deepseek", ("deepseek-1",), "openai_chat", "OpenAI/Python", 260, 420),
)
SHARES: Final = (46, 24, 18, 12)
CALLERS: Final = ("operator", "anna", "ben", "nightly-review")
CALLER_SHARES: Final = (20, 38, 30, 12)


def week_until(now: float) -> Iterator[RequestRecord]:
    """All that ended in the seven days before."""
    chance = random.Random(SEED)
    hour = int(now // HOUR_S) * HOUR_S - (HOURS - 1) * HOUR_S
    number = 0
    while hour <= now:
        weight = BUSY[int(hour // HOUR_S) % 24]
        for _ in range(round(weight * chance.uniform(0.6, 1.3))):
            at = hour + chance.uniform(0, HOUR_S)
            number += 1
            if at < now - 120:
                yield _request(chance, number, at)
        hour += HOUR_S


def _request(chance: random.Random, number: int, at: float) -> RequestRecord:
    (way,) = chance.choices(WAYS, SHARES)
    (caller,) = chance.choices(CALLERS, CALLER_SHARES)
    credential = chance.choice(way.credentials)
    first_ms = chance.lognormvariate(6.3, 0.45)
    output = max(12, int(chance.gauss(way.output_count, way.output_count / 2)))
    given = int(chance.lognormvariate(8.2, 0.9))
    done = RequestRecord(
        id=f"{int(at * 1000):012x}{number:020x}",
        started_at=at,
        caller=caller,
        model=way.model,
        is_stream=True,
        status=Status.SUCCESS,
        credential_alias=credential,
        credential_masked="crsr…9f3c",
        usage=Usage(given, output, UsageSource.UPSTREAM, cache_read_count=given * 2 // 3),
        first_delta_ms=first_ms,
        duration_ms=first_ms + output * chance.uniform(9, 16),
        attempts=(Attempt(credential, at, None, first_ms, way.endpoint),),
        dialect=way.dialect,
        client=way.client,
        endpoint=way.endpoint,
        model_served=way.model,
        finish=FinishReason.STOP,
        cost_nano=None if way.cost_nano is None else way.cost_nano * output + given * 250,
    )
    return _unlucky(chance, done)


def _unlucky(chance: random.Random, done: RequestRecord) -> RequestRecord:
    """The same, or what becomes of a few: failed, cancelled, refused, or helped by another one."""
    luck, (attempt,) = chance.random(), done.attempts
    limited = replace(attempt, fault=FaultKind.RATE_LIMITED, duration_ms=180.0)
    if luck > 0.12:
        return done
    if luck > 0.04:
        if done.credential_alias not in WAYS[0].credentials:
            return done
        answered = replace(attempt, started_at=done.started_at + 0.2)
        other = "home" if attempt.credential_alias == "work" else "work"
        return done._replace(attempts=(replace(limited, credential_alias=other), answered))
    lost = done._replace(usage=None, finish=None, cost_nano=None)
    if luck > 0.025:
        return lost._replace(status=Status.CANCELLED, duration_ms=2_400.0)
    return lost._replace(
        status=Status.FAILED,
        first_delta_ms=None,
        duration_ms=400.0,
        error="The upstream says that there are too many requests; it names 30 s.",
        error_kind=FaultKind.RATE_LIMITED,
        attempts=(limited, replace(limited, started_at=done.started_at + 0.2)),
    )
