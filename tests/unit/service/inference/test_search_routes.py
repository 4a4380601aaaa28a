"""A search over several routes: which endpoint is asked next, and with whose secrets."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import pytest

from cursor_api.domain.caller import Caller
from cursor_api.domain.catalog import Model, NamedModel, Route
from cursor_api.domain.chat import ChatRequest, Incoming
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import Finished, FinishReason, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.record import Attempt
from cursor_api.pool.pool import Pool
from cursor_api.ports import DeltaBatches
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.endpoints import Endpoints
from cursor_api.service.inference.search import OTHERS_TOKENS, Collaborators, Search
from tests.endpoints import endpoint_of
from tests.fakes import ListLog, ListObserver, ScriptedUpstream, Step, TickingClock

END = Finished(FinishReason.STOP)
HELLO: list[Step] = [[TextDelta("Hello"), END]]


def fails(kind: FaultKind) -> list[Step]:
    """An attempt that ends so."""
    return [Fault(kind, f"it was {kind.value}")]


class StrictUpstream(ScriptedUpstream):
    """Answers only those who come by the right way with the right secret."""

    def open(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> AbstractAsyncContextManager[DeltaBatches]:
        """Play the script of this credential."""
        assert request.model in {"m", route.model}
        assert route.model == f"m-at-{route.endpoint}"
        assert credential.endpoint == route.endpoint
        return self._open(credential.alias)


class Town:
    """Endpoints by name, each with credentials of its own: `{"one": {"a": script}}`."""

    def __init__(self, endpoints: dict[str, dict[str, list[Step]]]) -> None:
        self.clock = TickingClock()
        self.upstreams = {name: StrictUpstream(script) for name, script in endpoints.items()}
        made = []
        for name, script in endpoints.items():
            pool = Pool(self.clock, lambda: 0.5)
            pool.replace([Credential(one, Secret(one), "", name) for one in script])
            made.append(endpoint_of(self.upstreams[name], pool, name=name))
        self.endpoints = Endpoints(made, ListObserver())
        routes = tuple(Route(name, f"m-at-{name}") for name in endpoints)
        catalog = Catalog([NamedModel("m", routes)])
        for name in endpoints:
            catalog.put(name, [Model(f"m-at-{name}", "owner", 1)])
        self.collaborators = Collaborators(
            catalog, self.endpoints, ListLog(), self.clock, lambda: 0.0
        )
        self.attempts: list[Attempt] = []

    async def ask(
        self, own: tuple[Credential, ...] = (), model: str = "m", pinned: str | None = None
    ) -> str:
        """Who answered."""
        chat = ChatRequest(model, (Message(Role.USER, (Text("hi"),)),))
        incoming = Incoming("id", chat, Caller("me", credentials=own), pinned_alias=pinned)
        self.attempts = []
        try:
            answer = await Search(self.collaborators, incoming, self.attempts).run()
            await answer.opened.__aexit__(None, None, None)
            answer.lease.settle()
            return answer.lease.credential.alias
        finally:
            for endpoint in self.endpoints.values():
                assert endpoint.pool.leased_count == 0

    async def fail(self, own: tuple[Credential, ...] = (), pinned: str | None = None) -> Fault:
        """What a request ends with that cannot be answered."""
        with pytest.raises(Fault) as caught:
            await self.ask(own, pinned=pinned)
        return caught.value

    @property
    def asked(self) -> str:
        """Who was asked, endpoint by endpoint."""
        return " ".join("".join(upstream.asked) for upstream in self.upstreams.values())


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
        town.endpoints["one"].breaker.record(
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


async def test_a_pinned_credential_is_found_at_its_endpoint() -> None:
    """Whichever route that is; an unknown one is the caller's mistake."""
    town = Town({"one": {"a": HELLO}, "two": {"b": HELLO}})
    assert await town.ask(pinned="b") == "b"
    assert town.asked == " b"
    assert (await town.fail(pinned="nobody")).kind is FaultKind.INVALID_REQUEST
