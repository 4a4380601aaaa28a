"""The command that has a running gateway read its settings and token files again."""

from __future__ import annotations

import argparse

import msgspec

from cursor_api.cli.gateway.call import Call, CallError, fetch_as
from cursor_api.cli.gateway.place import find_gateway
from cursor_api.cli.terminal.display import plain
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.cli.terminal.telling import told
from cursor_api.ports.configuration import ShownFinding

# It may read thousands of tokens, and open every upstream anew.
CALL = Call("POST", "/api/reload", timeout_s=60.0)


class _Reloaded(msgspec.Struct):
    changed: list[str]
    added: list[str]
    removed: list[str]
    waiting: list[str]
    problems: list[ShownFinding]
    credential_count: int | None
    credential_problem: str | None


def reload(parsed: argparse.Namespace) -> int:
    """`reload`."""
    try:
        done = fetch_as(find_gateway(parsed, is_operator=True), CALL, _Reloaded)
    except (CallError, ValueError) as error:
        print_error(say("error: {error}.", error=error))
        return 1
    for problem in done.problems:
        print_error(say("error: {error}", error=plain(told(problem))))
    if done.problems:
        print_error(say("The old settings stay in use."))
    else:
        _tell_changes(done)
    if done.waiting:
        print_result(say("need a restart: {names}", names=_names(done.waiting)))
    if done.credential_problem is not None:
        print_error(say("error: {error}", error=plain(done.credential_problem)))
        print_error(say("The old credentials stay in use."))
    elif done.credential_count is not None:
        print_result(say("credentials: {count}", count=done.credential_count))
    return 1 if done.problems or done.credential_problem is not None else 0


def _tell_changes(done: _Reloaded) -> None:
    if done.added:
        print_result(say("added: {names}", names=_names(done.added)))
    if done.removed:
        print_result(say("removed: {names}", names=_names(done.removed)))
    if done.changed or not (done.added or done.removed):
        names = _names(done.changed) or say("nothing changed")
        print_result(say("settings: {names}", names=names))


def _names(names: list[str]) -> str:
    return plain(", ".join(names))
