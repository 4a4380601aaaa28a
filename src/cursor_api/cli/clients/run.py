"""The command that starts a client program with this gateway's settings, and leaves no trace.

Rules of this file:
- Nothing of the client's own is read or changed; what it is given ends with it.
- The terminal's signals reach the client by themselves, as it is in the same group; those that are
  sent to this process are passed on.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from cursor_api.cli.clients.connect import find_known, place_of, warn_without_tools
from cursor_api.cli.gateway.place import ask_models, find_gateway
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error
from cursor_api.clients.client import Client, Place, fill, fill_argument, variables_of
from cursor_api.domain.credential import Secret

# As a shell says it of a program that a signal has ended.
SIGNAL_STATUS: Final = 128
CANNOT_RUN: Final = 126
NOT_FOUND: Final = 127
_PASSED_ON: Final = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_OF_THE_TERMINAL: Final = ("SIGINT", "SIGQUIT")


def run(parsed: argparse.Namespace) -> int:
    """`run`."""
    client = find_known(parsed.client)
    if client is None:
        return 1
    if not client.can_run:
        print_error(say("error: {title} cannot be started from here.", title=client.title))
        print_error(say("Its settings: cursor-api connect {name}", name=client.name))
        return 1
    command = _find_command(client, parsed.arguments)
    if command is None:
        return NOT_FOUND
    place = _find_place(client, parsed)
    if place is None:
        return 1
    with ExitStack() as stack:
        environ, file = _prepare(client, place, stack)
        own = [fill_argument(one, place, file) for one in client.arguments]
        return _run([command[0], *own, *command[1:]], environ)


def _find_command(client: Client, arguments: Sequence[str]) -> list[str] | None:
    """The program's path and the user's arguments; None, with a word, where it is not there."""
    given = list(arguments)
    if given[:1] == ["--"]:
        del given[0]
    name = client.program or (given.pop(0) if given else "")
    if not name:
        print_error(
            say(
                "error: name the program to start, for example: cursor-api run {name} python x.py",
                name=client.name,
            )
        )
        return None
    found = shutil.which(name)
    if found is None:
        print_error(
            say("error: the program {name} is not installed, or not on the PATH.", name=name)
        )
        if client.program and client.install:
            print_error(say("Install it: {command}", command=client.install))
        return None
    return [found, *given]


def _find_place(client: Client, parsed: argparse.Namespace) -> Place | None:
    try:
        gateway = find_gateway(parsed)
    except ValueError as error:
        print_error(say("error: {error}.", error=error))
        return None
    served = ask_models(gateway)
    if served.problem:
        print_error(say("error: {error}.", error=served.problem))
        return None
    if gateway.key is None:
        # One in pass-through lists its models to everybody, but answers nobody without a key.
        gateway = gateway._replace(key=Secret("-"))
    place = place_of(client, gateway, served, parsed)
    warn_without_tools(client, place, served)
    return place


def _prepare(client: Client, place: Place, stack: ExitStack) -> tuple[dict[str, str], str]:
    """The client's environment, and its file where `run` writes one."""
    environ = {name: value for name, value in os.environ.items() if name not in client.unset}
    environ |= variables_of(client, place)
    environ |= {name: fill_argument(text, place) for name, text in client.run_variables}
    if client.file is None or not client.file.name:
        return environ, ""
    # Only its owner can look into it.
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cursor-api-run-")))
    path = folder / client.file.name
    path.write_text(fill(client.file.template, client.file.language, place), encoding="utf-8")
    if client.file.folder_variable:
        environ[client.file.folder_variable] = str(folder)
    return environ, str(path)


def _run(command: Sequence[str], environ: dict[str, str]) -> int:
    with _signals() as children:
        try:
            child = subprocess.Popen(command, env=environ)  # noqa: S603 - what the user asked for
        except OSError as error:
            print_error(
                say(
                    "error: {program} cannot be started: {reason}.",
                    program=command[0],
                    reason=error.strerror,
                )
            )
            return CANNOT_RUN
        children.append(child)
        status = child.wait()
    return SIGNAL_STATUS - status if status < 0 else status


@contextmanager
def _signals() -> Iterator[list[subprocess.Popen[bytes]]]:
    """While it lasts, signals are the client's."""
    children: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if not children:
            raise SystemExit(SIGNAL_STATUS + number)
        for child in children:
            child.send_signal(number)

    def ignore(_number: int, _frame: FrameType | None) -> None:
        # A function, and not SIG_IGN, which the client would inherit.
        return

    old: dict[int, Any] = {}
    for names, handler in ((_PASSED_ON, pass_on), (_OF_THE_TERMINAL, ignore)):
        for number in (getattr(signal, name, None) for name in names):
            if number is not None:
                old[number] = signal.signal(number, handler)
    try:
        yield children
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
