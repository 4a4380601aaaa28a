"""Endpoints over scripted upstreams, for tests of what asks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from cursor_api.domain.catalog import Model
from cursor_api.domain.credential import CredentialForm
from cursor_api.domain.credential_health import QuarantineReason
from cursor_api.domain.errors import Scope
from cursor_api.domain.features import Feature
from cursor_api.domain.words import UpstreamWords
from cursor_api.pool.pool import Pool
from cursor_api.ports.process import Observer
from cursor_api.ports.upstream import Upstream, UpstreamKind, UpstreamParts
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.endpoints import Endpoint, Endpoints, TroubleOptions
from cursor_api.telemetry.observer import LogObserver

FAKE = "fake"
FAKE_FORM = CredentialForm(FAKE, lambda _secret: True, is_bound=True)
MODELS = (Model("gpt-4o", "openai", 1),)

WORDS = UpstreamWords(
    quarantine={reason: f"it is {reason.value}" for reason in QuarantineReason},
    cooling="It rests for {models}.",
    advice={},
    advice_by_scope={scope: f"ask the {scope.value}" for scope in Scope},
    client_outdated="the upstream wants a newer client",
    no_credentials="No credential is configured.",
)


@dataclass(frozen=True)
class FakeKind:
    """A kind of scripted upstreams, which somebody else opens; it can do all but what it lacks."""

    lacks: frozenset[Feature] = frozenset()
    name: str = FAKE
    options: type[Any] = object
    words: UpstreamWords = WORDS
    forms: tuple[CredentialForm, ...] = ()
    dialect: str = ""

    @property
    def features(self) -> frozenset[Feature]:
        """See ports.UpstreamKind."""
        return frozenset(Feature) - self.lacks

    def build(self, options: Any, parts: UpstreamParts) -> AbstractAsyncContextManager[Upstream]:
        """Never asked for."""
        raise NotImplementedError


KIND = FakeKind()


def endpoint_of(
    upstream: Upstream,
    pool: Pool,
    options: TroubleOptions | None = None,
    name: str = FAKE,
    kind: UpstreamKind = KIND,
) -> Endpoint:
    """An endpoint behind its breaker."""
    return Endpoint(name, upstream, pool, kind, options)


def endpoints_of(
    upstream: Upstream,
    pool: Pool,
    options: TroubleOptions | None = None,
    observer: Observer | None = None,
) -> Endpoints:
    """The only endpoint there is."""
    return Endpoints([endpoint_of(upstream, pool, options)], observer or LogObserver())


def catalog_of(lists: Mapping[str, Sequence[Model]] | None = None) -> Catalog:
    """What each endpoint serves; the fake one serves one model."""
    catalog = Catalog()
    for name, models in (lists or {FAKE: MODELS}).items():
        catalog.put(name, models)
    return catalog
