"""The one owner of what lasts through a reload, and how its parts are put together."""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

from msgspec import Struct

from cursor_api import installed
from cursor_api.bootstrap.api_keys import KeyHouse, KeyHouseParts, make_key_house
from cursor_api.bootstrap.stores import Stores, make_checksum
from cursor_api.domain.act import FILES
from cursor_api.domain.alert import Alert
from cursor_api.domain.credential import Credential, Secret
from cursor_api.installed import Settings
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.pool.pool import Pool
from cursor_api.ports.configuration import Configuration
from cursor_api.ports.limits import LimitStore
from cursor_api.ports.process import Clock, Observer
from cursor_api.ports.upstream import Upstream, UpstreamParts
from cursor_api.service.access.admission import Admission
from cursor_api.service.access.key_news import KeyNews
from cursor_api.service.access.local_limits import LocalWhenAway
from cursor_api.service.alerts.conditions import Conditions, find_shared
from cursor_api.service.alerts.watch import AlertWatch
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.roster import Roster, RosterParts
from cursor_api.service.credentials.shared_health import SharedHealth, SharedHealthParts
from cursor_api.service.credentials.trial import Trials
from cursor_api.service.credentials.use_cases import CredentialParts, Credentials
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.endpoints import Endpoint, Endpoints, TroubleOptions
from cursor_api.service.inference.kept_answers import KeptAnswers
from cursor_api.service.inference.model_lists import ModelLists
from cursor_api.service.inference.open_upstreams import OpenUpstreams, UpstreamPlan
from cursor_api.service.inference.relay import Relay
from cursor_api.service.inference.search import Collaborators
from cursor_api.service.inference.transcripts import Transcripts
from cursor_api.service.readiness import Readiness
from cursor_api.service.steps import StepRunner
from cursor_api.stores.memory_limits import MemoryLimitStore
from cursor_api.stores.memory_records import MemoryRecords
from cursor_api.stores.options import WhenAway
from cursor_api.telemetry.measuring import Measuring
from cursor_api.telemetry.metrics import GatewayStanding
from cursor_api.telemetry.redaction import Redactor
from cursor_api.telemetry.request_lines import RequestLines
from cursor_api.telemetry.request_spans import RequestSpans
from cursor_api.telemetry.told_log import ToldLog
from cursor_api.telemetry.tracing import Tracing
from cursor_api.transport.image_fetch import ImageFetcher
from cursor_api.transport.webhook import Webhook
from cursor_api.web.access.auth import SALT_BYTES, Authenticator
from cursor_api.web.access.lockout import Lockout
from cursor_api.web.management.now import WorkerNow, worker_now
from cursor_api.web.management.request_report import RequestOut
from cursor_api.web.management.requests import find_here
from cursor_api.web.management.siblings import WorkerView
from cursor_api.web.parts import WebParts
from cursor_api.web.server.lifecycle import Lifecycle


class HouseParts(Struct, frozen=True):
    """What a gateway is given."""

    stores: Stores
    clock: Clock
    observer: Observer
    redactor: Redactor
    configuration: Configuration


