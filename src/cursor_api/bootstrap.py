"""The only file that knows concrete classes: settings in, a running gateway out."""

from __future__ import annotations

import asyncio
import functools
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from cursor_api import __version__, installed
from cursor_api.domain.credential import Credential
from cursor_api.domain.errors import ChecksumNotStoredError, Fault
from cursor_api.pool.breaker import BreakerOptions
from cursor_api.pool.pool import Pool
from cursor_api.pool.selection import Policy
from cursor_api.pool.waiting import QueueOptions
from cursor_api.ports import Clock, CredentialFiles, Observer, PoolStateStore, RequestLog, Upstream
from cursor_api.service.access.admission import Admission, AdmissionOptions
from cursor_api.service.credentials.roster import Roster, RosterParts
from cursor_api.service.credentials.trial import Trials
from cursor_api.service.credentials.use_cases import CredentialParts, Credentials
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.failover import FailoverOptions
from cursor_api.service.inference.relay import Relay
from cursor_api.service.inference.search import Collaborators, Endpoints
from cursor_api.service.steps import StepRunner
from cursor_api.settings import Settings
from cursor_api.stores.files.pool_state import FilePoolStateStore, MemoryPoolStateStore
from cursor_api.stores.memory import MemoryRequestLog
from cursor_api.stores.sqlite.request_log import LastingRequestLog
from cursor_api.stores.sqlite.request_table import RequestTable
from cursor_api.telemetry.observer import LogObserver
from cursor_api.telemetry.redaction import Redactor
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.transport.timeouts import TimeoutsByModel
from cursor_api.upstreams.cursor.answer import AnswerLimits
from cursor_api.upstreams.cursor.chat import ChecksumTime, CursorChat, CursorOptions
from cursor_api.upstreams.cursor.token_files.memory import MemoryCredentialStore
from cursor_api.upstreams.cursor.token_files.store import FileCredentialStore
from cursor_api.upstreams.cursor.token_files.text import TextLimits
from cursor_api.web.access.auth import AccessOptions, Authenticator
from cursor_api.web.access.lockout import Lockout, LockoutOptions
from cursor_api.web.app import App, WebOptions, WebParts
from cursor_api.web.inference.route import InferenceOptions
from cursor_api.web.inference.streaming import KeepAliveOptions
from cursor_api.web.management.tokens import TokenFileOptions
from cursor_api.web.server import descriptors
from cursor_api.web.server.connection import ConnectionLimits
from cursor_api.web.server.lifecycle import Lifecycle
from cursor_api.web.server.server import ServerOptions
from cursor_api.wire.checksum import new_checksum
from cursor_api.wire.json_bounds import JsonLimits
from cursor_api.wire.limits import RequestLimits

# Linux stops its usual monotonic clock while the machine sleeps: after a night, a wall clock that
# only went on would look as if it had jumped, and a cooldown of an hour would last into the day.
if sys.platform == "linux":
    _read_steady_clock: Callable[[], float] = functools.partial(
        time.clock_gettime, time.CLOCK_BOOTTIME
    )
else:
    _read_steady_clock = time.monotonic


class SystemClock:
    """Implements `ports.Clock` with the machine's clocks."""

    # The functions themselves: each request looks at a clock a dozen times.
    # Unix seconds.
    now = staticmethod(time.time)
    # Seconds since some start, those included in which the machine slept.
    monotonic = staticmethod(_read_steady_clock)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that is ready to be served."""

    app: App
    credential_count: int
    roster: Roster
    lifecycle: Lifecycle
    pool: Pool
    # Serve with other settings from the next request on; raises OSError, and changes nothing then.
    # Those of the listener, of files, of the queue and of the request log stay as they were.
    renew: Callable[[Settings], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Operator:
    """What a person at the command line works with."""

    credentials: Credentials
    roster: Roster
    pool: Pool


def make_checksum() -> str:
    """A new device, for a token that has none yet."""
    return new_checksum(os.urandom, time.time())


@dataclass(frozen=True, slots=True)
class Stores:
    """What outlives a process, or in a demo does not."""

    credentials: CredentialFiles
    pool_state: PoolStateStore
    # None: the last ones, in memory.
    request_log: RequestLog | None = None


def file_stores(settings: Settings) -> Stores:
    """The two token files, and those of the pool's memory and of the request log."""
    files, logs = settings.files, settings.logs
    request_log = None
    if logs.kept_max:
        table = RequestTable(files.request_log_file, logs.kept_max)
        request_log = LastingRequestLog(table, logs.entries_max, LogObserver())
    return Stores(
        FileCredentialStore(files.token_file, files.token_list_file, make_checksum),
        FilePoolStateStore(files.pool_state_file),
        request_log,
    )


