"""Where this gateway is, what opens it, and what it serves: for commands that point clients at it.

Rule of this file: the key that callers may only chat with comes before the operator's own, but for
what only the operator may see.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from cursor_api.cli.gateway.call import JSON_ERRORS, Call, CallError, GatewayAddress, fetch
from cursor_api.cli.home.folder import find_home
from cursor_api.cli.home.settings import load_groups
from cursor_api.cli.terminal.display import plain
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.telling import in_words
from cursor_api.domain.credential import Secret
from cursor_api.files.running import find_running_url
from cursor_api.options.addresses import base_url
from cursor_api.options.said import told_by

MODELS: Final = Call("GET", "/v1/models")
NO_MODELS: Final = (
    "the gateway has no models: add a credential (`cursor-api token add`) or an"
    " upstream (`cursor-api upstream add`), or run `cursor-api doctor`"
)
_EVERYWHERE: Final[Mapping[str, str]] = {
    "0.0.0.0": "127.0.0.1",  # noqa: S104 - compared, not bound
    "::": "::1",
}


class Served(Struct, frozen=True):
    """Its models, and those of them that can call tools; or why they cannot be had.

    `is_nobody`: because no gateway runs there.
    """

    models: tuple[str, ...] = ()
    with_tools: tuple[str, ...] = ()
    problem: str = ""
    is_nobody: bool = False


def find_gateway(parsed: argparse.Namespace, *, is_operator: bool = False) -> GatewayAddress:
    """As the settings say, or as the command line does; raises ValueError, with words for both.

    `is_operator`: with the operator's key, for what nobody else may see or do.
    """
    facts = load_groups(frozenset({"listener", "access"}), parsed.config).facts
    values = {**facts.values, "CLIENT_TOKENS": ()} if is_operator else facts.values
    key, key_from = _find_key(parsed.key_env, values, facts.places)
    if parsed.url is not None:
        try:
            url = base_url("http://127.0.0.1:3000").parse(parsed.url)
        except ValueError as error:
            raise ValueError(f"--url {in_words(told_by(error))}") from None
        return GatewayAddress(url.removesuffix("/v1"), key, key_from)
    cert_file = facts.find("TLS_CERT_FILE")
    running = find_running_url(find_home())
    if running is not None:
        return GatewayAddress(running, key, key_from, cert_file)
    host, port = facts.find("HOST"), facts.find("PORT")
    if host is None or port is None:
        raise ValueError(say("HOST or PORT cannot be read; `cursor-api check-config` says why"))
    host = _EVERYWHERE.get(host, host)
    shown = f"[{host}]" if ":" in host else host
    root_url = f"http{'s' * bool(cert_file)}://{shown}:{port}{facts.find('ROUTE_PREFIX') or ''}"
    return GatewayAddress(root_url, key, key_from, cert_file)


def _find_key(
    variable: str | None, values: Mapping[str, Any], places: Mapping[str, str]
) -> tuple[Secret | None, str]:
    if variable is not None:
        text = os.environ.get(variable, "").strip()
        if not text:
            raise ValueError(say("the variable {name} is not set, or empty", name=plain(variable)))
        return Secret(text), variable
    clients = values.get("CLIENT_TOKENS")
    if clients:
        return clients[0], "CLIENT_TOKENS"
    # A key that was made up for loading the settings stands in no place.
    key = values.get("AUTH_TOKEN") if "AUTH_TOKEN" in places else None
    return key, "AUTH_TOKEN" if key else ""


def ask_models(gateway: GatewayAddress) -> Served:
    """`GET /v1/models` of a gateway that may be running."""
    try:
        body = fetch(gateway, MODELS)
    except CallError as error:
        return Served(problem=error.words, is_nobody=error.is_nobody)
    return _read(body)


def _read(body: bytes) -> Served:
    try:
        listed = msgspec.json.decode(body)["data"]
        names = tuple(str(one["id"]) for one in listed)
        # Another gateway's list may say nothing of it.
        with_tools = tuple(
            str(one["id"]) for one in listed if one.get("cursor_api", {}).get("tools", True)
        )
    except (*JSON_ERRORS, TypeError, KeyError, AttributeError):
        return Served(
            problem=say("what answers there is not this gateway: it sends no list of models")
        )
    if not names:
        return Served(problem=say(NO_MODELS))
    return Served(names, with_tools)
