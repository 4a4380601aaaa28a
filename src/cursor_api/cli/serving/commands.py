"""Commands that serve, and those that show what serving would use: how they explain themselves.

What they do is loaded when one is run.
"""

from __future__ import annotations

from typing import Final

from cursor_api.cli.terminal.subcommand import Run, Subcommands, add_config, run_later

SERVE_NAME: Final = "serve"
SERVE = """\
Start the gateway with your tokens and upstreams.

  cursor-api serve
  cursor-api serve --port 8080
  cursor-api serve --host 0.0.0.0        let other machines connect; they need the key
  cursor-api serve --workers 2           two processes on one port, to use two cores (Linux)

Each setting comes from the first of these that has it: the options above, the environment, .env,
cursor-api.toml, the default. `cursor-api check-config` shows every value and its source. Only
AUTH_TOKEN is required; `cursor-api init` creates it. Files are read from this folder, or from
CURSOR_API_HOME if this folder holds none.

Ctrl-C or SIGTERM stops the gateway: running requests may finish within the grace time; a second
signal stops at once. SIGHUP reloads the settings and token files. If they have errors, the errors
are shown and the old values stay in use."""

DEMO = """\
Start a gateway with built-in simulators as upstreams: no account, no files, no network.

There is one simulator for each kind of upstream, and each has its own models. HOST, PORT,
AUTH_TOKEN, TLS_CERT_FILE, TLS_KEY_FILE and GATEWAY_… are read from the environment. Without
AUTH_TOKEN, a key is generated and shown."""

SIMULATE = """\
Run one simulator on its own: a fake upstream that speaks the protocol of the real one.

It prints the setting that makes a gateway use it; for Cursor: CURSOR_BASE_URL=http://127.0.0.1:3001"""

CHECK = """\
Show each setting with its value (secrets masked) and its source, and list all problems.

  cursor-api check-config
  cursor-api check-config --all          include settings that have their default value

Makes the checks that `serve` makes before it starts: settings, every line of the token files,
folders, certificates, address and port, and the limit of open files. It changes nothing and does
not use the network. Exits with 1 if the gateway would not start. A port in use is only a warning
here, because your running gateway may be the one that uses it."""

CHECKSUM = """\
Print a new checksum, a made-up device ID for the second column of .token-list.

A checksum ties a token to one device. Make one for each token and keep it."""

# Those of `simulators.py`, which loads them all.
SIMULATOR_KINDS: Final = ("cursor", "openai", "anthropic")


def add_commands(commands: Subcommands) -> None:
    """Put serve, demo, simulate, check-config and checksum among the commands."""
    serve = commands.add(SERVE_NAME, _run("serve"), SERVE)
    demo = commands.add("demo", run_later("serving.simulating", "demo"), DEMO)
    for sub in (serve, demo):
        sub.add_argument("--host", help="address to listen on; overrides HOST")
        sub.add_argument("--port", help="port to listen on; overrides PORT; 0 picks a free one")
    serve.add_argument("--workers", metavar="N", help="number of processes; overrides WORKERS")
    check = commands.add("check-config", _run("check_config"), CHECK)
    check.add_argument(
        "--all", action="store_true", help="also show settings that have their default value"
    )
    for sub in (serve, check):
        add_config(sub)
    simulator = commands.add(
        "simulate", run_later("serving.simulating", "simulate_alone"), SIMULATE
    )
    simulator.add_argument(
        "--kind", choices=SIMULATOR_KINDS, default="cursor", help="default: %(default)s"
    )
    simulator.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    simulator.add_argument(
        "--port", type=int, default=3001, help="default: %(default)s; 0 picks a free one"
    )
    commands.add("checksum", _run("print_checksum"), CHECKSUM)


def _run(function: str) -> Run:
    return run_later("serving.serve", function)
