"""`/api/ui-code` and `/api/ui-session`: how a command signs its user's browser in.

The command knows the operator's key; the page must not get it in its address, which goes into a
history and to whoever looks on. So the address carries a code in its fragment, which no server is
sent, good for one minute and one use, and the page changes it for the key. The page may reach
another worker than the command did: that one asks the others for the code, by its digest.

Whoever asks with an API key gets that key and not the operator's, which would outlive it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import invalid_request
from cursor_api.ports.process import Clock
from cursor_api.ports.siblings import Siblings
from cursor_api.web.access.auth import Authenticator
from cursor_api.web.http.allowance import Allowance
from cursor_api.web.http.json_body import read_strangers_json, reply
from cursor_api.web.http.operation import Key, Operation

# Where a worker asks the others for a code, which is good no more then: below it, its digest.
WORKER_CODES_PATH: Final = "/ui-codes"
CODE_BYTES = 32
EXPIRES_S = 60
# A person opens one page at a time; a program that asks for codes pushes out its own.
CODES_MAX = 16
# `{"code": "…"}` with some room; there is no key yet that would let anybody send more.
BODY_BYTES_MAX = 1024
# A code cannot be guessed; this keeps those who try from costing anything.
BURST_COUNT = 10
TRIES_PER_S = 1.0

TOO_OFTEN = "Codes are tried too often."
WRONG_CODE = (
    "This code is used, older than a minute, or none at all. `cursor-api ui` makes a new one; or"
    " sign in with the gateway's key."
)


# The key of a code that was asked for with the operator's, whatever that is then.
OPERATORS: Final = Secret("")


class UiCodeOut(Struct):
    """A code that opens the console once, within `expires_s` seconds."""

    code: str
    expires_s: int


class UiCodeIn(Struct, forbid_unknown_fields=True):
    """The code, as it stood in the address."""

    code: str


class UiKeyOut(Struct):
    """The key that the code was asked for with."""

    key: str


_DECODER = msgspec.json.Decoder(UiCodeIn)


class UiCodes:
    """The codes that are good now, by digest; they outlive every change of the settings."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # By digest, oldest first: until when each is good, and for which key.
        self._made: dict[str, tuple[float, Secret]] = {}
        self.tries = Allowance(clock, BURST_COUNT, TRIES_PER_S, TOO_OFTEN)

    def __repr__(self) -> str:
        return f"UiCodes({len(self._made)})"

    def make(self, key: Secret = OPERATORS) -> str:
        """A new one."""
        code = secrets.token_urlsafe(CODE_BYTES)
        if len(self._made) >= CODES_MAX:
            del self._made[next(iter(self._made))]
        self._made[_digest(code)] = self._clock.monotonic() + EXPIRES_S, key
        return code

    def take(self, digest: str) -> Secret | None:
        """The key for that code, None where it is not good; it is good no more."""
        until, key = self._made.pop(digest, (0.0, OPERATORS))
        return key if self._clock.monotonic() < until else None


class UiSignIn:
    """Answers both addresses. `operator_key` is None where there is none (pure pass-through).

    `siblings` gives None where there is no other worker.
    """

    def __init__(
        self,
        codes: UiCodes,
        operator_key: Secret | None,
        authenticator: Authenticator,
        siblings: Callable[[], Siblings | None] = lambda: None,
    ) -> None:
        self._codes = codes
        self._operator_key = operator_key
        self._authenticator = authenticator
        self._siblings = siblings

    def operations(self) -> Sequence[Operation]:
        """Both. The second asks for no key: the code stands for it."""
        return (
            Operation(
                method="POST",
                path="/api/ui-code",
                handler=self.make_code,
                summary="A code that signs a browser in, once, within a minute",
                good={200: UiCodeOut},
                bad=(401, 403),
            ),
            Operation(
                method="POST",
                path="/api/ui-session",
                handler=self.begin,
                key=Key.LEFT_TO_HANDLER,
                summary="Change such a code for the key that it was asked for with",
                body=UiCodeIn,
                good={200: UiKeyOut},
                bad=(400, 413, 429),
            ),
        )

    async def make_code(self, request: Request) -> Response:
        """A new code."""
        key = self._authenticator.find_api_key(request.scope) or OPERATORS
        return reply(UiCodeOut(self._codes.make(key), EXPIRES_S))

    async def begin(self, request: Request) -> Response:
        """The key for the code; Fault(INVALID_REQUEST) for one that is not good."""
        given = await read_strangers_json(request, _DECODER, BODY_BYTES_MAX)
        digest = _digest(given.code)
        # A right code is no try: strangers who try on and on keep nobody from signing in.
        key = self._codes.take(digest) or await self._ask_others(digest)
        if key == OPERATORS:
            key = self._operator_key
        if key is None:
            raise invalid_request(WRONG_CODE, code="invalid_code", param="code")
        return reply(UiKeyOut(key.reveal()))

    async def _ask_others(self, digest: str) -> Secret | None:
        """The key for a code of another worker's; raises Fault(RATE_LIMITED)."""
        self._codes.tries.take()
        siblings, key = self._siblings(), None
        if siblings is not None:
            for found in await siblings.ask_all(f"{WORKER_CODES_PATH}/{digest}"):
                key = Secret(found.decode())
        return key


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
