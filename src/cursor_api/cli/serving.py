"""Commands that serve, and those that show what serving would use."""

from __future__ import annotations

import argparse
import functools
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from cursor_api import __version__
from cursor_api.bootstrap import build_gateway, file_stores, make_checksum
from cursor_api.cli.demo import DEMO, load_demo, serve_demo, url_of
from cursor_api.cli.output import print_error, print_note, print_result
from cursor_api.cli.preflight import check_and_listen, check_without_listening, recheck
from cursor_api.cli.simulators import SIMULATORS
from cursor_api.cli.subcommand import Subcommands
from cursor_api.domain.errors import StoreError
from cursor_api.installed import SCHEMA, Settings
from cursor_api.options.addresses import mask_user
from cursor_api.options.proxies import SharedProxies
from cursor_api.runtime import SettingsSource, run, serve_gateway
from cursor_api.settings import Loaded, load_settings, render_check
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.server import simulate
from cursor_api.telemetry.logs import configure_logging
from cursor_api.telemetry.redaction import Redactor
from cursor_api.web.server.tls import TlsFileError

SERVE = """\
Serve the gateway with the credentials of the token files.

Settings come from the environment, then from .env, then from cursor-api.toml in this folder, then
from defaults; `cursor-api check-config` shows each with its source. AUTH_TOKEN is the one you must
set. Stop with Ctrl-C or SIGTERM: running streams may end within the grace time; a second one ends
at once. SIGHUP reads the settings and the token files again; what is wrong in them is told, and the
old ones serve on."""

SIMULATE = """\
Run a simulator alone: a fake upstream that speaks the real bytes, Cursor's or another's.

It says how to point a gateway at it; for Cursor's: CURSOR_BASE_URL=http://127.0.0.1:3001"""

CHECK = """\
Show every setting, its value (secrets masked) and where it came from, and all that is wrong.

Looks at what `serve` looks at before it starts: the settings, the token files line by line, the
folders, the certificates, the address and the port, the number of files that may be open. Changes
nothing and asks nobody on the network. Exits with 1 when the gateway would not start; a port in use
is a warning here, as the gateway that runs already may be the one that uses it."""

CHECKSUM = """\
Print a new checksum: the made-up device of one credential, for the second column of .token-list.

It ties a token to a device; make it once for a token and keep it."""


def add_commands(commands: Subcommands) -> None:
    """Put serve, demo, simulate, check-config and checksum among the commands."""
    serve = commands.add("serve", _serve, SERVE)
    check = commands.add("check-config", _check_config, CHECK)
    for sub in (serve, check):
        sub.add_argument(
            "--config", type=Path, metavar="FILE", help="TOML file (default: cursor-api.toml)"
        )
    commands.add("demo", _demo, DEMO)
    simulator = commands.add("simulate", _simulate, SIMULATE)
    simulator.add_argument(
        "--kind", choices=SIMULATORS, default="cursor", help="default: %(default)s"
    )
    simulator.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    simulator.add_argument("--port", type=int, default=3001, help="default: %(default)s; 0: any")
    commands.add("checksum", _checksum, CHECKSUM)


def _end_at_sigterm() -> None:
    """Make SIGTERM the ordinary end: what is open is closed, what was learnt is saved.

    The HTTP server raises the signal again when its last stream has ended; by default that would
    end the process on the spot, with everything around the server still open.
    """

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)


def _serve(parsed: argparse.Namespace) -> int:
    _end_at_sigterm()
    folder = Path.cwd()
    loaded, listener = check_and_listen(load_settings(SCHEMA, os.environ, folder, parsed.config))

    def read() -> Loaded[Settings]:
        return recheck(load_settings(SCHEMA, os.environ, folder, parsed.config))

    source = SettingsSource(loaded, read)
    return _start(loaded, listener, functools.partial(_serve_for_real, source))


def _demo(_parsed: argparse.Namespace) -> int:
    _end_at_sigterm()
    return _start(*check_and_listen(load_demo(os.environ), has_files=False), serve_demo)


def _simulate(parsed: argparse.Namespace) -> int:
    kind: str = parsed.kind
    simulator = SIMULATORS[kind](SimulatorOptions(host=parsed.host, port=parsed.port))
    _end_at_sigterm()

    def tell(url: str) -> None:
        block = f'[[upstream]] kind = "{kind}", base_url = "{url}"'
        hint = f"CURSOR_BASE_URL={url}" if kind == "cursor" else block
        print_note(f"simulator: {url}  ({hint})")

    try:
        run(simulate(simulator, tell))
    except OSError as error:
        print_error(f"error: cannot listen on {parsed.host} port {parsed.port}: {error.strerror}")
        return 1
    return 0


def _check_config(parsed: argparse.Namespace) -> int:
    loaded = check_without_listening(load_settings(SCHEMA, os.environ, Path.cwd(), parsed.config))
    print_result(render_check(loaded))
    return 1 if loaded.problems else 0


def _checksum(_parsed: argparse.Namespace) -> int:
    print_result(make_checksum())
    return 0


Serving = Callable[[Settings, socket.socket, Redactor], Coroutine[Any, Any, None]]


def _start(loaded: Loaded[Settings], listener: socket.socket | None, serving: Serving) -> int:
    """Say all that is wrong, or serve and turn what can be foreseen into one sentence."""
    for warning in loaded.warnings:
        print_error(f"warning: {warning}")
    if listener is None or loaded.problems:
        for problem in loaded.problems:
            print_error(f"error: {problem}")
        print_error("Nothing was started. `cursor-api check-config` shows all settings.")
        if listener is not None:
            listener.close()
        return 1
    if hasattr(signal, "SIGHUP"):
        # Until the server hears it there is nothing that could be out of date, and nothing to end.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    settings = loaded.settings
    redactor = configure_logging(settings.logs.level, settings.logs.format, sys.stderr)
    with listener:
        try:
            run(serving(settings, listener, redactor))
        except (StoreError, TlsFileError) as error:
            print_error(f"error: {error}")
            return 1
    return 0


async def _serve_for_real(
    source: SettingsSource, settings: Settings, listener: socket.socket, redactor: Redactor
) -> None:
    async with build_gateway(settings, file_stores(settings), redactor) as gateway:
        url = url_of(settings, listener)
        root = f"{url}{settings.web.route_prefix}"
        print_note(f"cursor-api {__version__}: {root}/v1 (console: {root}/tokeninfo)")
        count = gateway.roster.credential_count
        others = f", {more} from the settings" if (more := count - gateway.credential_count) else ""
        print_note(
            f"credentials: {gateway.credential_count} from {settings.files.token_file}{others}"
        )
        for line in _ways(source.loaded):
            print_note(line)
        if not count and not settings.access.is_passthrough:
            print_note(
                "No credential yet. `cursor-api token add` takes a key or token of Cursor's,"
                " `cursor-api upstream add` another provider's key; or use the console."
            )
        await serve_gateway(gateway, settings, listener, source)


def _ways(loaded: Loaded[Settings]) -> Iterator[str]:
    """Through which proxy each upstream is asked, where anybody has named one."""
    for upstream, facts in zip(loaded.settings.upstreams, loaded.upstreams, strict=True):
        url, proxy = facts.find("base_url"), facts.find("proxy")
        if url is None or proxy is None:
            continue
        if isinstance(proxy, SharedProxies):
            way = proxy.find(url)
            is_used = way is not None and way.url is not None
            through = f"through the proxy {way}" if is_used else "without a proxy"
        else:
            through = f"through the proxy {mask_user(proxy.reveal())} ({facts.label('proxy')})"
        yield f"upstream {upstream.name}: {url} {through}"
