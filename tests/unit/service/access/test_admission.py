"""Admission: counted in, counted out, and refused with the right fault."""

from __future__ import annotations

import pytest

from cursor_api.domain.caller import Caller
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.permission import Permission
from cursor_api.service.access.admission import REPORT_EVERY_S, Admission, AdmissionOptions
from tests.fakes import ListObserver, TickingClock

ME, YOU, THEM = (
    Caller("operator", Permission.ADMIN),
    Caller("client-1"),
    Caller("client-2"),
)


def admission(**limits: int) -> Admission:
    """An admission with some limits lowered."""
    return Admission(AdmissionOptions(**limits), TickingClock(), ListObserver())


def refusal(door: Admission, caller: Caller) -> Fault:
    """Why a caller is not let in."""
    with pytest.raises(Fault) as caught:
        door.enter(caller)
    return caught.value


def test_what_was_taken_is_given_back_once() -> None:
    """Whatever it was; a second leaving changes nothing."""
    door = admission()
    place, other = door.enter(ME), door.enter(ME)
    door.add_body_bytes(place, 100)
    door.begin_stream(place)
    assert repr(door) == "Admission(requests=2, streams=1, bodies=100 bytes, callers=1)"
    door.leave(place)
    door.leave(place)
    assert repr(door) == "Admission(requests=1, streams=0, bodies=0 bytes, callers=1)"
    door.leave(other)
    assert repr(door) == "Admission(requests=0, streams=0, bodies=0 bytes, callers=0)"
    with pytest.raises(RuntimeError, match="left already"):
        door.add_body_bytes(place, 1)


def test_a_client_key_leaves_a_fifth_of_everything() -> None:
    """Requests, streams and bodies; another key takes of what is left, the operator all of it."""
    door = admission(requests_max=10, streams_max=5, bodies_bytes_max=100)
    places = [door.enter(YOU) for _ in range(8)]
    faults = [refusal(door, YOU)]
    for place in places[:4]:
        door.begin_stream(place)
    door.add_body_bytes(places[0], 40)
    door.add_body_bytes(places[1], 40)
    with pytest.raises(Fault, match="GATEWAY_CALLER_PERCENT") as caught:
        door.begin_stream(places[4])
    faults.append(caught.value)
    for place in places[1:3]:
        with pytest.raises(Fault, match="GATEWAY_CALLER_PERCENT") as caught:
            door.add_body_bytes(place, 2)
        faults.append(caught.value)
    assert {fault.kind for fault in faults} == {FaultKind.CONCURRENCY_EXCEEDED}
    assert {fault.retry_after_s for fault in faults} == {1}
    mine = [door.enter(ME), door.enter(THEM)]
    door.begin_stream(mine[0])
    door.add_body_bytes(mine[0], 10)
    door.add_body_bytes(mine[1], 10)
    for place in places[:3]:
        door.leave(place)
    for place in (door.enter(YOU), places[3]):
        door.add_body_bytes(place, 40)


def test_the_operator_may_take_all() -> None:
    """Whoever has one key for everything loses nothing."""
    door = admission(requests_max=2, streams_max=2, bodies_bytes_max=100)
    for place in [door.enter(ME), door.enter(ME)]:
        door.begin_stream(place)
        door.add_body_bytes(place, 50)


def test_one_request_is_never_too_much_for_one() -> None:
    """Nor a single body that is as large as all may be together."""
    door = admission(requests_max=1, streams_max=1, bodies_bytes_max=100)
    place = door.enter(YOU)
    door.begin_stream(place)
    door.add_body_bytes(place, 60)
    door.add_body_bytes(place, 40)
    with pytest.raises(Fault, match="GATEWAY_BODIES_BYTES_MAX"):
        door.add_body_bytes(place, 1)


def test_all_places_taken_is_the_gateways_fault() -> None:
    """503 for whoever comes, with when to come back and the setting's name."""
    door = admission(requests_max=2)
    place = door.enter(ME)
    door.enter(YOU)
    fault = refusal(door, YOU)
    assert (fault.kind, fault.retry_after_s) == (FaultKind.OVERLOADED, 1)
    assert "2 requests" in fault.message
    assert "GATEWAY_REQUESTS_MAX" in fault.message
    door.leave(place)
    door.enter(ME)


def test_one_caller_cannot_take_all() -> None:
    """Their own limit, their own fault; others go in."""
    door = admission(caller_requests_max=1)
    place = door.enter(ME)
    fault = refusal(door, ME)
    assert (fault.kind, fault.retry_after_s) == (FaultKind.CONCURRENCY_EXCEEDED, 1)
    assert "GATEWAY_CALLER_REQUESTS_MAX" in fault.message
    door.enter(YOU)
    door.leave(place)
    door.enter(ME)


def test_callers_of_a_pass_through_are_told_apart_by_what_they_bring() -> None:
    """They have one name and different tokens."""
    first, second = (
        Caller("passthrough", credentials=(Credential("caller", Secret(f"token-{n}"), "sum"),))
        for n in "ab"
    )
    door = admission(caller_requests_max=1)
    door.enter(first)
    door.enter(second)
    assert refusal(door, first).kind is FaultKind.CONCURRENCY_EXCEEDED


def test_streams_and_bodies_have_bounds_of_their_own() -> None:
    """A refused one holds nothing; a body counts until the answer begins."""
    door = admission(streams_max=1, bodies_bytes_max=100)
    place, other = door.enter(ME), door.enter(ME)
    door.begin_stream(place)
    door.add_body_bytes(place, 60)
    door.add_body_bytes(place, 40)
    with pytest.raises(Fault, match="GATEWAY_STREAMS_MAX") as caught:
        door.begin_stream(other)
    assert caught.value.kind is FaultKind.OVERLOADED
    with pytest.raises(Fault, match="GATEWAY_BODIES_BYTES_MAX") as caught:
        door.add_body_bytes(other, 1)
    assert caught.value.kind is FaultKind.OVERLOADED
    door.release_body(place)
    door.add_body_bytes(other, 100)
    door.leave(place)
    door.begin_stream(other)
    assert repr(door) == "Admission(requests=1, streams=1, bodies=100 bytes, callers=1)"


def test_refusals_are_reported_once_in_a_while_with_their_number() -> None:
    """A flood of refusals is not a flood of log lines."""
    clock, observer = TickingClock(), ListObserver()
    door = Admission(AdmissionOptions(requests_max=1), clock, observer)
    door.enter(ME)
    for _ in range(10):
        refusal(door, YOU)
    clock.seconds += REPORT_EVERY_S
    refusal(door, YOU)
    assert [facts for _, facts in observer.warnings] == [
        {"limit": "GATEWAY_REQUESTS_MAX", "refused_count": 1},
        {"limit": "GATEWAY_REQUESTS_MAX", "refused_count": 10},
    ]


def test_one_caller_and_all_streams_leave_room() -> None:
    """Neither a single key nor long streams can take every place."""
    defaults = AdmissionOptions()
    assert defaults.caller_percent < 100
    assert defaults.caller_requests_max == defaults.requests_max
    assert defaults.streams_max < defaults.requests_max
