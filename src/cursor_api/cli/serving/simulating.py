"""What the commands that simulate do; the others start without the simulators."""

from __future__ import annotations

import argparse
import functools
from typing import Final

from cursor_api.cli.home.folder import environment
from cursor_api.cli.serving.demo import load_demo, serve_demo
from cursor_api.cli.serving.preflight import check_and_listen
from cursor_api.cli.serving.serve import end_at_sigterm, listener_of, start
from cursor_api.cli.serving.simulators import SIMULATORS
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_note
from cursor_api.installed import SCHEMA
from cursor_api.runtime import run
from cursor_api.settings import SettingsInUse
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.server import simulate

# It takes every key and answers every model, and so it lists none.
_BLOCK: Final = """\
[[upstream]]
name = "simulated"
kind = "{kind}"
base_url = "{url}"
api_key = "any"
models = ["any-name"]"""


def demo(parsed: argparse.Namespace) -> int:
    """`demo`."""
    end_at_sigterm()
    environ = {**environment(), **listener_of(parsed)}
    loaded, listener = check_and_listen(load_demo(environ), has_files=False)
    source = SettingsInUse(SCHEMA, loaded, lambda: loaded)
    return start(loaded, listener, functools.partial(serve_demo, source))


def simulate_alone(parsed: argparse.Namespace) -> int:
    """`simulate`."""
    kind: str = parsed.kind
    simulator = SIMULATORS[kind](SimulatorOptions(host=parsed.host, port=parsed.port))
    end_at_sigterm()

    def tell(url: str) -> None:
        file, hint = ".env", f"CURSOR_BASE_URL={url}"
        if kind != "cursor":
            file, hint = "cursor-api.toml", _BLOCK.format(kind=kind, url=url)
        print_note(say("simulator: {url}; in {file}:", url=url, file=file))
        print_note(f"\n{hint}")

    try:
        run(simulate(simulator, tell))
    except OSError as error:
        print_error(
            say(
                "error: cannot listen on {host} port {port}: {reason}",
                host=parsed.host,
                port=parsed.port,
                reason=error.strerror,
            )
        )
        return 1
    return 0
