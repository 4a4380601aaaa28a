"""The addresses of the management API, each with what answers there."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.routing import Route

from cursor_api.ports import Clock
from cursor_api.service.credentials.roster import Roster
from cursor_api.service.credentials.use_cases import Credentials
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.http.operation import READING, Resource
from cursor_api.web.management.credentials import CredentialRoutes, OneCredential
from cursor_api.web.management.openapi import OpenApi
from cursor_api.web.management.tokens import TokenFileOptions, TokenTexts

CREDENTIALS = "/api/credentials"


@dataclass(frozen=True, slots=True)
class ManagementParts:
    """What the management addresses work with."""

    roster: Roster
    credentials: Credentials
    authenticator: Authenticator
    clock: Clock


def management_routes(
    parts: ManagementParts, options: TokenFileOptions, openapi: OpenApi, bases: tuple[str, ...]
) -> list[Route]:
    """The same addresses below each base ("" or "/something"), with one state behind them."""
    key = parts.authenticator
    texts = TokenTexts(parts.roster, parts.clock, options)
    update = Resource(key, {"GET": texts.reload, "POST": texts.replace}, open_methods=READING)
    read = Resource(key, {"POST": texts.read})
    credentials = CredentialRoutes(parts.credentials)
    all_of_them = Resource(key, credentials.of_all)
    routes = []
    for base in bases:
        one_of_them = OneCredential(key, credentials, base + CREDENTIALS)
        routes += [
            Route(f"{base}/update-tokeninfo", update),
            Route(f"{base}/get-tokeninfo", read),
            Route(f"{base}{CREDENTIALS}", all_of_them),
            Route(f"{base}{CREDENTIALS}/{{rest:path}}", one_of_them),
            Route(f"{base}/api/openapi.json", openapi.show),
        ]
    return routes
