"""Where this gateway is, what opens it, and what it serves: for commands that point clients at it.

Rules of this file:
- The key that callers may only chat with comes before the operator's own.
- A key is sent to the address that was named and nowhere else: no redirect is followed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final, NamedTuple
from urllib.parse import urlsplit

from cursor_api.cli.token_output import plain
from cursor_api.cli.token_settings import load_groups
from cursor_api.domain.credential import Secret
from cursor_api.options.addresses import base_url, is_loopback

# A gateway answers this from memory.
TIMEOUT_S: Final = 5.0
# Thousands of models with their descriptions.
LIST_BYTES_MAX: Final = 8 * 1024 * 1024
_EVERYWHERE: Final[Mapping[str, str]] = {
    "0.0.0.0": "127.0.0.1",  # noqa: S104 - compared, not bound
    "::": "::1",
}


class GatewayAddress(NamedTuple):
    """One gateway. `root_url` has the route prefix, but no /v1. `key_from` says where it stood.

    `cert_file`: the certificate that it has to show, whatever the host in it; None for one that is
    trusted as any other.
    """

    root_url: str
    key: Secret | None
    key_from: str
    cert_file: Path | None = None


class Served(NamedTuple):
    """Its models, and those of them that can call tools; or why they cannot be had."""

    models: tuple[str, ...] = ()
    with_tools: tuple[str, ...] = ()
    problem: str = ""


def find_gateway(parsed: argparse.Namespace) -> GatewayAddress:
    """As the settings say, or as the command line does; raises ValueError, with words for both."""
    facts = load_groups(frozenset({"listener", "access"}), parsed.config).facts
    key, key_from = _find_key(parsed.key_env, facts.values, facts.places)
    if parsed.url is not None:
        try:
            url = base_url("http://127.0.0.1:3000").parse(parsed.url)
        except ValueError as error:
            raise ValueError(f"--url {error}") from None
        return GatewayAddress(url.removesuffix("/v1"), key, key_from)
    host, port = facts.find("HOST"), facts.find("PORT")
    if host is None or port is None:
        raise ValueError("HOST or PORT cannot be read; `cursor-api check-config` says why")
    host = _EVERYWHERE.get(host, host)
    shown = f"[{host}]" if ":" in host else host
    cert_file = facts.find("TLS_CERT_FILE")
    root_url = f"http{'s' * bool(cert_file)}://{shown}:{port}{facts.find('ROUTE_PREFIX') or ''}"
    return GatewayAddress(root_url, key, key_from, cert_file)


def _find_key(
    variable: str | None, values: Mapping[str, Any], places: Mapping[str, str]
) -> tuple[Secret | None, str]:
    if variable is not None:
        text = os.environ.get(variable, "").strip()
        if not text:
            raise ValueError(f"the variable {plain(variable)} is not set, or empty")
        return Secret(text), variable
    clients = values.get("CLIENT_TOKENS")
    if clients:
        return clients[0], "CLIENT_TOKENS"
    # A key that was made up for loading the settings stands in no place.
    key = values.get("AUTH_TOKEN") if "AUTH_TOKEN" in places else None
    return key, "AUTH_TOKEN" if key else ""


def ask_models(gateway: GatewayAddress) -> Served:
    """`GET /v1/models` of a gateway that may be running."""
    request = urllib.request.Request(f"{gateway.root_url}/v1/models")  # noqa: S310 - checked: http(s)
    if gateway.key is not None:
        request.add_header("Authorization", f"Bearer {gateway.key.reveal()}")
    handlers: list[Any] = [_NoRedirects()]
    if is_loopback(urlsplit(gateway.root_url).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        if gateway.cert_file is not None:
            handlers.append(urllib.request.HTTPSHandler(context=_trust_only(gateway.cert_file)))
        with urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT_S) as answer:
            return _read(answer.read(LIST_BYTES_MAX + 1))
    except urllib.error.HTTPError as error:
        error.close()
        return Served(problem=_explain(error.code, gateway))
    except (OSError, http.client.HTTPException):
        return Served(
            problem=f"no gateway answers at {gateway.root_url}; start it with `cursor-api serve`,"
            " or name another with --url"
        )


def _trust_only(cert_file: Path) -> ssl.SSLContext:
    """For a gateway whose certificate lies here: that one, be it for another host's name."""
    context = ssl.create_default_context(cafile=cert_file)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context


def _read(body: bytes) -> Served:
    try:
        listed = json.loads(body)["data"]
        names = tuple(str(one["id"]) for one in listed)
        # Another gateway's list may say nothing of it.
        with_tools = tuple(
            str(one["id"]) for one in listed if one.get("cursor_api", {}).get("tools", True)
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return Served(problem="what answers there is no such gateway: it gives no list of models")
    if not names:
        return Served(
            problem="the gateway serves no model yet: add a credential (`cursor-api token add`) or"
            " an upstream (`cursor-api upstream add`)"
        )
    return Served(names, with_tools)


def _explain(status: int, gateway: GatewayAddress) -> str:
    if status in {http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN}:
        which = f"the key from {gateway.key_from}" if gateway.key else "a request without a key"
        return (
            f"the gateway at {gateway.root_url} refuses {which}; run this where AUTH_TOKEN is set,"
            " or name the variable that holds the key with --key-env"
        )
    return (
        f"{gateway.root_url}/v1/models answers with status {status}; is that the gateway, and is"
        " ROUTE_PREFIX part of the address?"
    )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other."""

    def redirect_request(self, _req: urllib.request.Request, _fp: IO[bytes], *_more: Any) -> None:
        """Not followed: the redirect is the answer."""
