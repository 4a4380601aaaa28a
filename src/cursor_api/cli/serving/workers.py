"""`serve` with several workers: the process that starts them, and how one of them begins."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error
from cursor_api.cluster.place import WorkerPlace, end_with_parent, find_place
from cursor_api.cluster.supervisor import Plan, Supervisor
from cursor_api.installed import Settings
from cursor_api.options.setting import divide
from cursor_api.runtime import listen
from cursor_api.settings import Loaded
from cursor_api.telemetry.logs import configure_logging
from cursor_api.telemetry.observer import LogObserver

WORKERS: Final = "WORKERS"
HAS_WORKERS: Final = sys.platform == "linux"
NOT_HERE: Final = "several workers are for Linux; here one serves"
EACH_COUNTS: Final = (
    "without REDIS_URL each worker counts by itself what API keys use, so that each allows their"
    " limits; set REDIS_URL for limits that hold over all of them"
)


def check_workers(loaded: Loaded[Settings]) -> Loaded[Settings]:
    """With a warning where not all that was asked for can be had."""
    facts = loaded.facts
    if (facts.find(WORKERS) or 1) == 1:
        return loaded
    if not HAS_WORKERS:
        return loaded.with_findings((), (facts.finding(WORKERS, NOT_HERE),))
    if facts.find("REDIS_URL") is None:
        return loaded.with_findings((), (facts.finding(WORKERS, EACH_COUNTS),))
    return loaded


def has_workers(loaded: Loaded[Settings]) -> bool:
    """Whether there is a supervisor; one worker needs none."""
    return HAS_WORKERS and not loaded.problems and loaded.settings.server.workers > 1


def tell_warnings(loaded: Loaded[Settings]) -> None:
    """What is not as it could be, on standard error."""
    for warning in loaded.warnings:
        print_error(say("warning: {warning}", warning=warning))


def begin_as_worker() -> WorkerPlace | None:
    """This process's place, where a supervisor has started it: it ends with that. Else None."""
    place = find_place(os.environ)
    if place is not None:
        end_with_parent()
        if os.getppid() != place.supervisor:
            # It has ended meanwhile.
            raise SystemExit(1)
    return place


def use_share(loaded: Loaded[Settings], place: WorkerPlace | None) -> Loaded[Settings]:
    """The settings with a worker's part of what is divided; they are shown as they were set.

    What there is to warn of the supervisor has told.
    """
    if place is None or loaded.checked is None:
        return loaded
    return replace(loaded, checked=divide(loaded.checked, place.count), warnings=())


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
        except OSError as error:
            print_error(say("error: {error}", error=error))
            return 1
        # As it was called, with its options.
        command = [sys.executable, *sys.orig_argv[1:]]
        plan = Plan(command, dict(os.environ), listeners)
        return asyncio.run(Supervisor(plan, LogObserver()).run())
