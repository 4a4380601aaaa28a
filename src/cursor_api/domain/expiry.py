"""When a token (a JWT) says that it ends. Read, never validated: only who made it has the key."""

from __future__ import annotations

import base64
import binascii
import json

WARN_BEFORE_S = 3 * 24 * 3600.0
# A token is a few hundred characters; what is longer is not worth decoding.
PAYLOAD_LENGTH_MAX = 8192
JWT_PART_COUNT = 3
# The year 2286; a later one is no date but a mistake in units.
EXPIRY_MAX = 1e10


def find_expiry(token: str) -> float | None:
    """The `exp` claim in unix seconds; None where the token is opaque or has none."""
    parts = token.split(".")
    if len(parts) != JWT_PART_COUNT or len(parts[1]) > PAYLOAD_LENGTH_MAX:
        return None
    payload = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = json.loads(base64.b64decode(payload, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    expiry = claims.get("exp") if isinstance(claims, dict) else None
    if not isinstance(expiry, int | float) or isinstance(expiry, bool):
        return None
    # NaN and infinity compare false.
    return float(expiry) if 0 < expiry < EXPIRY_MAX else None


def expires_soon(expires_at: float | None, now: float) -> bool:
    """Whether it is time to renew the token, or past it; False where it does not say."""
    return expires_at is not None and expires_at - now < WARN_BEFORE_S
