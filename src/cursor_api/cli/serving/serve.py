"""What the commands that serve do, and those that show what serving would use."""

from __future__ import annotations

import argparse
import asyncio
import functools
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType
from typing import Any, Final, NoReturn

from cursor_api import __version__
from cursor_api.bootstrap import (
    Gateway,
    build_gateway,
    file_stores,
    make_checksum,
    warn_of_room,
)
from cursor_api.cli.home.folder import environment, find_home
from cursor_api.cli.home.settings import say_place
from cursor_api.cli.serving.preflight import check_and_listen, check_without_listening, recheck
from cursor_api.cli.serving.workers import (
    begin_as_worker,
    check_workers,
    has_workers,
    leave,
    supervise,
    tell_warnings,
    use_share,
)
from cursor_api.cli.terminal.language import is_chinese, say
from cursor_api.cli.terminal.output import find_width, print_error, print_note, print_result
from cursor_api.cli.terminal.telling import told
from cursor_api.cluster.place import WorkerPlace
from cursor_api.domain.errors import StoreError
from cursor_api.files.running import claim, describe_running
from cursor_api.installed import SCHEMA, Settings
from cursor_api.options.addresses import mask_user
from cursor_api.options.proxies import SharedProxies
from cursor_api.runtime import run, serve_gateway
from cursor_api.settings import (
    ByCommand,
    Drafts,
    Loaded,
    Page,
    SettingsFiles,
    SettingsInUse,
    load_settings,
    render_check,
)
from cursor_api.telemetry.logs import configure_logging
from cursor_api.telemetry.observer import LogObserver
from cursor_api.telemetry.redaction import Redactor
from cursor_api.web.server.tls import TlsFileError


def end_at_sigterm() -> None:
    """Make SIGTERM the ordinary end: what is open is closed, what was learnt is saved.

    The HTTP server raises the signal again when its last stream has ended; by default that would
    end the process on the spot, with everything around the server still open.
    """

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)


def serve(parsed: argparse.Namespace) -> int:
    """`serve`."""
    end_at_sigterm()
    place = begin_as_worker()
    folder, said = find_home(), ByCommand(listener_of(parsed))

    def load(drafts: Drafts) -> Loaded[Settings]:
        toml = drafts.toml or parsed.config
        by_command = said._replace(dotenv=drafts.dotenv)
        return use_share(load_settings(SCHEMA, environment(), folder, toml, by_command), place)

    def read() -> Loaded[Settings]:
        return recheck(load(Drafts()))

    loaded, listener = _check(load(Drafts()), place)
    if listener is not None and place is None and has_workers(loaded):
        return supervise(loaded, listener)
    source = SettingsInUse(SCHEMA, loaded, read, SettingsFiles(SCHEMA, load, folder))
    try:
        return start(loaded, listener, functools.partial(_serve_for_real, source, place))
    finally:
        if place is not None:
            leave(place)


def _check(
    loaded: Loaded[Settings], place: WorkerPlace | None
) -> tuple[Loaded[Settings], socket.socket | None]:
    if place is None:
        return check_and_listen(check_workers(loaded))
    # Its supervisor has looked at the rest.
    return recheck(loaded), socket.socket(fileno=place.listener)


def listener_of(parsed: argparse.Namespace) -> dict[str, str]:
    """What the command line says of the listener, by the settings' names."""
    workers = getattr(parsed, "workers", None)
    given = {"HOST": parsed.host, "PORT": parsed.port, "WORKERS": workers}
    return {name: text for name, text in given.items() if text is not None}


def check_config(parsed: argparse.Namespace) -> int:
    """`check-config`."""
    folder = find_home()
    loaded = load_settings(SCHEMA, environment(), folder, parsed.config)
    loaded = check_without_listening(check_workers(loaded))
    print_result(say("home: {home}", home=folder) + "\n")
    print_result(render_check(loaded, Page(find_width(), is_chinese()), only_set=not parsed.all))
    return 1 if loaded.problems else 0


def print_checksum(_parsed: argparse.Namespace) -> int:
    """`checksum`."""
    print_result(make_checksum())
    return 0


# Others' programs of this name listen on every address.
THIS_MACHINE_ALONE: Final = (
    "Only this machine can reach it. To let others in, set HOST=0.0.0.0 and an"
    " AUTH_TOKEN that is hard to guess."
)
Serving = Callable[[Settings, socket.socket, Redactor], Coroutine[Any, Any, None]]


def start(loaded: Loaded[Settings], listener: socket.socket | None, serving: Serving) -> int:
    """Say all that is wrong, or serve and turn what can be foreseen into one sentence."""
    tell_warnings(loaded)
    if listener is None or loaded.problems:
        for problem in loaded.problems:
            print_error(say("error: {error}", error=told(problem)))
        print_error(
            say("The gateway was not started. `cursor-api check-config` shows all settings.")
        )
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
            print_error(say("error: {error}", error=told(error)))
            return 1
    return 0


async def _serve_for_real(
    source: SettingsInUse[Settings],
    place: WorkerPlace | None,
    settings: Settings,
    listener: socket.socket,
    redactor: Redactor,
) -> None:
    async with build_gateway(
        settings, file_stores(settings), redactor, configuration=source
    ) as gateway:
        root = f"{url_of(settings, listener)}{settings.web.route_prefix}"
        with claim(find_home(), describe_running(root, place.supervisor if place else None)):
            if place is not None and not place.speaks:
                await serve_gateway(gateway, settings, listener, source, place)
                return
            _welcome(gateway, source.loaded, root)
            looking = asyncio.create_task(warn_of_room(settings, LogObserver()))
            try:
                await serve_gateway(gateway, settings, listener, source, place)
            finally:
                looking.cancel()


def url_of(settings: Settings, listener: socket.socket) -> str:
    """Where to reach the listener from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(  # noqa: S104 - compared, not bound
        settings.server.host, settings.server.host
    )
    port = listener.getsockname()[1]
    scheme = "http" if settings.server.tls.cert_file is None else "https"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _welcome(gateway: Gateway, loaded: Loaded[Settings], root: str) -> None:
    settings = loaded.settings
    print_note(
        say(
            "cursor-api {version}: {root}/v1 (console: {root}/tokeninfo)",
            version=__version__,
            root=root,
        )
    )
    print_note(say("home: {home}", home=find_home()))
    count = gateway.roster.credential_count
    more = count - gateway.credential_count
    others = say(", {count} from the settings", count=more) if more else ""
    print_note(
        say(
            "credentials: {count} from {file}{others}",
            count=gateway.credential_count,
            file=say_place(settings),
            others=others,
        )
    )
    if "HOST" not in loaded.facts.places:
        print_note(say(THIS_MACHINE_ALONE))
    for line in _ways(loaded):
        print_note(line)
    if not count and not settings.access.is_passthrough:
        print_note(
            say(
                "There is no credential yet. Add a Cursor key or token with `cursor-api token"
                " add`, or another provider's key with `cursor-api upstream add`; or use the"
                " console."
            )
        )


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