def memory_stores(credentials: Sequence[Credential]) -> Stores:
    """Stores that forget."""
    return Stores(MemoryCredentialStore(credentials, make_checksum), MemoryPoolStateStore())


@asynccontextmanager
async def build_gateway(
    settings: Settings, stores: Stores, redactor: Redactor, clock: Clock | None = None
) -> AsyncIterator[Gateway]:
    """Put the parts together; raises StoreError when the credentials cannot be read whole.

    `clock` None is the machine's.
    """
    house = _House(settings, stores, redactor, clock or SystemClock())
    async with AsyncExitStack() as clients:
        if isinstance(stores.request_log, LastingRequestLog):
            await clients.enter_async_context(stores.request_log)
        http = await clients.enter_async_context(HttpClient(_http_options(settings)))
        credential_count = await _begin(house.roster)
        app = App(house.furnish(settings, http), _web_options(settings))

        async def renew(new: Settings) -> None:
            nonlocal http
            options = _http_options(new)
            if options != http.options:
                # Answers that run hold on to the old one, so it is closed with the gateway.
                http = await clients.enter_async_context(HttpClient(options))
            app.use(house.furnish(new, http), _web_options(new))

        watching = asyncio.create_task(house.roster.watch())
        try:
            yield Gateway(app, credential_count, house.roster, house.lifecycle, house.pool, renew)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await house.roster.save()


class _House:
    """What lasts through a change of the settings, and how everything else is made."""

    def __init__(
        self, settings: Settings, stores: Stores, redactor: Redactor, clock: Clock
    ) -> None:
        self._redactor = redactor
        self._clock = clock
        self._turns = StepRunner()
        queue = QueueOptions(settings.admission.queue_max, settings.admission.queue_wait_s)
        self.pool = Pool(clock, random.random, Policy(settings.pool.policy), queue)
        self.roster = Roster(
            RosterParts(
                stores.credentials,
                stores.pool_state,
                self.pool,
                clock,
                LogObserver(),
                self._keep_secret,
            )
        )
        self._request_log: RequestLog = stores.request_log or MemoryRequestLog(
            settings.logs.entries_max
        )
        self._admission = Admission(_admission_options(settings), clock, LogObserver())
        self._relay: Relay | None = None
        self.lifecycle = Lifecycle(self._break_off)

    def furnish(self, settings: Settings, http: HttpClient) -> WebParts:
        """What the addresses work with under these settings, from the next request on."""
        self._redactor.add_all(secret.reveal() for secret in settings.secrets)
        clock, upstreams = self._clock, _upstreams(settings, http, self._clock, self._turns)
        endpoints = Endpoints(upstreams, LogObserver(), *_failover_options(settings))
        collaborators = Collaborators(
            Catalog(upstreams), self.pool, endpoints, self._request_log, clock, random.random
        )
        self.pool.choose_by(Policy(settings.pool.policy))
        self._admission.options = _admission_options(settings)
        if self._relay is None:
            self._relay = Relay(collaborators)
        self._relay.use(collaborators)
        return WebParts(
            relay=self._relay,
            admission=self._admission,
            catalog=collaborators.catalog,
            request_log=self._request_log,
            authenticator=_authenticator(settings, clock),
            clock=clock,
            roster=self.roster,
            credentials=Credentials(
                CredentialParts(self.roster, self.pool, Trials(collaborators), endpoints, clock)
            ),
            lifecycle=self.lifecycle,
            steps=self._turns,
            dialects=installed.DIALECTS,
            new_binding=make_checksum,
        )

    def _keep_secret(self, credentials: Sequence[Credential]) -> None:
        self._redactor.add_all(credential.secret.reveal() for credential in credentials)

    def _break_off(self, fault: Fault) -> int:
        return self._relay.break_off(fault) if self._relay is not None else 0


def _upstreams(
    settings: Settings, http: HttpClient, clock: Clock, turns: StepRunner
) -> dict[str, Upstream]:
    return {"cursor": CursorChat(http, _cursor(settings), clock, turns=turns)}


async def _begin(roster: Roster) -> int:
    """Start with what can serve: a disk that takes no new device is no reason for nobody to."""
    try:
        return await roster.start()
    except ChecksumNotStoredError as error:
        if not error.known:
            raise
        LogObserver().warn("new credentials cannot be served yet", detail=str(error))
        return len(error.known)


