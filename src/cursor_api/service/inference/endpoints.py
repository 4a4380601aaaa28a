"""The endpoints: each an address of an upstream, with all that is its own.

Rules of this file:
- A secret goes only where it belongs: an endpoint has its own pool, and nobody else leases from it.
- What an endpoint has come to (cooldowns, breakers, retry budget) lasts as long as the process. A
  change of the settings gives it another upstream and other options, and resets nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from msgspec import Struct, field

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.credential import Credential
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.features import PROVIDED, Feature, RequestedFeature
from cursor_api.domain.words import UpstreamWords
from cursor_api.pool.breaker import Breaker, BreakerOptions
from cursor_api.pool.breakers import Breakers
from cursor_api.pool.pool import Pool
from cursor_api.ports.process import Observer
from cursor_api.ports.upstream import DeltaBatches, Upstream, UpstreamKind
from cursor_api.service.inference.failover import FailoverOptions, RetryBudget
from cursor_api.service.inference.linked_images import AnswerWithImages, ImageSource
from cursor_api.service.inference.provided import Provided, open_provided

# How soon the operator is warned again that the gateway cannot ask anybody.
WARN_AGAIN_S = 60.0
# Whoever answered so lately is not down: as long as the breaker leaves one alone that is.
ANSWERING_S = 30.0


class TroubleOptions(Struct, frozen=True):
    """How often to try an endpoint again, and when to leave it alone."""

    failover: FailoverOptions = field(default_factory=FailoverOptions)
    breaker: BreakerOptions = field(default_factory=BreakerOptions)


class Endpoint:
    """One address of an upstream: who is asked there, with which credentials, and how it is."""

    __slots__ = (
        "answered_at",
        "breakers",
        "budget",
        "failover",
        "images",
        "kind",
        "name",
        "pool",
        "upstream",
    )

    def __init__(
        self,
        name: str,
        upstream: Upstream,
        pool: Pool,
        kind: UpstreamKind,
        options: TroubleOptions | None = None,
    ) -> None:
        options = options or TroubleOptions()
        self.name = name
        self.upstream = upstream
        self.pool = pool
        self.kind = kind
        # Fetches linked images for upstreams that take no links; None: switched off.
        self.images: ImageSource | None = None
        self.failover = options.failover
        self.budget = RetryBudget(options.failover)
        self.breakers = Breakers(options.breaker)
        # When an answer of its began last, whoever asked; by the monotonic clock.
        self.answered_at = -math.inf

    def __repr__(self) -> str:
        return f"Endpoint({self.name}, {self.pool}, {self.breakers}, {self.budget})"

    @property
    def words(self) -> UpstreamWords:
        """What people are told about it."""
        return self.kind.words

    def find_missing(self, chat: ChatRequest, model: str) -> tuple[RequestedFeature, ...]:
        """What the request asks for and this model of the upstream's cannot do.

        A request of the upstream's own dialect goes on as it came, and asks for nothing more.
        """
        features = chat.origin.features
        if not features or chat.origin.native_in(self.kind.dialect) is not None:
            return ()
        can = self.kind.features - self.upstream.find_lacks(model)
        return tuple([one for one in features if one.feature not in can])

    def find_ignored(self, chat: ChatRequest, model: str) -> tuple[str, ...]:
        """The parameters of a request that change nothing on this model."""
        missing = self.find_missing(chat, model)
        provided = self.provided
        return tuple(dict.fromkeys(one.param for one in missing if one.feature not in provided))

    @property
    def provided(self) -> frozenset[Feature]:
        """What the gateway does where the upstream cannot."""
        return PROVIDED if self.images is None else PROVIDED | {Feature.IMAGE_LINKS}

    def open(
        self, chat: ChatRequest, route: Route, credential: Credential
    ) -> AbstractAsyncContextManager[DeltaBatches]:
        """Ask its upstream; `provided` features that it lacks are added to its answer here."""
        missing = {one.feature for one in self.find_missing(chat, route.model)} & self.provided
        if not missing:
            return self.upstream.open(chat, route, credential)
        if Feature.IMAGE_LINKS in missing and self.images is not None:
            missing.remove(Feature.IMAGE_LINKS)
            return AnswerWithImages(
                lambda fetched: self._open_provided(fetched, route, credential, missing),
                chat,
                self.images,
            )
        return self._open_provided(chat, route, credential, missing)

    def _open_provided(
        self, chat: ChatRequest, route: Route, credential: Credential, missing: set[Feature]
    ) -> AbstractAsyncContextManager[DeltaBatches]:
        asked = chat.parameters
        provided = Provided(
            asked.output if Feature.OUTPUT_FORM in missing else None,
            asked.sampling.stop if Feature.STOP in missing else (),
            asked.sampling.output_count_max if Feature.OUTPUT_MAX in missing else None,
        )
        return open_provided(
            lambda changed: self.upstream.open(changed, route, credential), chat, provided
        )

    def has_answered_lately(self, now: float) -> bool:
        """Whether somebody's answer has begun so lately that the endpoint works."""
        return now - self.answered_at <= ANSWERING_S

    def use(self, upstream: Upstream, options: TroubleOptions) -> None:
        """Ask this upstream from the next request on; what was learnt of the endpoint stays."""
        self.upstream = upstream
        self.failover = options.failover
        self.budget.use(options.failover)
        self.breakers.use(options.breaker)


class Endpoints(Mapping[str, Endpoint]):
    """All of them by name, in the operator's order, and what the operator is told of them."""

    def __init__(self, endpoints: Iterable[Endpoint], observer: Observer) -> None:
        self._by_name: dict[str, Endpoint] = {}
        self._observer = observer
        self._warned_at = -math.inf
        self.replace(endpoints)

    def replace(self, endpoints: Iterable[Endpoint]) -> None:
        """From now on there are these."""
        self._by_name = {endpoint.name: endpoint for endpoint in endpoints}

    def __getitem__(self, name: str) -> Endpoint:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        # Mapping's own would raise and catch, for every request.
        return name in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def report_shortage(self, fault: Fault, now: float) -> None:
        """Warn the operator, but not of each of thousands, that the gateway itself cannot ask."""
        if now - self._warned_at >= WARN_AGAIN_S:
            self._warned_at = now
            self._observer.warn("requests fail for want of means", detail=fault.kept_message)

    def report_breaker(self, endpoint: Endpoint, breaker: Breaker) -> None:
        """Tell the operator that one is not asked any more, or is asked again."""
        cause = breaker.cause
        who = "the upstream"
        facts: dict[str, Any] = {"upstream": endpoint.name}
        if breaker.model:
            who, facts["model"] = "a model of the upstream", breaker.model
        if cause is None:
            self._observer.notice(f"{who} answers again", **facts)
            return
        facts["detail"] = cause.kept_message
        is_outdated = cause.kind is FaultKind.CLIENT_OUTDATED
        words = endpoint.words.client_outdated if is_outdated else f"{who} is not asked for a while"
        self._observer.warn(words, **facts)
