"""The command that says how the running gateway stands."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from cursor_api.cli.gateway.call import Call, CallError, GatewayAddress, decode, fetch, fetch_as
from cursor_api.cli.gateway.place import find_gateway
from cursor_api.cli.terminal.display import format_instant, now_utc, plain, print_facts, print_json
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result

HEALTH: Final = Call("GET", "/")
NOW: Final = Call("GET", "/api/now")
_STANDINGS: Final = {"open": "open", "half_open": "half-open"}
_REASONS: Final = {
    "no_credentials": "there is no credential: cursor-api token add, or cursor-api upstream add",
    "none_ready": "no credential can be used now: cursor-api token list",
    "upstream_open": "an upstream failed so often that it gets no requests for now",
    "no_models": "no upstream has listed its models yet: cursor-api doctor",
    "no_upstreams": "there is no upstream",
    "draining": "it is shutting down",
}


class _Health(msgspec.Struct):
    version: str
    uptime: float


class _Reason(msgspec.Struct):
    code: str
    upstream: str | None = None
    until_at: datetime | None = None


class _Counts(msgspec.Struct):
    ready: int
    total: int


class _Standing(msgspec.Struct):
    state: str


class _Day(msgspec.Struct):
    answered: int
    failed: int
    refused: int
    cancelled: int
    input: int
    output: int
    input_estimated: int
    output_estimated: int
    first_ms_p50: float | None = None
    first_ms_p95: float | None = None


class _Records(msgspec.Struct):
    store: str
    is_writing: bool
    dropped_count: int = 0


class _Now(msgspec.Struct):
    ready: bool
    can_answer: bool
    reasons: list[_Reason]
    under_way_count: int
    waiting_count: int
    credentials: _Counts
    upstreams: Mapping[str, _Standing]
    last_24h: _Day | None
    records: _Records
    is_shared_up: bool | None = None


def show_status(parsed: argparse.Namespace) -> int:
    """`status`."""
    try:
        gateway = find_gateway(parsed, is_operator=True)
        health = fetch_as(gateway, HEALTH, _Health)
        raw = fetch(gateway, NOW)
        now = decode(raw, _Now, gateway, NOW)
    except (CallError, ValueError) as error:
        print_error(say("error: {error}.", error=error))
        return 1
    if parsed.json:
        print_json(msgspec.json.decode(raw))
    else:
        _print(gateway, health, now)
    return 0 if now.can_answer else 1


def _print(gateway: GatewayAddress, health: _Health, now: _Now) -> None:
    about = say(
        "version {version}, up {span}", version=plain(health.version), span=_span(health.uptime)
    )
    upstreams = [_upstream(name, one) for name, one in now.upstreams.items()]
    print_facts(
        {
            say("gateway"): f"{gateway.root_url} ({about})",
            say("can answer"): say("yes") if now.can_answer else say("no"),
            say("credentials"): say(
                "{ready} of {total} ready",
                ready=now.credentials.ready,
                total=now.credentials.total,
            ),
            say("upstreams"): ", ".join(upstreams) or "-",
            say("under way"): say(
                "{count}, {waiting} of them waiting",
                count=now.under_way_count,
                waiting=now.waiting_count,
            ),
            say("last 24 h"): _day(now.last_24h),
            say("records"): _records(now.records),
        }
    )
    if now.is_shared_up is False:
        print_result(
            "! "
            + say("Redis cannot be reached; LIMITS_WHEN_DOWN decides about API keys with limits")
        )
    for reason in now.reasons:
        print_result(f"! {_reason(reason)}")


def _upstream(name: str, standing: _Standing) -> str:
    if standing.state == "closed":
        return plain(name)
    return f"{plain(name)} ({plain(say(_STANDINGS.get(standing.state, standing.state)))})"


def _reason(reason: _Reason) -> str:
    words = say(_REASONS.get(reason.code, reason.code))
    which = f" ({plain(reason.upstream)})" if reason.upstream else ""
    until = ""
    if reason.until_at:
        until = say(", until {instant}", instant=format_instant(reason.until_at, now_utc()))
    return f"{plain(words)}{which}{until}"


def _day(day: _Day | None) -> str:
    if day is None:
        return say("cannot be read now")
    counts = [say("{count} answered", count=day.answered)]
    others = (
        (day.failed, "{count} failed"),
        (day.refused, "{count} refused"),
        (day.cancelled, "{count} cancelled"),
    )
    counts += [say(words, count=count) for count, words in others if count]
    tokens = ""
    if day.answered:
        tokens = say("; {given:,} tokens in, {got:,} out", given=day.input, got=day.output)
    if day.input_estimated or day.output_estimated:
        tokens += say(
            "; estimated besides: {given:,} in, {got:,} out",
            given=day.input_estimated,
            got=day.output_estimated,
        )
    return f"{say(', ').join(counts)}{_first(day)}{tokens}"


def _first(day: _Day) -> str:
    if day.first_ms_p50 is None or day.first_ms_p95 is None:
        return ""
    half, most = day.first_ms_p50 / 1000, day.first_ms_p95 / 1000
    return say(
        "; first text within {half:.2f} s for half, within {most:.2f} s for 95 %",
        half=half,
        most=most,
    )


def _records(records: _Records) -> str:
    state = plain(records.store)
    if not records.is_writing:
        state = say("{store}, cannot be written now", store=state)
    lost = say(", {count} lost", count=records.dropped_count) if records.dropped_count else ""
    return f"{state}{lost}"


def _span(duration_s: float) -> str:
    minutes, _ = divmod(int(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return say("{days} d {hours} h", days=days, hours=hours)
    if hours:
        return say("{hours} h {minutes} min", hours=hours, minutes=minutes)
    return say("{count} min", count=minutes) if minutes else say("{count} s", count=int(duration_s))
