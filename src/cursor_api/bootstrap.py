"""The composition root: settings in, a running gateway out.

Here the parts are made and handed to each other; what they are made of is named in installed.py.
"""

from __future__ import annotations

import asyncio
import functools
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from cursor_api import installed
from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import BindingNotStoredError
from cursor_api.installed import Settings
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.pool.pool import Pool
from cursor_api.ports.configuration import Configuration, Unshown
from cursor_api.ports.process import Clock, Observer
from cursor_api.ports.stores import CredentialFiles, PoolStateStore, RequestLog
from cursor_api.ports.upstream import Upstream, UpstreamParts
from cursor_api.service.access.admission import Admission
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.roster import Roster, RosterParts
from cursor_api.service.credentials.trial import Trials
from cursor_api.service.credentials.use_cases import CredentialParts, Credentials
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.endpoints import Endpoint, Endpoints, TroubleOptions
from cursor_api.service.inference.kept_answers import KeptAnswers
from cursor_api.service.inference.model_lists import ModelLists
from cursor_api.service.inference.open_upstreams import OpenUpstreams, UpstreamPlan
from cursor_api.service.inference.relay import Relay
from cursor_api.service.inference.search import Collaborators
from cursor_api.service.readiness import Readiness
from cursor_api.service.steps import StepRunner
from cursor_api.stores.files.pool_state import FilePoolStateStore, MemoryPoolStateStore
from cursor_api.stores.memory import MemoryRequestLog
from cursor_api.stores.memory_records import MemoryRecords, RecordingLog
from cursor_api.stores.sqlite.request_log import SqliteRequestLog
from cursor_api.stores.sqlite.request_table import RequestTable
from cursor_api.telemetry.clock import SystemClock
from cursor_api.telemetry.observer import LogObserver
from cursor_api.telemetry.redaction import Redactor
from cursor_api.telemetry.request_lines import RequestLines
from cursor_api.transport.image_fetch import ImageFetcher
from cursor_api.web.access.auth import SALT_BYTES, Authenticator
from cursor_api.web.access.lockout import Lockout
from cursor_api.web.app import App
from cursor_api.web.management.tokens import TokenFileOptions
from cursor_api.web.parts import WebOptions, WebParts
from cursor_api.web.server.lifecycle import Lifecycle
from cursor_api.wire.checksum import new_checksum


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that is ready to be served."""

    app: App
    credential_count: int
    roster: Roster
    lifecycle: Lifecycle
    endpoints: Endpoints
    # Serve with other settings from the next request on; raises OSError, and changes nothing then.
    # Those of the listener, of files, of the queue and of the request log stay as they were.
    renew: Callable[[Settings], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Operator:
    """What a person at the command line works with."""

    credentials: Credentials
    roster: Roster
    pools: CredentialPools


def make_checksum() -> str:
    """A new device, for a token that has none yet."""
    return new_checksum(os.urandom, time.time())


@dataclass(frozen=True, slots=True)
class Stores:
    """Where credentials, the pool's state and the request log are kept."""

    credentials: CredentialFiles
    pool_state: PoolStateStore
    # None: the gateway keeps the last requests in memory.
    request_log: RequestLog | None = None


def file_stores(settings: Settings) -> Stores:
    """The two token files, and those of the pool's state and of the request log."""
    files, log = settings.files, settings.request_log
    request_log = None
    if log.kept_max:
        table = RequestTable(files.request_log_file, log.kept_max)
        request_log = SqliteRequestLog(table, log.entries_max, LogObserver())
    return Stores(
        installed.FileCredentialStore(
            files.token_file,
            files.token_list_file,
            make_checksum,
            installed.FileOptions(
                forms=installed.FORMS, given=installed.given_credentials(settings)
            ),
        ),
        FilePoolStateStore(files.pool_state_file),
        request_log,
    )


def memory_stores(credentials: Sequence[Credential]) -> Stores:
    """Stores that last as long as the process, for a demo."""
    return Stores(
        installed.MemoryCredentialStore(credentials, make_checksum, forms=installed.FORMS),
        MemoryPoolStateStore(),
    )


@asynccontextmanager
async def build_gateway(
    settings: Settings,
    stores: Stores,
    redactor: Redactor,
    clock: Clock | None = None,
    configuration: Configuration | None = None,
) -> AsyncIterator[Gateway]:
    """Put the parts together, and keep them up to date while the context lasts.

    Raises StoreError when the credentials cannot be read whole, OSError when an upstream cannot be
    opened. `clock` None is the machine's. `configuration` is what the operator is shown of the
    settings.
    """
    parts = HouseParts(
        stores, clock or SystemClock(), LogObserver(), redactor, configuration or Unshown()
    )
    async with AsyncExitStack() as stack:
        if isinstance(stores.request_log, SqliteRequestLog):
            await stack.enter_async_context(stores.request_log)
        house = House(settings, parts, stack)
        await house.use(settings)
        credential_count = await _begin(house.roster)
        await house.model_lists.refresh()
        app = App(house.web_parts(settings), _web_options(settings))

        tasks = {
            asyncio.create_task(one)
            for one in (house.roster.watch(), house.model_lists.watch(), house.upstreams.watch())
        }

        async def renew(new: Settings) -> None:
            await house.use(new)
            # Only now, as a new authenticator forgets where keys that go were used.
            app.use(house.web_parts(new), _web_options(new))
            # An upstream that does not answer keeps nobody waiting for what is done.
            refreshing = asyncio.create_task(house.model_lists.refresh())
            tasks.add(refreshing)
            refreshing.add_done_callback(tasks.discard)

        try:
            yield Gateway(
                app, credential_count, house.roster, house.lifecycle, house.endpoints, renew
            )
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await house.roster.save()


