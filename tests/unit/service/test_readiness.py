"""Whether anybody could be answered, and why not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cursor_api.domain.credential_health import Cooldown, Quarantine, QuarantineReason
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.pool.pool import Pool
from cursor_api.service.credentials.report import instant
from cursor_api.service.readiness import CredentialCounts, Readiness
from tests.endpoints import FAKE, MODELS, endpoint_of
from tests.fakes import ScriptedUpstream, StillClock
from tests.house import House

DOWN = Fault(FaultKind.UNREACHABLE, "It is away.")


def look(house: House, *, is_passthrough: bool = False) -> Readiness:
    """At this house."""
    return Readiness(
        house.endpoints, house.pools, house.catalog, house.clock, is_passthrough=is_passthrough
    )


def open_breaker(house: House) -> None:
    """Fail as often as it takes."""
    breaker = house.endpoints[FAKE].breakers.whole
    for _ in range(breaker.options.failure_count):
        breaker.record(DOWN, house.clock.monotonic(), is_probe=False)


def test_where_somebody_would_be_answered_nothing_stands_in_the_way() -> None:
    """One of two is enough."""
    house = House({"a": [], "b": []}, clock=StillClock())
    house.pool.get_slot("a").quarantine = Quarantine(QuarantineReason.REVOKED, 1.0, "no")
    readiness = look(house)
    assert readiness.find_hindrance() is None
    assert list(readiness.reasons()) == []
    assert readiness.credentials() == CredentialCounts(1, 2, {"quarantined": 1, "healthy": 1})


def test_without_a_credential_nobody_is_answered_but_those_who_bring_their_own() -> None:
    """The code is what the console says in words."""
    house = House({})
    assert [one.code for one in look(house).reasons()] == ["no_credentials"]
    assert look(house, is_passthrough=True).find_hindrance() is None


def test_all_out_of_service_says_when_one_is_tried_again() -> None:
    """Unknown where a person has to act."""
    house = House({"a": [], "b": []}, clock=StillClock())
    house.pool.get_slot("a").preferences = replace(
        house.pool.get_slot("a").preferences, is_enabled=False
    )
    house.pool.get_slot("b").cooldowns["gpt-4o"] = Cooldown(until_at=5060.0, step=0, cause="x")
    reason = look(house).find_hindrance()
    assert reason is not None
    assert (reason.code, reason.until_at) == ("none_ready", instant(5060.0))
    house.pool.get_slot("b").quarantine = Quarantine(QuarantineReason.REVOKED, 1.0, "no")
    assert [one.until_at for one in look(house).reasons()] == [None]


def test_one_that_rests_for_another_model_still_serves() -> None:
    """Only what is served counts."""
    house = House(clock=StillClock())
    house.pool.get_slot("a").cooldowns["other"] = Cooldown(until_at=5060.0, step=0, cause="x")
    assert look(house).find_hindrance() is None
    assert look(house).credentials().ready == 0


def test_an_upstream_that_is_not_asked_is_named_with_its_fault() -> None:
    """Whether or not another answers; one without a credential is nobody's loss."""
    house = House(clock=StillClock())
    open_breaker(house)
    reason = look(house).find_hindrance()
    assert reason is not None
    assert (reason.code, reason.upstream, reason.fault) == ("upstream_open", FAKE, "unreachable")
    assert reason.until_at is not None
    assert look(house).upstreams()[FAKE].state.value == "open"
    empty = House({}, clock=StillClock())
    open_breaker(empty)
    assert [one.code for one in look(empty).reasons()] == ["no_credentials"]


@pytest.mark.parametrize("is_passthrough", [False, True])
def test_without_models_there_is_nothing_to_ask_for(is_passthrough: bool) -> None:  # noqa: FBT001 - a case
    """An upstream that was never reached has told none."""
    house = House()
    house.catalog.put(FAKE, [])
    reason = look(house, is_passthrough=is_passthrough).find_hindrance()
    assert reason is not None
    assert reason.code == "no_models"


def test_models_that_nobody_has_a_credential_for_can_be_asked_by_nobody() -> None:
    """As at the start, where Cursor's are known and the only upstream in use told none."""
    house = House(clock=StillClock())
    unused = endpoint_of(ScriptedUpstream({}), Pool(house.clock, lambda: 0.5), name="unused")
    house.endpoints.replace([*house.endpoints.values(), unused])
    house.catalog.put(FAKE, [])
    house.catalog.put("unused", MODELS)
    reason = look(house).find_hindrance()
    assert reason is not None
    assert reason.code == "no_models"
    house.catalog.put(FAKE, MODELS)
    assert look(house).find_hindrance() is None
    assert list(look(house).reasons()) == []
