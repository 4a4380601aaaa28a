"""How a credential stands, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from cursor_api.cli.tokens.credential_words import (
    describe_reason,
    describe_state,
    describe_use,
)
from cursor_api.domain.credential_health import QuarantineReason
from cursor_api.service.credentials.report import (
    CooldownPhase,
    CooldownReport,
    CredentialReport,
    QuarantineReport,
    State,
)

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
FRESH = CredentialReport(
    alias="me",
    secret="ey…",
    binding="",
    state=State.HEALTHY,
    reason=None,
    next_try_at=None,
    cooldowns=(),
    quarantine=None,
    last_used_at=None,
    success_count=0,
    failure_count=0,
    recent=(),
    active_count=0,
    expires_at=None,
    expiry_warning=False,
    priority=0,
    weight=1,
    concurrency_max=None,
    enabled=True,
    upstream="own",
    configured=False,
)


def report(**values: object) -> CredentialReport:
    """A fresh one with these facts."""
    return msgspec.structs.replace(FRESH, **values)


def cooled(phase: CooldownPhase) -> tuple[CooldownReport, ...]:
    """One model's rest."""
    return (CooldownReport("gpt-5", NOW, 0, "rate_limited", phase),)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (FRESH, "not tried yet"),
        (report(active_count=1), "in use"),
        (report(success_count=1), "healthy"),
        (report(failure_count=1), "healthy"),
        (report(success_count=1, cooldowns=cooled(CooldownPhase.DUE)), "due for a try"),
        (report(success_count=1, cooldowns=cooled(CooldownPhase.PROBING)), "being tried again"),
        (report(state=State.DISABLED, reason="It is off."), "disabled: It is off."),
        (report(state=State.COOLING, reason="Slow\x1b."), "cooling: Slow?."),
    ],
)
def test_its_state_is_what_is_known(one: CredentialReport, words: str) -> None:
    """Healthy is what has shown it; foreign text cannot steer a terminal."""
    assert describe_state(one, NOW) == words


def test_a_resting_one_says_until_when() -> None:
    """With the reason."""
    one = report(state=State.COOLING, next_try_at=NOW + timedelta(minutes=5), reason="Slow.")
    said = describe_state(one, NOW)
    assert said.startswith("cooling until 2026-11-01 ")
    assert said.endswith("(in 5 min): Slow.")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "never"),
        ({"last_used_at": NOW - timedelta(seconds=4)}, "4 s ago"),
        (
            {"last_used_at": NOW - timedelta(hours=3), "success_count": 35, "failure_count": 2},
            "35 answered, 2 failed, 3 h ago",
        ),
    ],
)
def test_its_use_never_contradicts_itself(values: dict[str, object], words: str) -> None:
    """What was used and counted nothing says nothing of requests."""
    assert describe_use(report(**values), NOW) == words


def test_why_it_is_out_of_service_is_told_in_the_language_of_the_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the words of its upstream in English, in those of the console in Chinese."""
    quarantine = QuarantineReport(QuarantineReason.EXPIRED, "", NOW)
    expired = report(state=State.EXPIRED, reason="It is over.", quarantine=quarantine)
    resting = report(
        state=State.COOLING, reason="It is limited.", cooldowns=cooled(CooldownPhase.WAITING)
    )
    assert describe_state(expired, NOW) == "expired: It is over."
    assert describe_state(resting, NOW) == "cooling: It is limited."
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert describe_state(expired, NOW) == "已过期：令牌已过期。请重新登录并更新令牌。"
    assert describe_state(resting, NOW) == "冷却中：请求过于频繁 gpt-5"
    off = report(state=State.DISABLED, reason="It is off.")
    assert describe_state(off, NOW) == "已停用"


def test_in_chinese_too_a_rest_that_is_over_is_no_reason_and_a_few_models_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in English, where the report itself has chosen them."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    over, waiting = cooled(CooldownPhase.DUE), cooled(CooldownPhase.WAITING)
    assert describe_reason(report(state=State.COOLING, cooldowns=over * 2 + waiting)) == (
        "请求过于频繁 gpt-5"
    )
    said = describe_reason(report(state=State.COOLING, cooldowns=waiting * 4))
    assert said == "、".join(["请求过于频繁 gpt-5"] * 3) + "等"
