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
from dataclasses import dataclass, replace
from typing import Any

from cursor_api.domain.credential import Credential
from cursor_api.domain.errors import ChecksumNotStoredError, Fault
from cursor_api.installed import Settings
from cursor_api.pool.pool import Pool
from cursor_api.ports import Clock, CredentialFiles, Observer, PoolStateStore, RequestLog, Upstream
from cursor_api.service.access.admission import Admission
from cursor_api.service.credentials.roster import Roster, RosterParts
from cursor_api.service.credentials.trial import Trials
from cursor_api.service.credentials.use_cases import CredentialParts, Credentials
from cursor_api.service.inference.catalog import Catalog
from cursor_api.service.inference.relay import Relay
from cursor_api.service.inference.search import Collaborators, Endpoints
from cursor_api.service.steps import StepRunner
from cursor_api.stores.files.pool_state import FilePoolStateStore, MemoryPoolStateStore
from cursor_api.stores.memory import MemoryRequestLog
from cursor_api.stores.sqlite.request_log import LastingRequestLog
from cursor_api.stores.sqlite.request_table import RequestTable
from cursor_api.telemetry.observer import LogObserver
from cursor_api.telemetry.redaction import Redactor
from cursor_api.transport.client import HttpClient
from cursor_api.upstreams.cursor.chat import CursorChat
from cursor_api.upstreams.cursor.token_files.memory import MemoryCredentialStore
from cursor_api.upstreams.cursor.token_files.store import FileCredentialStore
from cursor_api.upstreams.cursor.token_files.text import TextLimits
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.access.lockout import Lockout
from cursor_api.web.app import App, WebOptions, WebParts
from cursor_api.web.management.tokens import TokenFileOptions
from cursor_api.web.server.lifecycle import Lifecycle
from cursor_api.wire.checksum import new_checksum

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
    files, log = settings.files, settings.request_log
    request_log = None
    if log.kept_max:
        table = RequestTable(files.request_log_file, log.kept_max)
        request_log = LastingRequestLog(table, log.entries_max, LogObserver())
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
        http = await clients.enter_async_context(HttpClient(_cursor(settings).http))
        credential_count = await _begin(house.roster)
        app = App(house.furnish(settings, http), _web_options(settings))

        async def renew(new: Settings) -> None:
            nonlocal http
            options = _cursor(new).http
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
        self.pool = Pool(clock, random.random, settings.pool.policy, settings.queue)
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
            settings.request_log.entries_max
        )
        self._admission = Admission(settings.admission, clock, LogObserver())
        self._relay: Relay | None = None
        self.lifecycle = Lifecycle(self._break_off)

    def furnish(self, settings: Settings, http: HttpClient) -> WebParts:
        """What the addresses work with under these settings, from the next request on."""
        self._redactor.add_all(secret.reveal() for secret in settings.secrets)
        clock, upstreams = self._clock, _upstreams(settings, http, self._clock, self._turns)
        endpoints = Endpoints(upstreams, LogObserver(), settings.failover, settings.breaker)
        collaborators = Collaborators(
            Catalog(upstreams), self.pool, endpoints, self._request_log, clock, random.random
        )
        self.pool.choose_by(settings.pool.policy)
        self._admission.options = settings.admission
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
            turns=self._turns,
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
    pool = Pool(clock, random.random, settings.pool.policy)
    roster = Roster(
        RosterParts(stores.credentials, stores.pool_state, pool, clock, observer, lambda _: None)
    )
    try:
        await roster.start()
    except ChecksumNotStoredError as error:
        observer.warn(str(error))
    async with HttpClient(_cursor(settings).http) as http:
        upstreams = _upstreams(settings, http, clock, StepRunner())
        endpoints = Endpoints(upstreams, observer)
        log = MemoryRequestLog(1)
        trials = Trials(
            Collaborators(Catalog(upstreams), pool, endpoints, log, clock, random.random)
        )
        yield Operator(
            Credentials(CredentialParts(roster, pool, trials, endpoints, clock)), roster, pool
        )


def _cursor(settings: Settings) -> Any:
    """The options of the one upstream that there is so far."""
    return settings.upstreams[0].options


def _authenticator(settings: Settings, clock: Clock) -> Authenticator:
    checksum = _cursor(settings).passthrough_checksum
    access = replace(settings.access, passthrough_checksum=checksum.reveal() if checksum else "")
    return Authenticator(access, Lockout(settings.lockout, clock))


def _web_options(settings: Settings) -> WebOptions:
    """With the names of the files, which the addresses of both texts show."""
    files = TokenFileOptions(
        token_file=str(settings.files.token_file),
        token_list_file=str(settings.files.token_list_file),
        text_bytes_max=TextLimits().file_bytes_max,
    )
    return replace(settings.web, token_files=files)