class House:
    """The one owner of what lasts through every change of the settings, which resets none of it.

    `use` brings it up to date with the settings. What is still open at the end closes with `stack`.
    """

    def __init__(self, settings: Settings, parts: HouseParts, stack: AsyncExitStack) -> None:
        self._with = parts
        self._salt = os.urandom(SALT_BYTES)
        # By upstream; a new key needs no new connections.
        self._api_keys: dict[str, Sequence[Secret]] = {}
        clock, observer = parts.clock, parts.observer
        self._queue = settings.queue
        self._when_away = settings.shared.when_away
        self._records = parts.stores.records or _memory_records(settings, clock)
        self._request_log = parts.stores.request_log or self._records
        self.catalog = Catalog()
        self.measuring = Measuring(self.catalog.lists, self._look)
        self.tracing = Tracing(RequestSpans(self._find_kind, self.catalog.lists), observer)
        self._lines = RequestLines(clock.monotonic)
        told = (self.tracing.take, self.measuring.count, self._lines.tell)
        self.steps = StepRunner()
        self.endpoints = Endpoints((), observer)
        self.model_lists = ModelLists(self.catalog, self.endpoints, observer)
        self.pools = CredentialPools(self.endpoints)
        self.roster = self._make_roster()
        self._health = self._share_health()
        self.key_house = self._make_key_house()
        self._transcripts = Transcripts(self._records.keep, parts.redactor.redact_text)
        collaborators = Collaborators(
            self.catalog,
            self.endpoints,
            ToldLog(self._request_log, told),
            clock,
            random.random,
            self.key_house.prices.find,
            self.key_house.quota,
            self._transcripts,
            self._look_for,
        )
        self.relay = relay = Relay(collaborators)
        self.upstreams = OpenUpstreams(lambda: relay.active, clock, observer)
        stack.push_async_callback(self.upstreams.close)
        self.lifecycle = Lifecycle(self.relay.break_off)
        trials = Trials(collaborators, self.pools)
        self.credentials = Credentials(
            CredentialParts(self.roster, self.pools, trials, self.endpoints, clock)
        )
        self._images = ImageFetcher()
        self._admission = Admission(settings.admission, clock, observer)
        self._lockout = Lockout(settings.lockout, clock)
        self.kept = KeptAnswers(settings.kept_answers, clock)
        self._readiness = self._make_readiness(settings)
        self.alerts = AlertWatch(self._make_conditions(clock).find, clock, observer)

    def _make_conditions(self, clock: Clock) -> Conditions:
        records_state = self._records.state
        return Conditions(
            lambda: self._readiness, self.pools, records_state, clock, self._find_alerts
        )

    def _find_alerts(self) -> Iterator[Alert]:
        yield from self.key_house.budgets.find()
        yield from find_shared(is_up=self._is_shared_up())

    async def use(self, settings: Settings) -> None:
        """Serve under these settings; raises OSError and StoreError, and changes nothing then."""
        upstreams = settings.upstreams
        self.key_house.keys.keep_apart(settings.access.client_names)
        # All that can fail. What follows is done in one step.
        opened = await self.upstreams.replace({one.name: self._plan(one) for one in upstreams})
        self._api_keys = {one.name: one.api_keys for one in upstreams}
        self._with.redactor.add_all(secret.reveal() for secret in settings.secrets)
        trouble = TroubleOptions(settings.failover, settings.breaker)
        self.endpoints.replace(
            [self._endpoint(one, opened[one.name], trouble) for one in upstreams]
        )
        for endpoint in self.endpoints.values():
            endpoint.pool.use_policy(settings.pool.policy)
            endpoint.images = self._images if settings.images.is_on else None
        features = {name: one.kind.features for name, one in self.endpoints.items()}
        self.catalog.use(settings.models, features)
        self.model_lists.fix({one.name: one.models for one in upstreams if one.models is not None})
        self.roster.configure([key for one in upstreams for key in credentials_of(one)])
        self._admission.options = settings.admission
        self._lockout.options = settings.lockout
        self.kept.use(settings.kept_answers, settings.access)
        self._lines.is_on = settings.logs.requests
        self._transcripts.is_on = settings.request_log.keep_content
        self.measuring.use(by_caller=settings.metrics.by_caller)
        self.tracing.use(settings.traces)
        self._readiness = self._make_readiness(settings)
        url = settings.alerts.url
        self.alerts.deliver = Webhook(url, settings.alerts.proxy).deliver if url else None

    async def end(self) -> None:
        """What has to be told and written at the end."""
        if self._health is not None:
            self._health.leave()
        await self.roster.save()

    def watches(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What goes on beside the requests, until it is cancelled."""
        return (
            self.roster.watch(),
            self.model_lists.watch(),
            self.upstreams.watch(),
            self.alerts.run(),
            self.measuring.watch(),
            self.tracing.run(),
            *self.key_house.watches(),
            *((self._health.watch(),) if self._health is not None else ()),
        )

    def web_parts(self, settings: Settings) -> WebParts:
        """What the addresses work with under these settings, from the next request on."""
        return WebParts(
            relay=self.relay,
            admission=self._admission,
            catalog=self.catalog,
            request_log=self._request_log,
            records=self._records,
            refusals=self.measuring.refusals(self._records),
            metrics=self.measuring.page,
            authenticator=self._authenticator(settings),
            api_keys=self.key_house.keys,
            quota=self.key_house.quota,
            prices=self.key_house.prices,
            audit=self.key_house.audit,
            is_shared_up=self._is_shared_up,
            node=self._node or None,
            siblings=lambda: self.measuring.page.siblings,
            clock=self._with.clock,
            roster=self.roster,
            credentials=self.credentials,
            lifecycle=self.lifecycle,
            steps=self.steps,
            kept=self.kept,
            dialects=installed.DIALECTS,
            new_binding=make_checksum,
            configuration=self._with.configuration,
            readiness=self._readiness,
            keys=settings.access.named_keys(),
        )

    def view(self, take_code: Callable[[str], Secret | None]) -> WorkerView:
        """What is told the other workers."""
        return WorkerView(self._now, self._find_request, take_code, self._node)

    @property
    def _node(self) -> str:
        """What this one is called among all that share something; "" where nothing is shared."""
        return self._health.name if self._health is not None else ""

    async def _find_request(self, request_id: str) -> RequestOut | None:
        under_way, words = self.relay.under_way(), self._readiness.words
        return await find_here(request_id, under_way, self._records, words)

    def _now(self) -> WorkerNow:
        waiting_count = self._readiness.waiting_count
        return worker_now(self.relay.under_way(), waiting_count, self._with.clock.now())

    def _find_kind(self, endpoint: str) -> str | None:
        found = self.endpoints.get(endpoint)
        return found.kind.name if found is not None else None

    async def _look_for(self, alias: str) -> None:
        await self.credentials.look_for(alias)

    def _look(self) -> GatewayStanding:
        """How things stand, for whoever scrapes metrics."""
        return GatewayStanding(
            self.relay.active_count,
            self._readiness.waiting_count,
            self._readiness.credentials(),
            self._readiness.upstreams(),
            self._records.state(),
            self._admission.refused_counts,
            self._is_shared_up(),
        )

    def _is_shared_up(self) -> bool | None:
        """Whether what nodes share can be reached; None where nothing is shared."""
        shared = self._with.stores.shared
        return shared.is_up if shared is not None else None

    def _make_roster(self) -> Roster:
        parts = self._with
        return Roster(
            RosterParts(
                parts.stores.credentials,
                parts.stores.pool_state,
                self.pools,
                parts.clock,
                parts.observer,
                self._hide_secrets,
                lambda kind, aliases: self.key_house.audit.note(FILES, kind, aliases),
                parts.stores.shared_credentials,
                parts.stores.find_unread,
            )
        )

    def _find_limits(self) -> LimitStore | None:
        """What counts for API keys; None: this process alone."""
        shared, health, clock = self._with.stores.shared, self._health, self._with.clock
        if shared is None or health is None or self._when_away is WhenAway.REFUSE:
            return shared.limits if shared is not None else None
        return LocalWhenAway(
            shared.limits, lambda: MemoryLimitStore(clock), lambda: health.node_count
        )

    def _share_health(self) -> SharedHealth | None:
        shared = self._with.stores.shared
        if shared is None:
            return None
        parts = SharedHealthParts(
            shared.facts,
            self.pools,
            self.roster.digest,
            self._with.clock,
            lambda: self.lifecycle.is_leaving,
        )
        return SharedHealth(parts)

    def _make_key_house(self) -> KeyHouse:
        parts, stores = self._with, self._with.stores
        return make_key_house(
            KeyHouseParts(
                stores.keys,
                self._records,
                self.catalog.resolve,
                parts.clock,
                parts.observer,
                self._find_limits(),
                self._is_shared_up,
                KeyNews(stores.shared.facts, parts.clock) if stores.shared is not None else None,
            )
        )

    def _authenticator(self, settings: Settings) -> Authenticator:
        reader = installed.own_credentials_reader(settings)
        return Authenticator(
            settings.access, self._lockout, reader, self._salt, self.key_house.keys
        )

    def _make_readiness(self, settings: Settings) -> Readiness:
        return Readiness(
            self.endpoints,
            self.pools,
            self.catalog,
            self._with.clock,
            is_passthrough=settings.access.is_passthrough,
        )

    def _plan(self, settings: UpstreamSettings) -> UpstreamPlan:
        """How to open it: anew only where what it is opened with has changed."""
        kind = installed.KINDS[settings.kind]
        parts = UpstreamParts(
            settings.name,
            self._with.clock,
            self.steps,
            settings.headers,
            self._with.redactor.redact_text,
            functools.partial(self._find_api_keys, settings.name),
            self._with.observer,
            self._health,
        )
        return UpstreamPlan(
            (settings.kind, settings.options, settings.headers),
            functools.partial(kind.build, settings.options, parts),
        )

    def _find_api_keys(self, name: str) -> Sequence[Secret]:
        configured = self._api_keys.get(name)
        endpoint = self.endpoints.get(name)
        if configured or endpoint is None:
            return configured or ()
        return [credential.secret for credential in endpoint.pool.credentials]

    def _endpoint(
        self, settings: UpstreamSettings, upstream: Upstream, trouble: TroubleOptions
    ) -> Endpoint:
        known, kind = self.endpoints.get(settings.name), installed.KINDS[settings.kind]
        # Each kind has its own words: under the same name this may be another kind now, for which
        # nothing that was learnt holds.
        if known is not None and known.kind is kind:
            known.use(upstream, trouble)
            return known
        pool = Pool(
            self._with.clock,
            random.random,
            queue=self._queue,
            no_credentials=kind.words.no_credentials,
        )
        pool.watcher = self._health
        return Endpoint(settings.name, upstream, pool, kind, trouble)

    def _hide_secrets(self, credentials: Sequence[Credential]) -> None:
        self._with.redactor.add_all(credential.secret.reveal() for credential in credentials)


def _memory_records(settings: Settings, clock: Clock) -> MemoryRecords:
    kept = settings.request_log
    return MemoryRecords(clock, entries_max=kept.entries_max, content_days=kept.keep_content_days)


def credentials_of(settings: UpstreamSettings) -> list[Credential]:
    """The API keys that an upstream has in the settings, as credentials for it alone."""
    name, keys = settings.name, settings.api_keys
    aliases = [name] if len(keys) == 1 else [f"{name}-{n}" for n in range(1, len(keys) + 1)]
    return [
        Credential(alias, key, endpoint=name, is_configured=True)
        for alias, key in zip(aliases, keys, strict=True)
    ]
