"""A search over several routes: which endpoint is asked next, and with whose secrets."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.service.inference.routes import OTHERS_TOKENS
from tests.unit.service.inference.routes_town import HELLO, Town, fails


@pytest.mark.parametrize(
    "kind", [FaultKind.UPSTREAM_ERROR, FaultKind.UPSTREAM_TIMEOUT, FaultKind.CREDENTIAL_REJECTED]
)
async def test_an_endpoint_that_fails_is_left_for_the_next_route(kind: FaultKind) -> None:
    """At once: another endpoint is the better way out than the same once more."""
    town = Town({"one": {"a": fails(kind)}, "two": {"b": HELLO}})
    assert await town.ask() == "b"
    assert town.asked == "a b"
    assert [attempt.fault for attempt in town.attempts] == [kind, None]


async def test_no_endpoint_is_asked_with_another_one_s_secret() -> None:
    """Whatever fails: each has its own pool, and the model's own name there."""
    town = Town({"one": {"a": fails(FaultKind.RATE_LIMITED)}, "two": {"b": HELLO}})
    for _ in range(5):
        assert await town.ask() == "b"
    assert set(town.upstreams["one"].asked) == {"a"}
    assert set(town.upstreams["two"].asked) == {"b"}


async def test_an_endpoint_without_credentials_is_passed_over() -> None:
    """And one whose breaker is open, without a word to it."""
    town = Town({"one": {}, "two": {"b": HELLO}})
    assert await town.ask() == "b"
    town = Town({"one": {"a": HELLO}, "two": {"b": HELLO}})
    for _ in range(5):
        town.endpoints["one"].breakers.whole.record(
            Fault(FaultKind.UPSTREAM_ERROR, ""), town.clock.now(), is_probe=False
        )
    assert await town.ask() == "b"
    assert town.asked == " b"


async def test_an_endpoint_that_does_not_serve_the_model_is_left_for_the_next() -> None:
    """The operator named the model there, and the caller cannot know; nobody is blamed for it."""
    unknown = fails(FaultKind.MODEL_NOT_FOUND)
    town = Town({"one": {"a": unknown}, "two": {"b": HELLO}})
    assert await town.ask() == "b"
    assert town.asked == "a b"
    town = Town({"one": {"a": unknown}, "two": {"b": unknown}})
    assert (await town.fail()).kind is FaultKind.MODEL_NOT_FOUND
    assert town.asked == "a b"


async def test_a_mistake_of_the_caller_is_answered_by_the_first() -> None:
    """It would be one at every endpoint."""
    town = Town({"one": {"a": fails(FaultKind.INVALID_REQUEST)}, "two": {"b": HELLO}})
    assert (await town.fail()).kind is FaultKind.INVALID_REQUEST
    assert town.asked == "a "


async def test_three_failures_are_enough_over_all_routes() -> None:
    """The last one is what the caller is told."""
    down = fails(FaultKind.UPSTREAM_ERROR)
    town = Town({name: {name[0]: down} for name in ("one", "two", "nix", "six")})
    assert (await town.fail()).kind is FaultKind.UPSTREAM_ERROR
    assert town.asked == "o t n "


async def test_what_an_upstream_said_is_told_rather_than_that_none_is_left() -> None:
    """The second endpoint has no credential, the first had a reason."""
    town = Town({"one": {"a": fails(FaultKind.UPSTREAM_ERROR)}, "two": {}})
    assert (await town.fail()).kind is FaultKind.UPSTREAM_ERROR


async def test_each_endpoint_s_budget_pays_its_own_retries() -> None:
    """The first attempt at the next endpoint is no retry of its."""
    town = Town({"one": {"a": fails(FaultKind.UPSTREAM_ERROR)}, "two": {"b": HELLO}})
    while town.endpoints["two"].budget.take():
        pass
    assert await town.ask() == "b"


async def test_a_caller_s_own_tokens_go_only_where_they_belong() -> None:
    """To the endpoint of their form; the gateway's credentials are not spent for them."""
    own = (Credential("mine", Secret("mine"), "", "two"),)
    town = Town({"one": {"a": HELLO}, "two": {"b": HELLO, "mine": HELLO}})
    assert await town.ask(own) == "mine"
    assert town.asked == " mine"
    foreign = (Credential("mine", Secret("mine"), "", "three"),)
    fault = await town.fail(foreign)
    assert (fault.kind, fault.message) == (FaultKind.NO_CREDENTIALS, OTHERS_TOKENS)
    assert town.asked == " mine"


async def test_of_a_caller_s_tokens_for_two_endpoints_each_sees_its_own() -> None:
    """Also where the first one fails; the gateway's credentials are not spent."""
    own = tuple(Credential(name, Secret(name), "", name) for name in ("two", "one"))
    fail = fails(FaultKind.RATE_LIMITED)
    town = Town({"one": {"a": HELLO, "one": fail}, "two": {"b": HELLO, "two": HELLO}})
    assert await town.ask(own) == "two"
    assert set(town.upstreams["one"].asked) == {"one"}
    assert set(town.upstreams["two"].asked) == {"two"}


async def test_a_pinned_credential_is_found_at_its_endpoint() -> None:
    """Whichever route that is; an unknown one is the caller's mistake."""
    town = Town({"one": {"a": HELLO}, "two": {"b": HELLO}})
    assert await town.ask(pinned="b") == "b"
    assert town.asked == " b"
    assert (await town.fail(pinned="nobody")).kind is FaultKind.INVALID_REQUEST


async def test_a_failure_of_one_endpoint_is_no_credentials_where_another_one_answers() -> None:
    """The other endpoint shows nothing of this one: its breaker counts it, nobody rests."""
    for kind in (FaultKind.UPSTREAM_ERROR, FaultKind.UPSTREAM_TIMEOUT):
        town = Town({"one": {"a": fails(kind)}, "two": {"b": HELLO}})
        assert await town.ask() == "b"
        assert town.endpoints["one"].pool.get_slot("a").cooldowns == {}
        assert town.endpoints["one"].breakers.standing(0).failure_count == 1


async def test_a_fresh_credential_comes_before_the_next_route_while_the_endpoint_answers() -> None:
    """The bad one is found out then, and the endpoint that was wanted first is kept to."""
    town = Town({"one": {"a": fails(FaultKind.UPSTREAM_ERROR), "c": HELLO}, "two": {"b": HELLO}})
    town.endpoints["one"].answered_at = town.clock.seconds
    assert await town.ask() == "c"
    assert town.asked == "ac "
    cooldown = town.endpoints["one"].pool.get_slot("a").cooldowns["m-at-one"]
    assert cooldown.cause == "credential_failing"
