"""Why nobody can serve: what is in use, what cools down, and what needs a person."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.refusal import explain, is_in_use
from cursor_api.pool.slot import LeaseOutcome, Slot

MODEL = "gpt-4o"
NOW = 1_000_000.0
NOBODY: frozenset[Credential] = frozenset()
REFUSED = LeaseOutcome(is_success=False, fault=Fault(FaultKind.RATE_LIMITED, "", retry_after_s=60))


def slot(name: str, concurrency_max: int | None = None) -> Slot:
    """A credential that can serve."""
    made = Credential(name, Secret(f"token-{name}"), "sum")
    return Slot(made, Preferences(concurrency_max=concurrency_max), None)


def busy(name: str) -> Slot:
    """One that is at its limit."""
    made = slot(name, concurrency_max=1)
    made.take(MODEL, NOW)
    return made


def cooling(name: str) -> Slot:
    """One that was refused just now."""
    made = slot(name)
    made.take(MODEL, NOW)
    made.give_back(is_probe=False, model=MODEL)
    made.record(MODEL, REFUSED, NOW, 0.5)
    return made


def disabled(name: str) -> Slot:
    """One that its owner has switched off."""
    made = slot(name)
    made.preferences = Preferences(is_enabled=False)
    return made


def test_only_what_another_request_has_may_come_free() -> None:
    """Neither time nor a person is waited for, nor what was tried already."""
    assert is_in_use([disabled("a"), busy("b")], MODEL, NOBODY, NOW)
    assert not is_in_use([disabled("a"), cooling("b")], MODEL, NOBODY, NOW)
    tried = busy("a")
    assert not is_in_use([tried], MODEL, {tried.credential}, NOW)


@pytest.mark.parametrize(
    ("slots", "kind", "words"),
    [
        ([busy("a"), disabled("b")], FaultKind.OVERLOADED, "1 busy, 1 disabled"),
        ([cooling("a"), disabled("b")], FaultKind.RATE_LIMITED, "1 cooling, 1 disabled"),
        ([disabled("a")], FaultKind.NO_CREDENTIALS, "1 disabled"),
    ],
)
def test_it_says_what_helps(slots: list[Slot], kind: FaultKind, words: str) -> None:
    """A wait, the time of the soonest return, or a person."""
    fault = explain(slots, MODEL, NOBODY, NOW)
    assert fault.kind is kind
    assert words in fault.message


def test_where_all_have_refused_the_first_to_be_back_is_named() -> None:
    """Those tried by this request are waited for as well."""
    tried = cooling("a")
    fault = explain([tried], MODEL, {tried.credential}, NOW)
    assert fault.kind is FaultKind.RATE_LIMITED
    assert fault.retry_after_s == tried.cooldowns[MODEL].until_at - NOW
