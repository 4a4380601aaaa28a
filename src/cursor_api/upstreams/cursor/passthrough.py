"""What callers of a pass-through bring as their own: Cursor's tokens, and the device behind them.

Any bearer is taken as a token (several with commas), as the earlier program's ancestors did. The
device is the one behind it (`token,checksum`, as the earlier program's later versions had it), else
that of the header `x-cursor-checksum`, else the configured one, else one derived from the token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from cursor_api.domain.credential import Credential, Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.cursor.forms import (
    API_KEY,
    CHECKSUM,
    ENDPOINT,
    is_checksum,
    read_token,
    why_no_token,
)
from cursor_api.wire.checksum import new_checksum

Headers = Iterable[tuple[bytes, bytes]]

CHECKSUM_HEADER = b"x-cursor-checksum"
CREDENTIALS_MAX = 20


def passthrough_reader(
    default_checksum: str = "",
) -> Callable[[str, Headers], tuple[Credential, ...] | None]:
    """What reads them; `default_checksum` is the device of callers who send none."""

    def read(text: str, headers: Headers) -> tuple[Credential, ...] | None:
        return read_own_credentials(text, headers, default_checksum)

    return read


def read_own_credentials(
    text: str, headers: Headers, default_checksum: str = ""
) -> tuple[Credential, ...] | None:
    """The caller's credentials; None for what cannot be a token.

    Raises Fault(INVALID_REQUEST) for a checksum that is none.
    """
    tokens = [token.strip() for token in text.split(",") if token.strip()]
    if not tokens or len(tokens) > 2 * CREDENTIALS_MAX:
        return None
    checksum = _find_checksum(headers) or default_checksum
    if checksum and not CHECKSUM.fullmatch(checksum):
        raise Fault(
            FaultKind.INVALID_REQUEST,
            "The header x-cursor-checksum is not a checksum.",
            param="x-cursor-checksum",
        )
    credentials: list[Credential] = []
    for given in tokens:
        if credentials and is_checksum(given):
            credentials[-1] = replace(credentials[-1], binding=given)
            continue
        alias, token = read_token(given)
        if why_no_token(token) is not None:
            return None
        credentials.append(
            Credential(
                alias=alias or "caller",
                secret=Secret(token),
                binding=checksum or device_checksum(token),
                endpoint=API_KEY.endpoint if API_KEY.is_form_of(token) else ENDPOINT,
            )
        )
    return tuple(credentials) if len(credentials) <= CREDENTIALS_MAX else None


def device_checksum(token: str) -> str:
    """The device of a token that came without one: derived, so that it never changes."""
    ids = iter(
        hashlib.sha256(purpose + token.encode()).digest() for purpose in (b"machine:", b"mac:")
    )
    return new_checksum(lambda _size: next(ids), 0.0)


def _find_checksum(headers: Headers) -> str:
    """The last one, where there are several."""
    found = b""
    for name, value in headers:
        if name == CHECKSUM_HEADER:
            found = value.strip()
    return found.decode("latin-1")
