"""A gateway on its socket: the event loop, the listener, and what SIGHUP asks for."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from msgspec.structs import replace

from cursor_api.bootstrap import Gateway
from cursor_api.cluster.place import WorkerPlace
from cursor_api.domain.act import SIGNAL, ActKind
from cursor_api.domain.catalog import NamedModel
from cursor_api.domain.errors import StoreError
from cursor_api.installed import SCHEMA, Settings
from cursor_api.options.rules import Finding
from cursor_api.options.said import tell
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.ports.configuration import Reloaded, list_changes
from cursor_api.settings import Loaded, SettingsInUse, show_finding
from cursor_api.settings.schema import CONFIG
from cursor_api.telemetry.logs import set_level
from cursor_api.telemetry.observer import LogObserver
from cursor_api.web.management.metrics import MetricsApp
from cursor_api.web.management.siblings import SiblingApp
from cursor_api.web.server import tls
from cursor_api.web.server.server import (
    BACKLOG_COUNT,
    HAS_UVLOOP,
    GatewayServer,
    ServerOptions,
    create_server,
)
from cursor_api.web.server.serving import Application

# A request makes some hundred short-lived objects, few of them in cycles: at the default of 700
# the collector runs at every request and takes 7 % of its time to find nothing.
GC_THRESHOLDS = (5_000, 20, 50)
# A scrape takes some ms.
METRICS_GRACE_S = 1.0


def listen(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """Take the port before anything is started; raises OSError when it is taken.

    `is_shared`: with others of this user who say the same; each gets a part of the connections.

    `::` is every address of this machine, those of IPv4 too where the system can do both in one.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.create_server(
        (host, port),
        family=family,
        backlog=BACKLOG_COUNT,
        reuse_port=is_shared,
        dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6(),
    )
    # For all its connections: asyncio (not uvloop) leaves out those of a ready-made listener, and
    # an answer's last piece would wait 40 ms for the client's system to acknowledge the first.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


async def serve_gateway(
    gateway: Gateway,
    settings: Settings,
    listener: socket.socket,
    source: SettingsInUse[Settings] | None = None,
    place: WorkerPlace | None = None,
) -> None:
    """Serve until a stop signal, then let streams end within the grace time.

    At SIGHUP the token files are read again, and where there is a `source` the settings.
    """
    server = create_server(
        gateway.app, settings.server, gateway.app.render_refusal, gateway.lifecycle
    )
    server.on_hangup = reloader = Reloader(gateway, server, source)
    if source is not None:
        source.on_reload = _reload_all(reloader, place)
    if place is not None:
        server.on_started, server.can_retire = place.tell_ready, True
    # What exists now lives as long as the process; the collector need never look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    async with AsyncExitStack() as stack:
        if place is not None:
            grace_s = settings.server.shutdown_grace_s
            await stack.enter_async_context(among_siblings(gateway, place, grace_s))
        if settings.metrics.listen is not None and (place is None or place.does_shared_work):
            # The one that follows this worker begins before this one ends.
            beside = listen(*settings.metrics.listen, is_shared=place is not None)
            stack.enter_context(beside)
            await stack.enter_async_context(serving_metrics(gateway, beside))
        await server.serve(sockets=[listener])


def _reload_all(
    reloader: Reloader, place: WorkerPlace | None
) -> Callable[[], Coroutine[Any, Any, Reloaded]]:
    """What a reload does that somebody asks for: what one worker takes, the others take, too."""
    if place is None:
        return reloader.reload

    async def reload() -> Reloaded:
        done = await reloader.reload()
        if not done.problems:
            place.tell_all_to_reload()
        return done

    return reload


@asynccontextmanager
async def among_siblings(
    gateway: Gateway, place: WorkerPlace, grace_s: float
) -> AsyncIterator[None]:
    """Ask the other workers, and answer them, for as long as the context lasts."""
    app = SiblingApp(gateway.metrics.own, gateway.view, gateway.app)
    with place.meet_siblings(gateway.view.node or str(os.getpid())) as (listener, siblings):
        async with _serving(gateway, listener, app, grace_s):
            gateway.metrics.siblings = siblings
            yield


def serving_metrics(gateway: Gateway, listener: socket.socket) -> AbstractAsyncContextManager[None]:
    """Serve the metrics alone on this listener, without a key, for as long as the context lasts."""
    return _serving(gateway, listener, MetricsApp(gateway.metrics))


@asynccontextmanager
async def _serving(
    gateway: Gateway, listener: socket.socket, app: Application, grace_s: float = METRICS_GRACE_S
) -> AsyncIterator[None]:
    server = create_server(
        app,
        ServerOptions(shutdown_grace_s=grace_s),
        gateway.app.render_refusal,
    )
    server.hears_signals = False
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.stop()
        await serving


