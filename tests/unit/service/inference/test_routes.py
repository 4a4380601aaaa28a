"""Which of its model's routes a request can take, and what it is answered when none is left."""

from __future__ import annotations

import asyncio

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.credential_health import Preferences
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.features import NEEDED, Feature, RequestedFeature
from cursor_api.pool.lease import Ask
from cursor_api.service.inference.endpoints import Endpoint
from cursor_api.service.inference.routes import OTHERS_CREDENTIAL
from tests.fakes import Step
from tests.unit.service.inference.routes_town import HELLO, Town, fails

REJECTED = fails(FaultKind.CREDENTIAL_REJECTED)


def limit(endpoint: Endpoint, alias: str) -> None:
    """One request at a time."""
    endpoint.pool.set_preferences(alias, Preferences(concurrency_max=1))


async def test_what_a_callers_own_token_met_is_what_the_caller_is_told() -> None:
    """Not that it is for no route: those that it is not for are no routes of this request."""
    own = (Credential("mine", Secret("mine"), "", "one"),)
    town = Town({"one": {"mine": REJECTED}, "two": {"b": HELLO}})
    assert (await town.fail(own)).kind is FaultKind.CREDENTIAL_REJECTED
    assert town.asked == "mine "


async def test_a_request_that_can_take_one_route_only_is_tried_again_there() -> None:
    """As if its model had no other; the first answer fails and the second one does not."""
    for own in ((Credential("a", Secret("a"), "", "one"),), ()):
        town = Town({"one": {"a": fails(FaultKind.UPSTREAM_ERROR)}, "two": {"b": HELLO}})
        upstream = town.upstreams["one"]
        asking = asyncio.create_task(town.ask(own, pinned=None if own else "a"))
        while not upstream.asked:
            await asyncio.sleep(0)
        upstream.script["a"] = HELLO
        assert await asking == "a"
        assert town.asked == "aa "


async def test_a_pinned_credential_of_another_upstream_is_told_apart_from_none() -> None:
    """It exists, and is not for this model."""
    town = Town({"one": {"a": HELLO}, "two": {"b": HELLO}})
    fault = await town.fail(pinned="b", model="m-at-one")
    assert (fault.kind, fault.param) == (FaultKind.INVALID_REQUEST, "x-credential")
    assert fault.message == OTHERS_CREDENTIAL
    assert "names no credential" in (await town.fail(pinned="nobody")).message


@pytest.mark.parametrize("is_first", [True, False])
async def test_who_is_back_soonest_is_told_over_who_is_not(*, is_first: bool) -> None:
    """Whichever route came first; one is cooling, the other has nobody at all."""
    resting: dict[str, list[Step]] = {
        "a": [Fault(FaultKind.RATE_LIMITED, "slow down", retry_after_s=18)]
    }
    endpoints = {"one": resting, "two": {}} if is_first else {"two": {}, "one": resting}
    town = Town(endpoints)
    await town.fail()
    fault = await town.fail()
    assert fault.kind is FaultKind.RATE_LIMITED
    assert fault.retry_after_s is not None
    assert 0 < fault.retry_after_s < 18


async def test_what_one_endpoint_said_is_not_told_for_another() -> None:
    """The first one's key is refused; the second one is back soon."""
    town = Town(
        {
            "one": {"a": REJECTED, "c": REJECTED},
            "two": {"b": [Fault(FaultKind.RATE_LIMITED, "slow down", retry_after_s=19)]},
        }
    )
    fault = await town.fail()
    assert (fault.kind, fault.retry_after_s) == (FaultKind.RATE_LIMITED, 19)


async def test_a_busy_endpoint_is_passed_over_while_another_has_room() -> None:
    """Nobody waits for the first one's only credential."""
    town = Town({"one": {"a": HELLO}, "two": {"b": HELLO}})
    limit(town.endpoints["one"], "a")
    lease = town.endpoints["one"].pool.lease(Ask("m-at-one"))
    async with asyncio.timeout(10):
        assert await town.answered_by() == "b"
    lease.settle()
    assert town.asked == " b"


async def test_a_busy_endpoint_is_waited_for_where_no_other_serves() -> None:
    """Its credential is free in a moment; the second endpoint has none."""
    town = Town({"one": {"a": HELLO}, "two": {}})
    limit(town.endpoints["one"], "a")
    lease = town.endpoints["one"].pool.lease(Ask("m-at-one"))
    asking = asyncio.create_task(town.answered_by())
    await asyncio.sleep(0.01)
    lease.settle()
    async with asyncio.timeout(10):
        assert await asking == "a"


async def test_refusals_are_bounded_over_all_routes() -> None:
    """As many as at one endpoint: a list of routes is no way around it."""
    letters = "abcdefghijklmnopqrst"
    town = Town({letter * 3: {letter: REJECTED} for letter in letters})
    assert (await town.fail()).kind is FaultKind.CREDENTIAL_REJECTED
    assert len(town.asked.replace(" ", "")) == 10


