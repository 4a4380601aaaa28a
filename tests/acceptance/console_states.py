"""Credentials in every state, as the API tells of them: for what takes hours to come about."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

DAY_S = 86_400.0
# Text that runs when a page takes it for markup, hides what follows it, or is far too long.
HOSTILE = (
    "<script>window.ran=1</script>",
    '"><img src=x onerror="window.ran=1">',
    "javascript:window.ran=1",
    "<svg onload=window.ran=1>",
    "</title><iframe srcdoc='<script>parent.ran=1</script>'>",
    "${window.ran=1}{{window.ran=1}}`;window.ran=1//",
    "\u202eright to left\u2066 and never back",
    "a very long name " + "without an end" * 40,
)


def instant(seconds: float) -> str:
    """So many seconds from now, as the API writes it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def credential(alias: str, state: str = "healthy", **more: Any) -> dict[str, Any]:
    """One credential with a past of its own; `more` are members that differ."""
    chance = random.Random(alias)
    return {
        "alias": alias,
        "secret": "eyJh…9xYz",
        "checksum": "paao…6789",
        "state": state,
        "reason": None if state == "healthy" else "It is not healthy.",
        "next_try_at": None,
        "cooldowns": [],
        "quarantine": None,
        "last_used_at": instant(-chance.randint(1, 90_000)),
        "success_count": chance.randint(10, 3_000),
        "failure_count": chance.randint(0, 40),
        "recent": [chance.random() > 0.08 for _ in range(chance.randint(3, 40))],
        "active_count": 0,
        "expires_at": instant(DAY_S * chance.randint(10, 50)),
        "expiry_warning": False,
        "priority": 0,
        "weight": 1,
        "concurrency_max": None,
        "enabled": state != "disabled",
        "upstream": "cursor",
        "configured": False,
    } | more


def cooldown(model: str, left_s: float, cause: str, phase: str = "waiting") -> dict[str, Any]:
    """A rest for one model."""
    return {
        "model": model,
        "until_at": instant(left_s),
        "step": 1,
        "cause": cause,
        "phase": phase,
    }


def upstream(state: str, cause: str | None) -> dict[str, Any]:
    """How an upstream stands."""
    return {
        "name": "cursor",
        "state": state,
        "failure_count": 5,
        "until_at": instant(20) if state == "open" else None,
        "cause": cause,
        "message": "It failed.",
    }


def quarantine(reason: str, detail: str) -> dict[str, Any]:
    """What only a person ends."""
    return {"reason": reason, "detail": detail, "since_at": instant(-100)}


def notice(path: str) -> dict[str, Any]:
    """What is told of a file as a whole."""
    values = {"path": path, "mode": "0644"}
    return {"code": "open_to_others", "text": "It is open to others.", "values": values}


def problem(code: str, value: str) -> dict[str, Any]:
    """A line that cannot be used."""
    return {"file": "f", "line": 1, "problem": "It is wrong.", "code": code, "value": value}


def every_state() -> list[dict[str, Any]]:
    """One credential for each thing that the table can show."""
    return [
        credential("work-laptop", priority=5, active_count=2, weight=3),
        credential("home", "busy", priority=5, concurrency_max=4, active_count=4),
        credential("limited", "cooling", cooldowns=[cooldown("claude-3-opus", 47, "rate_limited")]),
        credential(
            "used up",
            "cooling",
            cooldowns=[
                cooldown("gpt-4o-128k", 5_000, "quota_exhausted"),
                cooldown("o1", -5, "credential_forbidden", "due"),
                cooldown("o1-mini", -5, "rate_limited", "probing"),
                cooldown("o1-preview", 5, "rate_limited"),
            ],
        ),
        credential("revoked", "quarantined", quarantine=quarantine("revoked", "Not logged in")),
        credential(
            "blocked", "quarantined", quarantine=quarantine("blocked", "Too many computers")
        ),
        credential(
            "expired",
            "expired",
            expires_at=instant(-2 * DAY_S),
            expiry_warning=True,
            quarantine=quarantine("expired", ""),
        ),
        credential("soon", expires_at=instant(2.2 * DAY_S), expiry_warning=True),
        credential(
            "switched off",
            "disabled",
            recent=[],
            success_count=0,
            failure_count=0,
            last_used_at=None,
            expires_at=None,
        ),
        credential("工作账号"),
    ]


def hostile() -> list[dict[str, Any]]:
    """The same with names, models and details that somebody chose with care."""
    return [
        credential(
            text,
            "quarantined" if number % 2 else "cooling",
            cooldowns=[] if number % 2 else [cooldown(text, 50, "rate_limited")],
            quarantine=quarantine("blocked", text) if number % 2 else None,
        )
        for number, text in enumerate(HOSTILE)
    ]


def listing(credentials: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The answer of `GET /api/credentials`."""
    return {
        "credentials": sorted(credentials, key=lambda one: -one["priority"]),
        "total_count": len(credentials),
        "now": instant(0),
        "warnings": [],
        "notices": [],
        "trouble": None,
        "upstreams": [],
    } | more


def record(text: str, number: int) -> dict[str, Any]:
    """A request that failed, in which everything that others choose is this text."""
    attempt = {"credential": text, "started_at": instant(-60), "fault": "rate_limited"}
    return {
        "id": f"{number:032x}",
        "started_at": instant(-60),
        "caller": text,
        "client": text,
        "dialect": text,
        "model": text,
        "model_served": text,
        "route": text,
        "credential": text,
        "credential_masked": text,
        "is_stream": False,
        "status": "failed",
        "fault": "rate_limited",
        "error": text,
        "advice": text,
        "finish": None,
        "first_ms": None,
        "total_ms": 12.5,
        "usage": None,
        "cost_nano": None,
        "attempts": [attempt | {"duration_ms": 12.0}],
        "content": None,
    }
