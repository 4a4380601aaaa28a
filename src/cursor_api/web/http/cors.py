"""Which pages of other origins may call, and what.

Rules of this file:
- An origin is compared whole with the names in the settings; no pattern, no `*`, no `null`.
- No cookie is ever a key, so nothing says that a browser may send any.
- Nothing of a request is repeated: an origin is answered with the settings' own spelling.
- A page of another origin may chat. It may not manage, whatever key it has: a script that gets into
  it shall not read the tokens of a gateway that only this machine can reach. So the addresses are
  named that are open to it; a new one is closed until somebody opens it.
- All of the gateway lies inside, so that a page can read its errors too. What the server refuses
  before there is a request (a malformed head, a head that is too large) has no origin yet.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from cursor_api.web.http.answers import Header
from cursor_api.web.http.body import Message, Receive, Scope, Send

App = Callable[[Scope, Receive, Send], Awaitable[None]]

ALLOWED_METHODS = b"GET, POST"
# `*` stands for all but Authorization where no cookies are sent: OpenAI's SDK brings a dozen of its
# own. The names before it are for browsers that do not know it (Safari before 15.4).
REQUEST_HEADERS = b"authorization, content-type, x-api-key, x-credential, x-conversation-id, *"
# What a page may read besides what every page may.
EXPOSED: Header = (
    b"access-control-expose-headers",
    b"x-request-id, x-attempts, x-ignored-params, retry-after, x-should-retry",
)
# Ten minutes: a setting that is taken back is taken back soon.
MAX_AGE_S = b"600"
VARY: Header = (b"vary", b"Origin")
PREFLIGHT: Sequence[Header] = (
    (b"access-control-allow-methods", ALLOWED_METHODS),
    (b"access-control-allow-headers", REQUEST_HEADERS),
    (b"access-control-max-age", MAX_AGE_S),
    (b"vary", b"Origin, Access-Control-Request-Private-Network"),
    (b"content-length", b"0"),
)
# Chromium asks before a page of the internet reaches into a private network.
ASKS_PRIVATE: Header = (b"access-control-request-private-network", b"true")
ALLOWS_PRIVATE: Header = (b"access-control-allow-private-network", b"true")


@dataclass(frozen=True, slots=True)
class OpenAddresses:
    """What pages may use: whole paths, and folders ("/v1/") with all that is or is not below."""

    paths: frozenset[str]
    folders: tuple[str, ...] = ()

    def has(self, path: str) -> bool:
        """Whether pages may use this address."""
        return path in self.paths or path.startswith(self.folders)


class Cors:
    """An ASGI application around another one.

    `origins` are whole origins; their pages may use the open addresses and no other.
    """

    def __init__(self, app: App, origins: Iterable[str], open_addresses: OpenAddresses) -> None:
        self._app = app
        self._open_addresses = open_addresses
        self._allowed: dict[bytes, Header] = {
            origin.encode(): (b"access-control-allow-origin", origin.encode()) for origin in origins
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a browser's question about a later one is answered here."""
        if not self._open_addresses.has(scope["path"]):
            await self._app(scope, receive, send)
            return
        named = [value for name, value in scope["headers"] if name == b"origin"]
        allowed = self._allowed.get(named[0]) if len(named) == 1 else None
        if allowed is not None and _is_preflight(scope):
            await _answer_preflight(scope, send, allowed)
            return
        more = (VARY,) if allowed is None else (VARY, EXPOSED, allowed)

        async def send_with_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._app(scope, receive, send_with_more)


def _is_preflight(scope: Scope) -> bool:
    return scope["method"] == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in scope["headers"]
    )


async def _answer_preflight(scope: Scope, send: Send, allowed: Header) -> None:
    headers = [allowed, *PREFLIGHT]
    if ASKS_PRIVATE in scope["headers"]:
        headers.append(ALLOWS_PRIVATE)
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
