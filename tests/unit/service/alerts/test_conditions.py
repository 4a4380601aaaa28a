"""What an operator must know, found by a look."""

from __future__ import annotations

import base64
import json

from msgspec.structs import replace

from cursor_api.domain.alert import Alert, AlertKind
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Quarantine, QuarantineReason
from cursor_api.ports.records import RecordsState
from cursor_api.service.alerts.conditions import Conditions, find_shared
from tests.endpoints import FAKE
from tests.fakes import StillClock
from tests.house import House
from tests.unit.service.test_readiness import look, open_breaker

WELL = RecordsState("sqlite", is_writing=True)


def find(house: House, *states: RecordsState) -> list[Alert]:
    """All that holds at the last of these looks."""
    given = iter((WELL, *(states or (WELL,))))
    conditions = Conditions(
        lambda: look(house), house.pools, lambda: next(given), house.clock, tuple
    )
    found: list[Alert] = []
    for _ in states or (WELL,):
        found = list(conditions.find())
    return found


def kinds(alerts: list[Alert]) -> list[tuple[AlertKind, str]]:
    """What each is about."""
    return [(one.kind, one.subject) for one in alerts]


def test_budgets_of_api_keys_are_told_with_the_rest() -> None:
    """By whoever watches them."""
    house, told = House({"a": []}), Alert(AlertKind.BUDGET_SPENT, "alice", "All of it.")
    look_now = lambda: look(house)  # noqa: E731 - as short as its neighbours
    conditions = Conditions(look_now, house.pools, lambda: WELL, house.clock, lambda: [told])
    assert list(conditions.find()) == [told]


def test_where_all_is_well_there_is_nothing() -> None:
    """Nobody is told that."""
    assert find(House({"a": []})) == []


def test_a_credential_out_of_service_is_told_with_its_reason() -> None:
    """The other one answers: nobody is left out."""
    house = House({"a": [], "b": []}, clock=StillClock())
    house.pool.get_slot("a").quarantine = Quarantine(QuarantineReason.REVOKED, 1.0, "no")
    [alert] = find(house)
    assert (alert.kind, alert.subject) == (AlertKind.CREDENTIAL_QUARANTINED, "a")
    assert alert.text == "The credential a is out of service until you act: it is revoked"


def test_a_token_that_ends_soon_is_told_before_and_after() -> None:
    """Three days before, by its own date; a switched off one is nobody's concern."""
    clock = StillClock()

    def token(expires_in_s: float) -> str:
        claims = json.dumps({"exp": clock.now() + expires_in_s}).encode()
        return f"a.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c"

    house = House({"a": [], "b": [], "c": []}, clock=clock)
    house.pools.replace(
        [
            Credential(alias, Secret(token(expires_in_s)), "", FAKE)
            for alias, expires_in_s in (("a", 3600.0), ("b", -1.0), ("c", -1.0))
        ]
    )
    off = house.pool.get_slot("c")
    off.preferences = replace(off.preferences, is_enabled=False)
    assert kinds(find(house)) == [
        (AlertKind.CREDENTIAL_EXPIRES, "a"),
        (AlertKind.CREDENTIAL_EXPIRED, "b"),
    ]


def test_the_last_one_out_of_service_leaves_nobody() -> None:
    """Both are told: what happened, and what it means."""
    house = House({"a": []}, clock=StillClock())
    house.pool.get_slot("a").quarantine = Quarantine(QuarantineReason.REVOKED, 1.0, "no")
    assert kinds(find(house)) == [
        (AlertKind.CREDENTIAL_QUARANTINED, "a"),
        (AlertKind.NOBODY_LEFT, ""),
    ]


def test_an_upstream_that_is_not_asked_is_told_with_its_fault() -> None:
    """By its name."""
    house = House({"a": []}, clock=StillClock())
    open_breaker(house)
    alerts = find(house)
    assert kinds(alerts) == [(AlertKind.NOBODY_LEFT, ""), (AlertKind.UPSTREAM_OPEN, "fake")]
    assert "last with unreachable" in alerts[1].text


def test_records_that_cannot_be_written_and_those_that_were_lost_are_two() -> None:
    """Lost ones are told of once; later looks count from there."""
    away = RecordsState("sqlite", is_writing=False, waiting_count=7, dropped_count=3)
    house = House({"a": []})
    first = find(house, away)
    assert kinds(first) == [
        (AlertKind.RECORDS_NOT_WRITTEN, ""),
        (AlertKind.RECORDS_DROPPED, ""),
    ]
    assert "7 wait" in first[0].text
    assert first[1].text.startswith("3 records")
    assert kinds(find(house, away, away)) == [(AlertKind.RECORDS_NOT_WRITTEN, "")]


def test_what_nodes_share_is_told_when_it_is_away() -> None:
    """Where nothing is shared there is nothing to tell."""
    assert list(find_shared(is_up=None)) == list(find_shared(is_up=True)) == []
    assert kinds(list(find_shared(is_up=False))) == [(AlertKind.SHARED_STATE_AWAY, "")]
