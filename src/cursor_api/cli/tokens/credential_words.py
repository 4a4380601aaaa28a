"""How a credential stands, for a table: its state as it is, and what it was used for."""

from __future__ import annotations

from datetime import datetime

from cursor_api.cli.terminal.display import format_ago, format_instant, now_utc, plain
from cursor_api.cli.terminal.language import is_chinese, say
from cursor_api.cli.terminal.telling import told_by_code
from cursor_api.service.credentials.report import (
    MODELS_NAMED_MAX,
    CooldownPhase,
    CredentialReport,
    State,
)


def describe_state(report: CredentialReport, now: datetime) -> str:
    """One that nobody has tried is not healthy yet, nor one that rested and was not tried since."""
    words = say(report.state.value)
    if report.state is State.HEALTHY:
        words = _describe_healthy(report)
    elif report.state is State.COOLING and report.next_try_at:
        words += say(" until {instant}", instant=format_instant(report.next_try_at, now))
    if reason := describe_reason(report):
        words = say("{state}: {reason}", state=words, reason=reason)
    return plain(words)


def describe_reason(report: CredentialReport) -> str:
    """Why it is not healthy; in Chinese by the console's words, which know no upstream."""
    if not is_chinese():
        return report.reason or ""
    if report.quarantine is not None:
        return told_by_code("quarantine", report.quarantine.reason.value)
    if report.state is not State.COOLING:
        return ""
    waiting = [one for one in report.cooldowns if one.phase is CooldownPhase.WAITING]
    causes = [
        f"{told_by_code('cause', one.cause)} {one.model}" for one in waiting[:MODELS_NAMED_MAX]
    ]
    return "、".join(causes) + ("等" if len(waiting) > MODELS_NAMED_MAX else "")


def describe_use(report: CredentialReport, now: datetime) -> str:
    """`35 answered, 2 failed, 4 min ago`. One under way, or tested by a person, counts nothing."""
    if report.last_used_at is None:
        return say("never")
    counts = []
    if report.success_count:
        counts.append(say("{count} answered", count=report.success_count))
    if report.failure_count:
        counts.append(say("{count} failed", count=report.failure_count))
    return say(", ").join([*counts, format_ago(report.last_used_at, now)])


def describe_end(report: CredentialReport) -> str:
    """`, expires …`, where that is known."""
    if report.expires_at is None:
        return ""
    return say(", expires {instant}", instant=format_instant(report.expires_at, now_utc()))


def _describe_healthy(report: CredentialReport) -> str:
    phases = {cooldown.phase for cooldown in report.cooldowns}
    if CooldownPhase.PROBING in phases:
        return say("being tried again")
    if CooldownPhase.DUE in phases:
        return say("due for a try")
    if report.active_count:
        return say("in use")
    is_tried = report.success_count or report.failure_count
    return say("healthy") if is_tried else say("not tried yet")
