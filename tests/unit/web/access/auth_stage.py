"""Authenticators, and requests for them."""

from __future__ import annotations

from typing import Any

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.access.auth import AccessOptions, Authenticator, Headers
from cursor_api.web.access.lockout import Lockout, LockoutOptions
from tests.fakes import StillClock

KEY = "gateway-key-0123456789"
WRONG_KEYS_MAX = 3


def authenticator(options: AccessOptions, wrong_keys_max: int = 0) -> Authenticator:
    """One that holds up nobody, unless a number is given; then nobody's turn comes."""
    options_ = LockoutOptions(wrong_keys_max, first_delay_s=60, delay_s_max=60, wait_s_max=0.01)
    lockout = Lockout(options_, StillClock())
    return Authenticator(options, lockout, read_own_credentials)


def read_own_credentials(text: str, headers: Headers) -> tuple[Credential, ...] | None:
    """Any text is a credential, but for one with a space; a header can be wrong."""
    if any(name == b"x-wrong" for name, _ in headers):
        raise Fault(FaultKind.INVALID_REQUEST, "The header x-wrong is wrong.")
    return None if " " in text else (Credential("caller", Secret(text), "binding", "far"),)


KEYED = authenticator(AccessOptions(Secret(KEY)))
CLIENT_KEYS = ("chat-key-0123456789", "other-key-0123456789")
SHARED = authenticator(AccessOptions(Secret(KEY), tuple(map(Secret, CLIENT_KEYS))))
OPEN = authenticator(AccessOptions(Secret(KEY), is_passthrough=True))


def asked(client: str = "10.0.0.1", **fields: str) -> dict[str, Any]:
    """A request from an address as ASGI gives it; underscores in headers stand for dashes."""
    headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    return {"headers": headers, "client": (client, 1234)}