@asynccontextmanager
async def open_credentials(settings: Settings, observer: Observer) -> AsyncIterator[Operator]:
    """The credentials without a gateway around them, for commands.

    Raises StoreError when they cannot be read whole. Where only new checksums could not be
    stored, those that have one are there, and the observer is told.
    """
    clock = SystemClock()
    stores = file_stores(settings)
    pool = Pool(clock, random.random, Policy(settings.pool.policy))
    roster = Roster(
        RosterParts(stores.credentials, stores.pool_state, pool, clock, observer, lambda _: None)
    )
    try:
        await roster.start()
    except ChecksumNotStoredError as error:
        observer.warn(str(error))
    async with HttpClient(_http_options(settings)) as http:
        upstreams = _upstreams(settings, http, clock, StepRunner())
        endpoints = Endpoints(upstreams, observer)
        log = MemoryRequestLog(1)
        trials = Trials(
            Collaborators(Catalog(upstreams), pool, endpoints, log, clock, random.random)
        )
        yield Operator(
            Credentials(CredentialParts(roster, pool, trials, endpoints, clock)), roster, pool
        )


def _http_options(settings: Settings) -> HttpOptions:
    cursor = settings.cursor
    return HttpOptions(
        connect_timeout_s=cursor.connect_timeout_s,
        connections_max=cursor.connections_max,
        ca_file=cursor.ca_file,
        proxy=cursor.proxy.reveal() if cursor.proxy else None,
    )


def _cursor(settings: Settings) -> CursorOptions:
    cursor = settings.cursor
    return CursorOptions(
        base_url=cursor.base_url,
        client_version=cursor.client_version,
        timezone=cursor.timezone,
        is_private=cursor.is_private,
        instructions=cursor.instructions,
        checksum_time=ChecksumTime(cursor.checksum_time),
        limits=AnswerLimits(
            frame_bytes_max=cursor.frame_bytes_max,
            inflated_bytes_max=cursor.inflated_bytes_max,
            answer_bytes_max=cursor.answer_bytes_max,
        ),
        timeouts=TimeoutsByModel(cursor.first_token_timeout_s, cursor.idle_timeout_s),
    )


def _failover_options(settings: Settings) -> tuple[FailoverOptions, BreakerOptions]:
    failover = settings.failover
    return (
        FailoverOptions(
            attempt_count_max=failover.attempts_max, retry_percent=failover.retry_percent
        ),
        BreakerOptions(failover.breaker_failures, failover.breaker_open_s),
    )


def _admission_options(settings: Settings) -> AdmissionOptions:
    admission = settings.admission
    return AdmissionOptions(
        requests_max=admission.requests_max,
        caller_requests_max=admission.caller_requests_max,
        streams_max=admission.streams_max,
        bodies_bytes_max=admission.bodies_bytes_max,
    )


def _authenticator(settings: Settings, clock: Clock) -> Authenticator:
    access = settings.access
    options = AccessOptions(
        auth_token=access.auth_token,
        client_tokens=access.client_tokens,
        is_passthrough=access.is_passthrough,
    )
    lockout = LockoutOptions(wrong_keys_max=access.wrong_keys_max)
    checksum = access.checksum.reveal() if access.checksum else ""
    reader = installed.passthrough_reader(checksum)
    return Authenticator(options, Lockout(lockout, clock), reader)


def _web_options(settings: Settings) -> WebOptions:
    listener, limits = settings.listener, settings.limits
    return WebOptions(
        version=__version__,
        route_prefix=listener.route_prefix,
        is_log_public=settings.access.is_logs_public,
        cors_origins=listener.cors_origins,
        inference=InferenceOptions(
            body_bytes_max=limits.body_bytes_max,
            parse=RequestLimits(
                messages_max=limits.messages_max,
                parts_max=limits.parts_max,
                image_bytes_max=limits.image_bytes_max,
                json=JsonLimits(limits.json_depth_max, limits.json_containers_max),
            ),
            stream=KeepAliveOptions(keep_alive_s=listener.keep_alive_s),
        ),
        token_files=TokenFileOptions(
            token_file=str(settings.files.token_file),
            token_list_file=str(settings.files.token_list_file),
            text_bytes_max=TextLimits().file_bytes_max,
        ),
    )


def server_options(settings: Settings) -> ServerOptions:
    """Where and how to listen."""
    listener = settings.listener
    return ServerOptions(
        host=listener.host,
        port=listener.port,
        shutdown_grace_s=listener.shutdown_grace_s,
        limits=ConnectionLimits(
            write_timeout_s=listener.write_timeout_s,
            header_timeout_s=listener.header_timeout_s,
            body_timeout_s=listener.body_timeout_s,
            header_bytes_max=settings.limits.header_bytes_max,
            connections_max=descriptors.share(listener.connections_max, descriptors.find_limit()),
        ),
    )
