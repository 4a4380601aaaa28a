"""The command that shows a client's settings for this gateway."""

from __future__ import annotations

import argparse
import difflib
from typing import Final

from cursor_api.cli.gateway.call import GatewayAddress
from cursor_api.cli.gateway.place import Served, ask_models, find_gateway
from cursor_api.cli.terminal.display import plain, print_table
from cursor_api.cli.terminal.language import is_chinese, say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.clients.client import Client, Place, choose_for, exports_of, fill
from cursor_api.clients.table import CLIENTS, find_client
from cursor_api.options.said import Words

LIST_COLUMNS: Final = ("CLIENT", "PROGRAM", "SPEAKS", "RUN")
# What stands where a value is not known here.
NO_KEY: Final = "your-gateway-key"
NO_MODEL: Final = "a-model-of-v1-models"
INDENT: Final = "  "


def connect(parsed: argparse.Namespace) -> int:
    """`connect`."""
    if parsed.client is None:
        _print_list()
        return 0
    client = find_known(parsed.client)
    if client is None:
        return 1
    try:
        gateway = find_gateway(parsed)
    except ValueError as error:
        print_error(say("error: {error}.", error=error))
        return 1
    served = ask_models(gateway)
    place = place_of(client, gateway, served, parsed)
    if parsed.hide_key:
        place = place._replace(key=NO_KEY)
    warn_without_tools(client, place, served)
    if parsed.shell:
        return _print_shell(client, place, served)
    _print_all(client, place)
    _print_gaps(gateway, served)
    return 0


def find_known(name: str) -> Client | None:
    """The client of this name; None, with a word on those there are."""
    client = find_client(name)
    if client is None:
        near = difflib.get_close_matches(name.lower(), CLIENTS, 1)
        hint = say(" Did you mean {name}?", name=near[0]) if near else ""
        print_error(say("error: there is no client {name}.{hint}", name=plain(name), hint=hint))
        print_error(say("Known: {names}.", names=", ".join(CLIENTS)))
    return client


def place_of(
    client: Client, gateway: GatewayAddress, served: Served, parsed: argparse.Namespace
) -> Place:
    """The gateway for this client; what is not known has a text that says so."""
    chosen = choose_for(client, served.models, served.with_tools)
    model, small = chosen or (NO_MODEL, NO_MODEL)
    # Small tasks are another model's only where both were chosen here.
    small = parsed.small_model or parsed.model or small
    key = gateway.key.reveal() if gateway.key else NO_KEY
    return Place(gateway.root_url, key, parsed.model or model, small, served.models)


def warn_without_tools(client: Client, place: Place, served: Served) -> None:
    """One line where the client's tools will not be called."""
    is_known = place.model in served.models
    if client.uses_tools and is_known and place.model not in served.with_tools:
        print_error(
            say(
                "warning: {model} cannot call tools here, so {title} can only chat; with a"
                " Cursor API key or another upstream there are models that can",
                model=plain(place.model),
                title=client.title,
            )
        )


def _print_list() -> None:
    print_table(
        list(map(say, LIST_COLUMNS)),
        [
            (one.name, one.title, one.api.value, say("yes") if one.can_run else say("no"))
            for one in CLIENTS.values()
        ],
    )
    print_result(
        say(
            "`cursor-api connect CLIENT` shows a client's settings, `cursor-api run CLIENT`"
            " starts it."
        )
    )


def _print_shell(client: Client, place: Place, served: Served) -> int:
    lines = exports_of(client, place)
    if not lines:
        print_error(
            say(
                "error: {title} does not read variables; see: cursor-api connect {name}",
                title=client.title,
                name=client.name,
            )
        )
        return 1
    if served.problem:
        # In `eval` the lines would count, with texts that stand for what is missing.
        print_error(say("error: {error}.", error=served.problem))
        return 1
    for line in lines:
        print_result(line)
    if client.file is not None:
        print_error(
            say(
                "{title} needs a file as well: cursor-api connect {name}",
                title=client.title,
                name=client.name,
            )
        )
    return 0


def _print_all(client: Client, place: Place) -> None:
    print_result(
        say(
            "{title} at {url}, using {api}",
            title=client.title,
            url=place.root_url,
            api=client.api.value,
        )
    )
    for step in client.steps:
        print_result(f"\n{fill(_said(step), '', place)}")
    exports = exports_of(client, place)
    if exports:
        print_result(f"\n{say('Variables:')}\n")
        _print_block("\n".join(exports))
    if client.file is not None:
        print_result(f"\n{_said(client.file.where)}:\n")
        _print_block(fill(client.file.template, client.file.language, place))
    for snippet in client.snippets:
        print_result("")
        _print_block(fill(snippet.template, snippet.language, place))
    if client.program:
        print_result("")
        print_result(
            say(
                "Or start it directly, without changing its settings: cursor-api run {name}",
                name=client.name,
            )
        )
    others = len(place.models) - 1
    if others > 0:
        print_result("")
        print_result(
            say("The gateway serves {count} more model(s); choose one with --model.", count=others)
        )


def _said(words: Words) -> str:
    return words.zh if is_chinese() else words.en


def _print_block(text: str) -> None:
    for line in text.rstrip("\n").split("\n"):
        print_result(f"{INDENT}{line}".rstrip())


def _print_gaps(gateway: GatewayAddress, served: Served) -> None:
    if gateway.key is None:
        print_error(
            say(
                "Replace {text} with the gateway's key, which is not known here: the AUTH_TOKEN"
                " or one of the CLIENT_TOKENS that the gateway was started with.",
                text=NO_KEY,
            )
        )
    if served.problem:
        print_error(
            say("Replace {text} with a model: {reason}.", text=NO_MODEL, reason=served.problem)
        )
