"""Which pages of other origins may call, and what.

Rules of this file:
- An origin is compared whole with the names in the settings; there is no pattern. `*` stands for
  every page there is, `null` among them, and opens the inference addresses alone.
- What `*` opens it opens to those who bring a key: what an address tells everybody, a page that
  was only visited is not told. That something failed is told, or its reader would be left with
  a browser's riddle.
- No cookie is ever a key, so nothing says that a browser may send any.
- Nothing of a request is repeated: an origin is answered with the settings' own spelling.
- A page of another origin may chat. It may not manage, whatever key it has: a script that gets into
  it shall not read the tokens of a gateway that only this machine can reach. So the addresses are
  named that are open to it; a new one is closed until somebody opens it.
- All of the gateway lies inside, so that a page can read its errors too. What the server refuses
  before there is a request (a malformed head, a head that is too large) has no origin yet.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from http import HTTPStatus

from msgspec import Struct

from cursor_api.options.addresses import ANY_ORIGIN
from cursor_api.options.kinds import show_plain
from cursor_api.ports.process import Clock
from cursor_api.web.http.addresses import show_path
from cursor_api.web.http.answers import Header
from cursor_api.web.server.serving import Message, Receive, Scope, Send

log = logging.getLogger(__name__)

App = Callable[[Scope, Receive, Send], Awaitable[None]]

# DELETE is for answers that are kept.
ALLOWED_METHODS = b"GET, POST, DELETE"
# `*` stands for all but Authorization where no cookies are sent: OpenAI's SDK brings a dozen of its
# own. The names before it are for browsers that do not know it (Safari before 15.4).
REQUEST_HEADERS = (
    b"authorization, content-type, x-api-key, x-credential, x-route, x-conversation-id, *"
)
# What a page may read besides what every page may.
EXPOSED: Header = (
    b"access-control-expose-headers",
    b"x-request-id, request-id, x-attempts, x-route, x-ignored-params, x-token-count,"
    b" retry-after, x-should-retry",
)
# Ten minutes: a setting that is taken back is taken back soon.
MAX_AGE_S = b"600"
ALLOWS_ANY: Header = (b"access-control-allow-origin", ANY_ORIGIN.encode())
KEY_HEADERS = frozenset((b"authorization", b"x-api-key"))
# A page that is refused tries again and again, and any page can be made to ask.
REFUSALS_TOLD_S = 60.0
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


class OpenAddresses(Struct, frozen=True):
    """What pages may use: whole paths, and folders ("/v1/") with all that is or is not below."""

    paths: frozenset[str]
    folders: tuple[str, ...] = ()

    def has(self, path: str) -> bool:
        """Whether pages may use this address."""
        return path in self.paths or path.startswith(self.folders)


class Cors:
    """An ASGI application around another one.

    `origins` are whole origins; their pages may use the open addresses and no other. With `*` among
    them all pages may use the inference addresses, which are some of the open ones.
    """

    def __init__(
        self,
        app: App,
        origins: Iterable[str],
        open_addresses: OpenAddresses,
        inference: OpenAddresses,
    ) -> None:
        self._app = app
        self._open_addresses = open_addresses
        self._inference = inference
        self._allowed: dict[bytes, Header] = {
            origin.encode(): (b"access-control-allow-origin", origin.encode()) for origin in origins
        }
        self._is_any_allowed = self._allowed.pop(ANY_ORIGIN.encode(), None) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a browser's question about a later one is answered here."""
        if not self._open_addresses.has(scope["path"]):
            await self._app(scope, receive, send)
            return
        allowed = self._find_allowed(scope)
        if allowed is not None and _is_preflight(scope):
            await _answer_preflight(scope, send, allowed)
            return
        more = (VARY,) if allowed is None else (VARY, EXPOSED, allowed)
        are_only_errors_told = allowed is ALLOWS_ANY and not _has_key(scope)

        async def send_with_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                is_told = not are_only_errors_told or message["status"] >= HTTPStatus.BAD_REQUEST
                added = more if is_told else (VARY,)
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, send_with_more)

    def _find_allowed(self, scope: Scope) -> Header | None:
        """What a page of the request's origin is told; None where there is none, or another."""
        named = [value for name, value in scope["headers"] if name == b"origin"]
        if len(named) != 1:
            return None
        is_any_allowed = self._is_any_allowed and self._inference.has(scope["path"])
        return self._allowed.get(named[0], ALLOWS_ANY if is_any_allowed else None)


class RefusedPreflights:
    """Tells the log of pages that were refused: at once, and then once in a while how many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._untold_count = 0
        self._told_at: float | None = None

    def __repr__(self) -> str:
        return f"RefusedPreflights({self._untold_count} untold)"

    def note(self, scope: Scope) -> None:
        """A request that no page's origin was allowed for; one that no page asked is no matter."""
        if not _is_preflight(scope):
            return
        self._untold_count += 1
        now = self._clock.monotonic()
        if self._told_at is not None and now - self._told_at < REFUSALS_TOLD_S:
            return
        origin = b", ".join(value for name, value in scope["headers"] if name == b"origin")
        facts = {
            "origin": show_plain(origin.decode("latin-1")),
            "path": show_path(scope["path"]),
            "refused_count": self._untold_count,
        }
        log.warning(
            "a web page of another origin was refused: GATEWAY_CORS_ORIGINS names those whose pages"
            " may call, the inference addresses and no others",
            extra={"facts": facts},
        )
        self._untold_count = 0
        self._told_at = now


def _has_key(scope: Scope) -> bool:
    return any(name in KEY_HEADERS for name, _ in scope["headers"])


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
