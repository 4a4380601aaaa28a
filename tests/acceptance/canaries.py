"""Secrets that are planted to be looked for, and the looking."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# A mask shows four characters at each edge; anything longer than both together is a leak.
WINDOW = 12


def _letters(seed: str, count: int) -> str:
    """Lower-case letters and digits that look like chance and are the same every time."""
    return base64.b32encode(hashlib.sha512(seed.encode()).digest()).decode().lower()[:count]


def opaque(seed: str) -> str:
    """A secret without any known form."""
    return f"{_letters(seed, 40)}"


def jwt(seed: str) -> str:
    """A session token in the form of real ones, which expires in 2100."""
    claims = {"sub": f"auth0|{_letters(seed, 20)}", "exp": 4102444800, "type": "session"}
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    head, body = (_base64(json.dumps(part).encode()) for part in parts)
    return f"{head}.{body}.{_base64(hashlib.sha256(seed.encode()).digest())}"


def checksum(seed: str) -> str:
    """A checksum: a time of 2024, two devices."""
    ids = (hashlib.sha256(f"{seed}/{part}".encode()).hexdigest() for part in ("machine", "mac"))
    return f"paaotdDV{'/'.join(ids)}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Leak:
    """A piece of a secret in a place where it must not be."""

    place: str
    piece: str


class Watch:
    """Knows the planted secrets and finds every piece of one that is longer than a mask."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._pieces: dict[str, str] = {}
        for secret in secrets:
            assert len(secret) >= 2 * WINDOW, secret
            for at in range(len(secret) - WINDOW + 1):
                piece = secret[at : at + WINDOW]
                self._pieces[piece.lower()] = secret

    def find(self, place: str, text: str) -> Sequence[Leak]:
        """All leaks in a text, whatever the case of its letters."""
        text = text.lower()
        windows = {text[at : at + WINDOW] for at in range(len(text) - WINDOW + 1)}
        return [Leak(place, piece) for piece in sorted(windows & self._pieces.keys())[:3]]
