"""Commands that serve, and those that show what serving would use: how they explain themselves.

What they do is loaded when one is run.
"""

from __future__ import annotations

from typing import Final

from cursor_api.cli.terminal.subcommand import Run, Subcommands, add_config, run_later

SERVE = """\
Serve the gateway with the credentials of the token files.

  cursor-api serve
  cursor-api serve --port 8080
  cursor-api serve --host 0.0.0.0        everybody who can reach this machine, with the key
  cursor-api serve --workers 2           two processes at one address, for two cores (Linux)

Settings come from the options above, then from the environment, .env, cursor-api.toml and defaults;
`cursor-api check-config` shows each with its source. AUTH_TOKEN is the one you must set. The files
are looked for in this folder, or else in the one that CURSOR_API_HOME names.

Stop with Ctrl-C or SIGTERM: running streams may end within the grace time; a second one ends at
once. SIGHUP reads the settings and the token files again; what is wrong in them is told, and the
old ones serve on."""

DEMO = """\
Serve a gateway whose upstreams are built-in simulators: no account, no file, no network.

There is one for each way to reach models, each with models of its own. PORT, HOST, TLS_CERT_FILE,
TLS_KEY_FILE and AUTH_TOKEN are honoured; without AUTH_TOKEN a key is made up and printed."""

SIMULATE = """\
Run a simulator alone: a fake upstream that speaks the real bytes, Cursor's or another's.

It says how to point a gateway at it; for Cursor's: CURSOR_BASE_URL=http://127.0.0.1:3001"""

CHECK = """\
Show what is set, each value (secrets masked) and where it came from, and all that is wrong.

  cursor-api check-config
  cursor-api check-config --all          with the settings that have their defaults

Looks at what `serve` looks at before it starts: the settings, the token files line by line, the
folders, the certificates, the address and the port, the number of files that may be open. Changes
nothing and asks nobody on the network. Exits with 1 when the gateway would not start; a port in use
is a warning here, as the gateway that runs already may be the one that uses it."""

CHECKSUM = """\
Print a new checksum: the made-up device of one credential, for the second column of .token-list.

It ties a token to a device; make it once for a token and keep it."""

# Those of `simulators.py`, which loads them all.
SIMULATOR_KINDS: Final = ("cursor", "openai", "anthropic")


def add_commands(commands: Subcommands) -> None:
    """Put serve, demo, simulate, check-config and checksum among the commands."""
    serve = commands.add("serve", _run("serve"), SERVE)
    demo = commands.add("demo", run_later("serving.simulating", "demo"), DEMO)
    for sub in (serve, demo):
        sub.add_argument("--host", help="address to listen on, in place of HOST")
        sub.add_argument("--port", help="port to listen on, in place of PORT; 0: any")
    serve.add_argument(
        "--workers", metavar="N", help="processes that serve the address, in place of WORKERS"
    )
    check = commands.add("check-config", _run("check_config"), CHECK)
    check.add_argument("--all", action="store_true", help="show the defaults as well")
    for sub in (serve, check):
        add_config(sub)
    simulator = commands.add(
        "simulate", run_later("serving.simulating", "simulate_alone"), SIMULATE
    )
    simulator.add_argument(
        "--kind", choices=SIMULATOR_KINDS, default="cursor", help="default: %(default)s"
    )
    simulator.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    simulator.add_argument("--port", type=int, default=3001, help="default: %(default)s; 0: any")
    commands.add("checksum", _run("print_checksum"), CHECKSUM)


def _run(function: str) -> Run:
    return run_later("serving.serve", function)