class Reloader:
    """Reads everything again, at SIGHUP or when the operator asks for it.

    Settings and credentials are refused each on their own, and each whole. The log is told.
    """

    def __init__(
        self, gateway: Gateway, server: GatewayServer, source: SettingsInUse[Settings] | None
    ) -> None:
        self._gateway = gateway
        self._server = server
        self._source = source
        self._observer = LogObserver()
        self._turn = asyncio.Lock()
        # What the log calls it: one at a time is under way.
        self._cause = ""

    async def __call__(self) -> None:
        """At SIGHUP, which has nobody to answer but the log."""
        done = await self._reload("SIGHUP")
        names = list_changes(done.changed, done.added, done.removed)
        if names:
            await self._gateway.audit.note(SIGNAL, ActKind.SETTINGS_RELOADED, names)

    async def reload(self) -> Reloaded:
        """For whoever has asked."""
        return await self._reload("reload")

    async def _reload(self, cause: str) -> Reloaded:
        """One after the other however often it is asked for."""
        async with self._turn:
            self._cause = cause
            done = Reloaded()
            if self._source is not None:
                done = await self._reload_settings(self._source)
            return await self._reload_credentials(done)

    async def _reload_settings(self, source: SettingsInUse[Settings]) -> Reloaded:
        new = await asyncio.to_thread(source.read)
        if new.problems:
            return self._refuse(source, new.problems)
        used = await self._use(source.loaded, new)
        if not isinstance(used, Reloaded):
            return self._refuse(source, used)
        source.take(new)
        return used

    def _refuse(self, source: SettingsInUse[Settings], problems: tuple[Finding, ...]) -> Reloaded:
        source.refuse(problems)
        self._observer.warn(
            f"{self._cause}: the settings cannot be used; the old ones serve on",
            problems=[str(problem) for problem in problems],
        )
        return Reloaded(problems=tuple(map(show_finding, problems)))

    async def _use(
        self, old: Loaded[Settings], new: Loaded[Settings]
    ) -> Reloaded | tuple[Finding, ...]:
        """Serve with the new ones; gives why that is not possible, and changes nothing then."""
        settings, changed = new.settings, _changes(old, new)
        was, is_now = _blocks(old), _blocks(new)
        try:
            certificate = await asyncio.to_thread(tls.load_certificate, settings.server.tls)
        except tls.TlsFileError as error:
            return (Finding(error.variable, "", error.message),)
        if settings != old.settings:
            try:
                await self._gateway.renew(settings)
            except StoreError as error:
                return (Finding("", "", error.message),)
            except OSError as error:
                message = tell(
                    "the ca_file of an upstream cannot be used: {reason}",
                    reason=error.strerror or error,
                )
                return (Finding("", "", message),)
        # In any case: a renewed certificate has the old one's name.
        self._server.use(settings.server, certificate)
        waiting = [name for name in changed if _needs_restart(name)]
        if (certificate is None) is not (self._server.tls is None):
            waiting += [name for name in (tls.CERT, tls.KEY) if name in changed]
        if waiting:
            self._observer.warn(f"{self._cause}: these settings wait for a restart", names=waiting)
        if certificate is not None:
            self._tell_certificate(certificate)
        taken = [name for name in changed if name not in waiting]
        added = [one for one in is_now if one not in was]
        removed = [one for one in was if one not in is_now]
        self._observer.notice(
            f"{self._cause}: settings reloaded", changed=taken, added=added, removed=removed
        )
        # Last, so that what was taken up is told as it would have been before.
        set_level(settings.logs.level)
        return Reloaded(tuple(taken), tuple(added), tuple(removed), tuple(waiting))

    def _tell_certificate(self, certificate: tls.Certificate) -> None:
        for _, flaw in certificate.find_flaws(tls.utc_now()):
            self._observer.warn(f"{self._cause}: {flaw}")
        if self._server.tls is not None:
            ends_at = certificate.validity.ends_at.isoformat()
            self._observer.notice(f"{self._cause}: certificate reloaded", ends_at=ends_at)

    async def _reload_credentials(self, done: Reloaded) -> Reloaded:
        try:
            count = await self._gateway.roster.reload()
        except StoreError as error:
            self._observer.warn(
                f"{self._cause}: the token files cannot be used; the old credentials serve on",
                detail=str(error),
            )
            return replace(done, credential_problem=str(error))
        self._observer.notice(f"{self._cause}: credentials reloaded", credential_count=count)
        return replace(done, credential_count=count)


def _changes(old: Loaded[Settings], new: Loaded[Settings]) -> list[str]:
    """The names of the settings whose values differ, where they stand left out.

    The order of upstreams and models is among them; those of a block that came or went are not.
    """
    before, now = old.facts.values, new.facts.values
    passing = {*_blocks(old)} ^ {*_blocks(new)}
    names = [name for name in {**now, **before} if name.rpartition(".")[0] not in passing]
    changed = [
        name for name in names if name != CONFIG.variable and before.get(name) != now.get(name)
    ]
    was, is_now = old.settings, new.settings
    if _is_moved(was.upstreams, is_now.upstreams):
        changed.append("the order of [[upstream]]")
    if _is_moved(was.models, is_now.models):
        changed.append("the order of [[model]]")
    return changed


def _blocks(loaded: Loaded[Settings]) -> list[str]:
    """Of upstreams and models, as the names of their settings begin."""
    upstreams = [f"upstream.{one.name}" for one in loaded.settings.upstreams]
    return upstreams + [f"model.{one.name}" for one in loaded.settings.models]


def _is_moved(
    before: Sequence[UpstreamSettings | NamedModel], now: Sequence[UpstreamSettings | NamedModel]
) -> bool:
    """Whether those that are in both stand in another order."""
    were, are = [one.name for one in before], [one.name for one in now]
    return [name for name in were if name in are] != [name for name in are if name in were]


def _needs_restart(name: str) -> bool:
    """Whether a running gateway cannot take it up; the rest is used from the next request on."""
    row = SCHEMA.by_variable.get(name)
    return row is not None and row.needs_restart


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop where there is one; it carries a third more requests."""
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if HAS_UVLOOP:
        import uvloop  # noqa: PLC0415 - not installed everywhere (Windows)

        loop_factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main)
