"""The routes of one request: which of its model's routes it can take, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest, Incoming
from cursor_api.domain.credential import Credential
from cursor_api.domain.errors import Fault, FaultKind, invalid_request
from cursor_api.domain.features import NEEDED, PREFERRED, Feature, RequestedFeature
from cursor_api.service.inference.endpoints import Endpoints

OTHERS_TOKENS = "None of this request's tokens is for the upstream of its model."
OTHERS_CREDENTIAL = (
    "The credential that the header x-credential names is not for an upstream of this model."
)

OTHER_ROUTE = (
    "The header x-route names no route of this model: give the name of an upstream, or"
    " upstream/model as GET /v1/models lists it."
)

HINT = "GET /v1/models says what each model can do."
HINTS = {
    Feature.IMAGE_LINKS: "Send the image itself as data:image/png;base64,…, or let the operator"
    " switch GATEWAY_FETCH_IMAGES on.",
    Feature.DOCUMENTS: "Send its text, or ask a Claude or one of OpenAI's own models.",
    Feature.DOCUMENT_LINKS: "Send the document itself, as base64.",
    Feature.OTHER_CONTENT: "An upstream that speaks the request's own API takes it as it is; this"
    " model has none.",
}

NO_EMBEDDINGS = (
    "The model {!r} makes no embeddings here: only a model of an OpenAI-compatible upstream does."
)

GONE = "The upstream of this model is not configured any more. GET /v1/models lists what is served."


class Routes:
    """What is left to be tried, in order, and the faults that ended the others.

    Raises Fault where none of them fits the caller's own tokens, what is pinned, or what the
    request asks for.
    """

    __slots__ = ("_busy", "_endpoints", "_ends", "_left")

    def __init__(self, routes: Sequence[Route], incoming: Incoming, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        own, pinned = incoming.caller.credentials, incoming.pinned_alias
        if incoming.pinned_route is not None:
            routes = _of_route(routes, incoming.pinned_route)
        if own:
            routes = _of_own(routes, own)
        elif pinned is not None:
            routes = _of_pinned(routes, pinned, endpoints)
        if incoming.chat.origin.features:
            routes = _of_able(routes, incoming.chat, endpoints)
        self._left = list(routes)
        # Where everybody was busy: worth a wait once nothing else is left.
        self._busy: Route | None = None
        self._ends: list[tuple[Fault, bool]] = []

    def __bool__(self) -> bool:
        return bool(self._left)

    def take(self) -> Route | None:
        """The next one; None where none is left. A reload may have removed its endpoint."""
        while self._left:
            route = self._left.pop(0)
            if route.endpoint in self._endpoints:
                return route
        busy, self._busy = self._busy, None
        return busy if busy is not None and busy.endpoint in self._endpoints else None

    def pass_over_busy(self, route: Route) -> None:
        """Come back to this one where no other serves."""
        if self._busy is None:
            self._busy = route

    def close(self, fault: Fault, *, was_asked: bool) -> None:
        """A route ended so; `was_asked`: somebody was asked there."""
        self._ends.append((fault, was_asked))

    def final_fault(self) -> Fault:
        """What to answer when no route is left.

        Who says when to come back says more than who does not, and the soonest counts; else the
        last that was really asked.
        """
        # Kept here, a fault that is raised would stand in a circle with the frames it goes through.
        ends, self._ends = self._ends, []
        if not ends:
            return Fault(FaultKind.UPSTREAM_UNAVAILABLE, GONE)
        timed = [fault for fault, _ in ends if fault.retry_after_s is not None]
        if timed and len(ends) > 1:
            return min(timed, key=lambda fault: fault.retry_after_s or 0.0)
        asked = [fault for fault, was_asked in ends if was_asked]
        return asked[-1] if asked else ends[-1][0]


def find_own(incoming: Incoming, endpoint: str) -> tuple[Credential, ...]:
    """The caller's own credentials that belong to an endpoint."""
    own = incoming.caller.credentials
    return tuple([one for one in own if one.endpoint == endpoint]) if own else ()


def _of_own(routes: Sequence[Route], own: Sequence[Credential]) -> Sequence[Route]:
    """Never with the pool's credentials: whoever brings tokens pays with them."""
    names = {one.endpoint for one in own}
    fitting = [route for route in routes if route.endpoint in names]
    if not fitting:
        raise Fault(FaultKind.NO_CREDENTIALS, OTHERS_TOKENS)
    return fitting


def _of_pinned(routes: Sequence[Route], alias: str, endpoints: Endpoints) -> Sequence[Route]:
    names = {name for name, endpoint in endpoints.items() if endpoint.pool.has_alias(alias)}
    fitting = [route for route in routes if route.endpoint in names]
    if names and not fitting:
        raise Fault(FaultKind.INVALID_REQUEST, OTHERS_CREDENTIAL, param="x-credential")
    # Where nobody has it, a pool says so.
    return fitting or routes[:1]


def _of_route(routes: Sequence[Route], pinned: str) -> Sequence[Route]:
    fitting = [one for one in routes if pinned in {one.endpoint, f"{one.endpoint}/{one.model}"}]
    if not fitting:
        raise Fault(FaultKind.INVALID_REQUEST, OTHER_ROUTE, param="x-route")
    return fitting


def _of_able(routes: Sequence[Route], chat: ChatRequest, endpoints: Endpoints) -> Sequence[Route]:
    """Those that can do what the request asks for; raises Fault where none can what it needs."""
    lacking: dict[Route, frozenset[Feature]] = {}
    needed: list[RequestedFeature] = []
    able: list[Route] = []
    for route in routes:
        endpoint = endpoints.get(route.endpoint)
        if endpoint is None:
            continue
        missing = endpoint.find_missing(chat, route.model)
        lacking[route] = frozenset([one.feature for one in missing])
        if lacking[route].isdisjoint(NEEDED - endpoint.provided):
            able.append(route)
        else:
            needed += [one for one in missing if one.feature in NEEDED]
    if not able and needed:
        first = needed[0]
        if first.feature is Feature.EMBEDDINGS:
            # To whoever asks for vectors, a model that writes is none.
            raise Fault(FaultKind.MODEL_NOT_FOUND, NO_EMBEDDINGS.format(chat.model), param="model")
        raise invalid_request(
            f"No route of the model {chat.model!r} has what '{first.param}' asks for:"
            f" {first.feature.value}. {HINTS.get(first.feature, HINT)}",
            code="unsupported_value",
            param=first.param,
        )
    for feature in PREFERRED:
        having = [route for route in able if feature not in lacking[route]]
        able = having or able
    return able