@dataclass(frozen=True, slots=True)
class HouseParts:
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
        self._request_log = parts.stores.request_log or MemoryRequestLog(
            settings.request_log.entries_max
        )
        self.records = MemoryRecords(clock)
        self._lines = RequestLines(RecordingLog(self._request_log, self.records), clock.monotonic)
        self.steps = StepRunner()
        self.endpoints = Endpoints((), observer)
        self.catalog = Catalog()
        self.model_lists = ModelLists(self.catalog, self.endpoints, observer)
        self.pools = CredentialPools(self.endpoints)
        self.roster = Roster(
            RosterParts(
                parts.stores.credentials,
                parts.stores.pool_state,
                self.pools,
                clock,
                observer,
                self._hide_secrets,
            )
        )
        collaborators = Collaborators(
            self.catalog, self.endpoints, self._lines, clock, random.random
        )
        self.relay = relay = Relay(collaborators)
        self.upstreams = OpenUpstreams(lambda: relay.active, clock, observer)
        stack.push_async_callback(self.upstreams.close)
        self.lifecycle = Lifecycle(self.relay.break_off)
        self.credentials = Credentials(
            CredentialParts(
                self.roster,
                self.pools,
                Trials(collaborators, self.pools),
                self.endpoints,
                clock,
            )
        )
        self._images = ImageFetcher()
        stack.push_async_callback(self._images.close)
        self._admission = Admission(settings.admission, clock, observer)
        self._lockout = Lockout(settings.lockout, clock)
        self.kept = KeptAnswers(settings.kept_answers, clock)

    async def use(self, settings: Settings) -> None:
        """Serve under these settings; raises OSError, and changes nothing then."""
        upstreams = settings.upstreams
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
        self.roster.configure([key for one in upstreams for key in _credentials_of(one)])
        self._admission.options = settings.admission
        self._lockout.options = settings.lockout
        self.kept.use(settings.kept_answers, settings.access)
        self._lines.is_on = settings.logs.requests

    def web_parts(self, settings: Settings) -> WebParts:
        """What the addresses work with under these settings, from the next request on."""
        return WebParts(
            relay=self.relay,
            admission=self._admission,
            catalog=self.catalog,
            request_log=self._request_log,
            records=self.records,
            authenticator=_authenticator(settings, self._lockout, self._salt),
            clock=self._with.clock,
            roster=self.roster,
            credentials=self.credentials,
            lifecycle=self.lifecycle,
            steps=self.steps,
            kept=self.kept,
            dialects=installed.DIALECTS,
            new_binding=make_checksum,
            configuration=self._with.configuration,
            readiness=Readiness(
                self.endpoints,
                self.pools,
                self.catalog,
                self._with.clock,
                is_passthrough=settings.access.is_passthrough,
            ),
            keys=settings.access.named_keys(),
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
        return Endpoint(settings.name, upstream, pool, kind, trouble)

    def _hide_secrets(self, credentials: Sequence[Credential]) -> None:
        self._with.redactor.add_all(credential.secret.reveal() for credential in credentials)


async def _begin(roster: Roster) -> int:
    """Start with the credentials that can serve, where only new bindings could not be stored."""
    try:
        return await roster.start()
    except BindingNotStoredError as error:
        if not error.known:
            raise
        LogObserver().warn("new credentials cannot be served yet", detail=str(error))
        return sum(not one.is_configured for one in error.known)


@asynccontextmanager
async def open_credentials(
    settings: Settings, observer: Observer, others: Sequence[UpstreamSettings] = ()
) -> AsyncIterator[Operator]:
    """The credentials without a gateway around them, for commands.

    The keys of the `others`, which are not opened, are no credentials to be added. Raises
    StoreError when they cannot be read whole. Where only new bindings could not be stored, those
    that have one are there, and the observer is told.
    """
    # No request is logged here, and the gateway's own log file stays closed.
    stores = replace(file_stores(settings), request_log=MemoryRequestLog(1))
    parts = HouseParts(stores, SystemClock(), observer, Redactor(), Unshown())
    async with AsyncExitStack() as stack:
        house = House(settings, parts, stack)
        await house.use(settings)
        if others:
            house.roster.configure([key for one in others for key in _credentials_of(one)])
        try:
            await house.roster.start()
        except BindingNotStoredError as error:
            observer.warn(str(error))
        await house.model_lists.refresh()
        yield Operator(house.credentials, house.roster, house.pools)


def _authenticator(settings: Settings, lockout: Lockout, salt: bytes) -> Authenticator:
    reader = installed.own_credentials_reader(settings)
    return Authenticator(settings.access, lockout, reader, salt)


def _credentials_of(settings: UpstreamSettings) -> list[Credential]:
    """The API keys that an upstream has in the settings, as credentials for it alone."""
    name, keys = settings.name, settings.api_keys
    aliases = [name] if len(keys) == 1 else [f"{name}-{n}" for n in range(1, len(keys) + 1)]
    return [
        Credential(alias, key, endpoint=name, is_configured=True)
        for alias, key in zip(aliases, keys, strict=True)
    ]


def _web_options(settings: Settings) -> WebOptions:
    """With the names of the token files, which the management API shows."""
    files = TokenFileOptions(
        token_file=str(settings.files.token_file),
        token_list_file=str(settings.files.token_list_file),
        text_bytes_max=installed.TextLimits().file_bytes_max,
    )
    return replace(settings.web, token_files=files)
