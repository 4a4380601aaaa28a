"""`doctor --live`: a few real, small chats per route, and a report that can be shown to anybody.

Rules of this file:
- Nothing is sent before somebody has agreed to it.
- Each chat goes the way of a client's: key, dialect, routing, upstream.
- The report names routes and models, no address and no credential, and goes through the redactor.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from msgspec import Struct, structs
from msgspec.structs import replace

from cursor_api import __version__
from cursor_api.bootstrap import Gateway, build_gateway, file_stores
from cursor_api.cli.doctor.live_probes import PROBES, Outcome, Target
from cursor_api.cli.terminal.display import plain, print_json
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.cli.terminal.question import is_agreed
from cursor_api.cli.terminal.telling import in_words, told
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, StoreError
from cursor_api.installed import KINDS, Settings
from cursor_api.options.said import tell
from cursor_api.options.upstreams import UpstreamSettings
from cursor_api.settings.report import display_width
from cursor_api.stores.files.pool_state import MemoryPoolStateStore
from cursor_api.telemetry.logs import configure_logging

# An upstream that needs longer for one small chat has failed.
PROBE_S_MAX: Final = 120.0
# For "FAILED", or for four signs of Chinese.
_CELL_WIDTH: Final = 10


class LiveReport(Struct, frozen=True):
    """What `doctor --live --json` prints."""

    version: str
    system: str
    is_ok: bool
    routes: tuple[dict[str, Any], ...]


def try_live(settings: Settings | None, parsed: argparse.Namespace) -> int:
    """Ask whether to spend, try each route, and print the report."""
    if settings is None:
        print_error(say("error: the settings cannot be used; `cursor-api doctor` says why."))
        return 1
    try:
        return asyncio.run(_try_live(settings, parsed))
    except StoreError as error:
        print_error(say("error: {error}", error=told(error)))
        return 1


async def _try_live(settings: Settings, parsed: argparse.Namespace) -> int:
    async with _open(settings) as (gateway, key, redact):
        upstreams = _choose(settings, gateway, parsed.route)
        if upstreams is None:
            return 1
        targets = [await _find_target(one, gateway, parsed.model) for one in upstreams]
        if not parsed.yes and not _has_agreed(targets):
            return 1
        # One after the other: they are to be told apart by their times.
        routes = [await _try_route(gateway, key, target) for target in targets]
    is_ok = bool(routes) and all(one["is_ok"] for one in routes)
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    report = LiveReport(__version__, system, is_ok, tuple(_masked(one, redact) for one in routes))
    if parsed.json:
        print_json(report)
    else:
        _print(report)
    return 0 if is_ok else 1


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[tuple[Gateway, Secret, Any]]:
    """A gateway of these settings that nobody else can reach, and that remembers nothing."""
    key = Secret(secrets.token_hex(24))
    access = replace(settings.access, auth_token=key, is_passthrough=False)
    settings = replace(settings, access=access)
    stores = structs.replace(file_stores(settings), pool_state=MemoryPoolStateStore(), records=None)
    # What goes wrong is in the report.
    redactor = configure_logging("error", settings.logs.format, sys.stderr)
    async with build_gateway(settings, stores, redactor) as gateway:
        yield gateway, key, redactor.redact_text


def _choose(
    settings: Settings, gateway: Gateway, named: Sequence[str] | None
) -> list[UpstreamSettings] | None:
    """Those that have a credential, or of them the ones that are named; None, with a word."""
    usable = [one for one in settings.upstreams if gateway.endpoints[one.name].pool.credentials]
    names = [one.name for one in usable]
    unknown = [name for name in named or () if name not in names]
    if unknown:
        print_error(
            say("error: there is no upstream {name} with a credential.", name=plain(unknown[0]))
        )
    if unknown or not usable:
        listed = ", ".join(names) or say("none; see cursor-api doctor")
        print_error(say("Known: {names}.", names=listed))
        return None
    return [one for one in usable if not named or one.name in named]


async def _find_target(settings: UpstreamSettings, gateway: Gateway, model: str | None) -> Target:
    """The model that is named, a cheap one that is known, or the first."""
    names: Sequence[str] = settings.models or ()
    if model is None and not names:
        with suppress(Fault):
            listed = await gateway.endpoints[settings.name].upstream.list_models()
            names = [one.id for one in listed]
    cheap = KINDS[settings.kind].words.test_models
    chosen = model or next((one for one in cheap if one in names), next(iter(names), None))
    return Target(settings.name, settings.kind, chosen)


def _has_agreed(targets: Sequence[Target]) -> bool:
    names = ", ".join(f"{one.upstream}/{one.model}" for one in targets if one.model)
    print_error(
        say("This sends {count} small chats to each of: {names}.", count=len(PROBES), names=names)
    )
    print_error(say("They count towards your plan, or cost a fraction of a cent each."))
    if not sys.stdin.isatty():
        print_error(
            say(
                "error: this is not a terminal, so nothing can be asked; add --yes to send"
                " them. Nothing was sent."
            )
        )
        return False
    if is_agreed(say("Send them? [y/N] ")):
        return True
    print_error(say("Nothing was sent."))
    return False


async def _try_route(gateway: Gateway, key: Secret, target: Target) -> dict[str, Any]:
    outcomes: list[Outcome] = []
    if target.model is None:
        outcomes.append(Outcome("models", is_ok=False, detail=tell("it lists no model; name one")))
    else:
        for name, probe in PROBES.items():
            try:
                async with asyncio.timeout(PROBE_S_MAX):
                    outcomes.append(await probe(gateway.app, key, target))
            except TimeoutError:
                words = tell("no whole answer within {seconds:.0f} s", seconds=PROBE_S_MAX)
                outcomes.append(Outcome(name, is_ok=False, detail=words))
    return {
        "upstream": target.upstream,
        "kind": target.kind,
        "model": target.model,
        "is_ok": all(one.is_ok for one in outcomes),
        "chats": [{"chat": one.name, "is_ok": one.is_ok, "detail": one.detail} for one in outcomes],
    }


def _masked(route: dict[str, Any], redact: Any) -> dict[str, Any]:
    chats = [one | {"detail": redact(in_words(one["detail"]))} for one in route["chats"]]
    return route | {"chats": chats}


def _print(report: LiveReport) -> None:
    print_result(
        say(
            "cursor-api {version} on {system}: chats of doctor --live",
            version=report.version,
            system=report.system,
        )
    )
    for route in report.routes:
        print_result(f"\n{route['upstream']} ({route['kind']}), {plain(route['model'] or '-')}")
        for one in route["chats"]:
            mark = say("ok") if one["is_ok"] else say("FAILED")
            print_result(f"  {_cell(mark)}{_cell(say(one['chat']))}{plain(one['detail'])}")
    print_result(f"\n{say('OK') if report.is_ok else say('NOT OK')}")
    if not report.is_ok:
        print_result(say("This report may be pasted into a bug report."))


def _cell(word: str) -> str:
    return word + " " * (_CELL_WIDTH - display_width(word))