async def test_an_endpoint_that_a_reload_removes_meanwhile_is_no_route_any_more() -> None:
    """What the first one said is the answer."""
    said = asyncio.Event()
    town = Town(
        {"one": {"a": [said, Fault(FaultKind.UPSTREAM_ERROR, "down")]}, "two": {"b": HELLO}}
    )
    asking = asyncio.create_task(town.fail())
    await asyncio.sleep(0.01)
    town.endpoints.replace([town.endpoints["one"]])
    said.set()
    assert (await asking).kind is FaultKind.UPSTREAM_ERROR


async def test_a_credential_that_a_reload_takes_while_it_is_waited_for_is_not_used() -> None:
    """The endpoint may have another address since, which must not see the old secret."""
    town = Town({"one": {"a": HELLO, "new": HELLO}})
    pool = town.endpoints["one"].pool
    old, new = pool.credentials
    pool.put([old])
    limit(town.endpoints["one"], "a")
    lease = pool.lease(Ask("m-at-one"))
    asking = asyncio.create_task(town.answered_by(model="m-at-one"))
    await asyncio.sleep(0.01)
    lease.settle()
    # The waiter has its turn, and has not run yet.
    pool.put([new])
    assert await asking == "new"
    assert town.asked == "new"


async def test_an_end_that_no_other_route_helps_is_answered_as_it_is() -> None:
    """Whatever the routes before it said."""
    town = Town({"one": {"a": REJECTED}, "two": {"b": fails(FaultKind.CONTENT_REFUSED)}})
    assert (await town.fail()).kind is FaultKind.CONTENT_REFUSED


IMAGE = RequestedFeature(Feature.IMAGES, "messages[0].content[0]")
TOOLS = RequestedFeature(Feature.TOOLS, "tools")
FORM = RequestedFeature(Feature.OUTPUT_FORM, "response_format")
SEED = RequestedFeature(Feature.SEED, "seed")


@pytest.mark.parametrize(
    ("features", "lacks", "answered_by"),
    [
        ((IMAGE,), Feature.IMAGES, "b"),
        ((TOOLS,), Feature.TOOLS, "b"),
        ((FORM, SEED), Feature.OUTPUT_FORM, "b"),
        ((SEED,), Feature.SEED, "a"),
        ((IMAGE,), Feature.TOOLS, "a"),
    ],
)
async def test_a_route_that_lacks_what_is_asked_for_is_passed_by_where_another_has_it(
    features: tuple[RequestedFeature, ...], lacks: Feature, answered_by: str
) -> None:
    """But nobody goes elsewhere for a seed."""
    town = Town({"one": {"a": HELLO}, "two": {"b": HELLO}}, {"one": frozenset({lacks})})
    town.features = features
    assert await town.ask() == answered_by


async def test_tools_are_served_without_where_no_route_has_them() -> None:
    """Agents rely on an answer; the first route is asked."""
    lacks = dict.fromkeys(("one", "two"), frozenset({Feature.TOOLS, Feature.OUTPUT_FORM}))
    town = Town({"one": {"a": HELLO}, "two": {"b": HELLO}}, lacks)
    town.features = (TOOLS, FORM)
    assert await town.ask() == "a"


@pytest.mark.parametrize("feature", sorted(NEEDED - {Feature.EMBEDDINGS}, key=str))
async def test_what_is_needed_and_nowhere_to_be_had_is_refused_by_its_name(
    feature: Feature,
) -> None:
    """Nobody is asked: the answer would be to another question."""
    lacks = dict.fromkeys(("one", "two"), frozenset({feature}))
    town = Town({"one": {"a": HELLO}, "two": {"b": HELLO}}, lacks)
    town.features = (SEED, RequestedFeature(feature, "the_param"))
    fault = await town.fail()
    assert (fault.kind, fault.param) == (FaultKind.INVALID_REQUEST, "the_param")
    assert fault.code == "unsupported_value"
    assert feature.value in fault.message
    assert town.asked == " "


async def test_a_model_that_makes_no_embeddings_is_none_to_who_asks_for_them() -> None:
    """So that a client says what is wrong: the model, and not what was to be embedded."""
    town = Town({"one": {"a": HELLO}}, {"one": frozenset({Feature.EMBEDDINGS})})
    town.features = (RequestedFeature(Feature.EMBEDDINGS, "input"),)
    fault = await town.fail()
    assert (fault.kind, fault.param) == (FaultKind.MODEL_NOT_FOUND, "model")
    assert "embeddings" in fault.message
    assert town.asked == ""


@pytest.mark.parametrize(
    ("pinned", "answered_by"), [("two", "b"), ("two/m-at-two", "b"), ("one", "a")]
)
async def test_a_pinned_route_is_the_only_one(pinned: str, answered_by: str) -> None:
    """By the endpoint's name, or with the model's name there."""
    town = Town({"one": {"a": HELLO}, "two": {"b": HELLO}})
    town.pinned_route = pinned
    assert await town.ask() == answered_by


async def test_a_pinned_route_that_fails_is_not_left_for_another() -> None:
    """It was asked for; a name that is no route of the model is said to be none."""
    town = Town({"one": {"a": HELLO}, "two": {"b": fails(FaultKind.UPSTREAM_ERROR)}})
    town.pinned_route = "two"
    assert (await town.fail()).kind is FaultKind.UPSTREAM_ERROR
    town.pinned_route = "three"
    assert (await town.fail()).param == "x-route"
