"""A gateway that is ready to be served, and what commands need of one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from msgspec import Struct, structs
from msgspec.structs import replace

from cursor_api import installed
from cursor_api.bootstrap.house import House, HouseParts, credentials_of
from cursor_api.bootstrap.stores import Stores, file_stores
from cursor_api.domain.act import COMMAND_LINE
from cursor_api.domain.errors import BindingNotStoredError, StoreAwayError
from cursor_api.installed import Settings
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.ports.configuration import Configuration, Unshown
from cursor_api.ports.process import Clock, Observer
from cursor_api.service.audit import Audit
from cursor_api.service.credentials.changes import find_acts
from cursor_api.service.credentials.pools import CredentialPools
from cursor_api.service.credentials.roster import Roster
from cursor_api.service.credentials.use_cases import Credentials
from cursor_api.service.inference.endpoints import Endpoints
from cursor_api.service.inference.model_lists import ModelLists
from cursor_api.stores.records.log import RecordLog
from cursor_api.telemetry.clock import SystemClock
from cursor_api.telemetry.observer import LogObserver
from cursor_api.telemetry.redaction import Redactor
from cursor_api.telemetry.workers_metrics import WorkersMetrics
from cursor_api.web.app import App
from cursor_api.web.management.siblings import WorkerView
from cursor_api.web.management.tokens import TokenFileOptions
from cursor_api.web.parts import WebOptions
from cursor_api.web.server.lifecycle import Lifecycle

WATCH_ENDED: Final = (
    "a watch of the gateway has ended; what it looked after stays as it is until a restart"
)

Renew = Callable[[Settings], Coroutine[Any, Any, None]]


class Gateway(Struct, frozen=True):
    """A gateway that is ready to be served."""

    app: App
    credential_count: int
    roster: Roster
    lifecycle: Lifecycle
    endpoints: Endpoints
    # Serve with other settings from the next request on; raises OSError, and changes nothing then.
    # Those of the listener, of files, of the queue and of the request log stay as they were.
    renew: Renew
    metrics: WorkersMetrics
    # What is under way in this process.
    view: WorkerView
    audit: Audit


class Operator(Struct, frozen=True):
    """What a person at the command line works with."""

    credentials: Credentials
    roster: Roster
    pools: CredentialPools
    # Empty until they are refreshed: most commands need none, and asking may start a program.
    model_lists: ModelLists


@asynccontextmanager
async def build_gateway(
    settings: Settings,
    stores: Stores,
    redactor: Redactor,
    clock: Clock | None = None,
    configuration: Configuration | None = None,
) -> AsyncIterator[Gateway]:
    """Put the parts together, and keep them up to date while the context lasts.

    Raises StoreError when the credentials or the API keys cannot be read whole, an API key is
    called as one of CLIENT_TOKENS is, or requests cannot be recorded or counted where they shall
    be; OSError when an upstream cannot be opened. `clock` None is the machine's. `configuration` is
    what the operator is shown of the settings.
    """
    parts = HouseParts(
        stores, clock or SystemClock(), LogObserver(), redactor, configuration or Unshown()
    )
    async with AsyncExitStack() as stack:
        if isinstance(stores.records, RecordLog):
            await stack.enter_async_context(stores.records)
        _close_later(stack, stores)
        house = House(settings, parts, stack)
        if stores.shared is not None:
            await stack.enter_async_context(stores.shared)  # now that somebody listens to it
        await house.use(settings)
        await house.key_house.load()
        house.key_house.keys.keep_apart(settings.access.client_names)
        credential_count = await _begin(house.roster)
        await house.model_lists.refresh()
        app = App(house.web_parts(settings), _web_options(settings))
        tasks = {_begin_watch(one, parts.observer) for one in house.watches()}

        async def renew(new: Settings) -> None:
            await house.use(new)
            # Only now, as a new authenticator forgets where keys that go were used.
            app.use(house.web_parts(new), _web_options(new))
            # An upstream that does not answer keeps nobody waiting for what is done.
            refreshing = asyncio.create_task(house.model_lists.refresh())
            tasks.add(refreshing)
            refreshing.add_done_callback(tasks.discard)

        try:
            yield _gateway(house, app, credential_count, renew)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await house.end()


def _begin_watch(watch: Coroutine[Any, Any, None], observer: Observer) -> asyncio.Task[None]:
    """A bug that ends it is told at once: what it looks after goes unseen from then on."""

    def tell(task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            observer.warn(WATCH_ENDED, exc_info=error)

    task = asyncio.create_task(watch)
    task.add_done_callback(tell)
    return task


def _gateway(house: House, app: App, credential_count: int, renew: Renew) -> Gateway:
    return Gateway(
        app=app,
        credential_count=credential_count,
        roster=house.roster,
        lifecycle=house.lifecycle,
        endpoints=house.endpoints,
        renew=renew,
        metrics=house.measuring.page,
        view=house.view(app.take_code),
        audit=house.key_house.audit,
    )


def _close_later(stack: AsyncExitStack, stores: Stores) -> None:
    stack.push_async_callback(stores.keys.close)
    if stores.shared_credentials is not None:
        stack.push_async_callback(stores.shared_credentials.close)


async def _begin(roster: Roster) -> int:
    """Start with the credentials that can serve, where only new bindings could not be stored.

    Where a database that has them is away, with those of the settings: the others serve as soon as
    it is back.
    """
    try:
        return await roster.start()
    except StoreAwayError as error:
        LogObserver().warn("the credentials cannot be read yet", detail=str(error))
        return 0
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
    stores = structs.replace(file_stores(settings), records=None, shared=None)
    parts = HouseParts(stores, SystemClock(), observer, Redactor(), Unshown())
    async with AsyncExitStack() as stack:
        _close_later(stack, stores)
        house = House(settings, parts, stack)
        await house.use(settings)
        if others:
            house.roster.configure([key for one in others for key in credentials_of(one)])
        try:
            await house.roster.start()
        except BindingNotStoredError as error:
            observer.warn(error.said)
        before = _facts_of(house)
        try:
            yield Operator(house.credentials, house.roster, house.pools, house.model_lists)
        finally:
            # Also what was done before something failed. Of files, a gateway that sees the change
            # notes it.
            if stores.shared_credentials is not None:
                for kind, aliases in find_acts(before, _facts_of(house)):
                    await house.key_house.audit.note(COMMAND_LINE, kind, aliases)


def _facts_of(house: House) -> dict[str, object]:
    slots = [slot for slot in house.pools.slots if not slot.credential.is_configured]
    return {one.credential.alias: (one.credential.secret, one.preferences) for one in slots}


def _web_options(settings: Settings) -> WebOptions:
    """With the names of the token files, which the management API shows."""
    files = TokenFileOptions(
        token_file=str(settings.files.token_file),
        token_list_file=str(settings.files.token_list_file),
        text_bytes_max=installed.TextLimits().file_bytes_max,
    )
    return replace(settings.web, token_files=files)
