"""Several endpoints, a model that has a route to each, and requests for it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import pytest

from cursor_api.domain.caller import Caller
from cursor_api.domain.catalog import Model, NamedModel, Route
from cursor_api.domain.chat import NO_PARAMETERS, ChatRequest, Incoming, Origin
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.deltas import Finished, FinishReason, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.features import Feature, RequestedFeature
from cursor_api.domain.record import Attempt
from cursor_api.pool.pool import Pool
from cursor_api.ports.upstream import DeltaBatches
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.endpoints import Endpoints
from cursor_api.service.inference.search import Collaborators, Search
from tests.endpoints import FakeKind, endpoint_of
from tests.fakes import ListLog, ListObserver, ScriptedUpstream, Step, TickingClock

END = Finished(FinishReason.STOP)
HELLO: list[Step] = [[TextDelta("Hello"), END]]


def fails(kind: FaultKind) -> list[Step]:
    """An attempt that ends so."""
    return [Fault(kind, f"it was {kind.value}")]


class StrictUpstream(ScriptedUpstream):
    """Answers only those who come by the right way with the right secret.

    `coming` are scripts that take the place of a credential's own, one for each attempt.
    """

    def __init__(self, script: dict[str, list[Step]]) -> None:
        super().__init__(script)
        self.coming: list[list[Step]] = []

    def open(
        self, request: ChatRequest, route: Route, credential: Credential
    ) -> AbstractAsyncContextManager[DeltaBatches]:
        """Play the script of this credential."""
        assert request.model in {"m", route.model}
        assert route.model == f"m-at-{route.endpoint}"
        assert credential.endpoint == route.endpoint
        if self.coming:
            self.script[credential.alias] = self.coming.pop(0)
        return self._open(credential.alias)


class Town:
    """Endpoints by name, each with credentials of its own: `{"one": {"a": script}}`."""

    def __init__(
        self,
        endpoints: dict[str, dict[str, list[Step]]],
        lacks: dict[str, frozenset[Feature]] | None = None,
    ) -> None:
        self.clock = TickingClock()
        self.upstreams = {name: StrictUpstream(script) for name, script in endpoints.items()}
        made = []
        for name, script in endpoints.items():
            pool = Pool(self.clock, lambda: 0.5)
            pool.put([Credential(one, Secret(one), "", name) for one in script])
            kind = FakeKind((lacks or {}).get(name, frozenset()))
            made.append(endpoint_of(self.upstreams[name], pool, name=name, kind=kind))
        self.endpoints = Endpoints(made, ListObserver())
        routes = tuple(Route(name, f"m-at-{name}") for name in endpoints)
        catalog = Catalog([NamedModel("m", routes)])
        for name in endpoints:
            catalog.put(name, [Model(f"m-at-{name}", "owner", 1)])
        self.collaborators = Collaborators(
            catalog, self.endpoints, ListLog(), self.clock, lambda: 0.0
        )
        self.attempts: list[Attempt] = []
        # What the next requests ask for, and the route that they are bound to.
        self.features: tuple[RequestedFeature, ...] = ()
        self.pinned_route: str | None = None
        self.parameters = NO_PARAMETERS

    async def ask(
        self, own: tuple[Credential, ...] = (), model: str = "m", pinned: str | None = None
    ) -> str:
        """Who answered."""
        origin = Origin(features=self.features)
        hi = (Message(Role.USER, (Text("hi"),)),)
        chat = ChatRequest(model, hi, parameters=self.parameters, origin=origin)
        caller = Caller("me", credentials=own)
        incoming = Incoming("id", chat, caller, pinned, pinned_route=self.pinned_route)
        self.attempts = []
        try:
            answer = await Search(self.collaborators, incoming, self.attempts).run()
            await answer.opened.__aexit__(None, None, None)
            answer.lease.settle()
            return answer.lease.credential.alias
        finally:
            for endpoint in self.endpoints.values():
                assert endpoint.pool.leased_count == 0

    async def answered_by(self, model: str = "m") -> str:
        """The same where other requests hold leases."""
        chat = ChatRequest(model, (Message(Role.USER, (Text("hi"),)),))
        search = Search(self.collaborators, Incoming("id", chat, Caller("me")), [])
        answer = await search.run()
        await answer.opened.__aexit__(None, None, None)
        answer.lease.settle()
        return answer.lease.credential.alias

    async def fail(
        self, own: tuple[Credential, ...] = (), model: str = "m", pinned: str | None = None
    ) -> Fault:
        """What a request ends with that cannot be answered."""
        with pytest.raises(Fault) as caught:
            await self.ask(own, model, pinned)
        return caught.value

    @property
    def asked(self) -> str:
        """Who was asked, endpoint by endpoint."""
        return " ".join("".join(upstream.asked) for upstream in self.upstreams.values())
