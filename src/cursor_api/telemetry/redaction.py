"""Taking secrets, and characters that play tricks, out of what is about to be written down.

Rules of this file:
- What leaves `redact` is made of str, int, float, bool, None, list and dict only: an object that
  a renderer would call `repr` on later could bring a secret back in.
- Better to hide too much than too little; nothing here decides whether a secret is valid.
- The way without a find is the common one and the one that has to be cheap.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import quote

from cursor_api.options.masking import HEX, HEX_LENGTH, HINTS, MARK, redact_shapes

# A shorter "secret" would blank out half of every line and is no secret; the settings refuse a
# key under 8 characters wherever somebody else could reach the listener.
SECRET_LENGTH_MIN = 4

# Deeper than any value the gateway logs; a deeper one, or one that holds itself, is cut off.
DEPTH_MAX = 8

# The value under such a name is a secret whatever it looks like.
SENSITIVE_NAMES: AbstractSet[str] = frozenset(
    {
        "api_key",
        "auth_token",
        "authorization",
        "cookie",
        "password",
        "proxy-authorization",
        "secret",
        "set-cookie",
        "x-api-key",
        "x-cursor-checksum",
        "x_cursor_checksum",
    }
)
_PAIR_LENGTH = 2
# Exact types: a subclass may have a repr of its own.
_HARMLESS = frozenset({bool, int, float})


def _spellings(secret: str) -> set[str]:
    """The secret as it looks inside a URL, a Python repr and JSON."""
    return {
        secret,
        quote(secret, safe=""),
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    }


def _has_to_be_known(secret: str) -> bool:
    """Whether it is long enough to be one, and not recognised by its shape in any other text."""
    return len(secret) >= SECRET_LENGTH_MIN and redact_shapes(f"x{secret}x") != f"x{MARK}"


class Redactor:
    """Knows the secrets of this process, and takes them and their like out of values.

    A secret that has one of the known shapes needs no place in the list; for the others each
    text costs one substring search per secret (about 0.05 µs each).
    """

    __slots__ = ("_known", "_secrets")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: tuple[str, ...] = ()
        self._known: frozenset[str] = frozenset()
        self.add_all(secrets)

    def __repr__(self) -> str:
        return f"Redactor({len(self._secrets)} spellings)"

    def add(self, secret: str) -> None:
        """Hide this string from now on. Adding it again changes nothing.

        One of fewer than `SECRET_LENGTH_MIN` characters is passed over.
        """
        self.add_all((secret,))

    def add_all(self, secrets: Iterable[str]) -> None:
        """Hide these strings from now on: like `add` for each, but put in order only once.

        10,000 opaque ones take a fifth of a second, and as good as none when they are known.
        """
        stripped = {secret.strip() for secret in secrets} - self._known
        new = {secret for secret in stripped if _has_to_be_known(secret)}
        if not new:
            return
        self._known |= new
        spellings = set(self._secrets).union(*map(_spellings, new))
        # The longest first, so that a secret inside another leaves no tail of the longer one.
        self._secrets = tuple(sorted(spellings, key=lambda spelling: (-len(spelling), spelling)))

    def redact_text(self, text: str) -> str:
        """The text with every known or secret-shaped part replaced by `MARK`."""
        for secret in self._secrets:
            text = text.replace(secret, MARK)
        return redact_shapes(text)

    def redact_event(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """A log event without secrets; the very same mapping when there was nothing to do."""
        if self._is_clean(event):
            return event
        return {
            name: MARK if name in SENSITIVE_NAMES else self.redact(value)
            for name, value in event.items()
        }

    def _is_clean(self, event: Mapping[str, Any]) -> bool:
        """True when all values are plain and none holds a secret; every event pays for this."""
        texts = []
        for value in event.values():
            if type(value) is str:
                texts.append(value)
                if len(value) >= HEX_LENGTH and HEX.search(value):
                    return False
            elif value is not None and type(value) not in _HARMLESS:
                return False
        text = "\n".join(texts)
        for secret in self._secrets:
            if secret in text:
                return False
        lowered = text.lower()
        for hint in HINTS:
            if hint in lowered:
                return False
        return SENSITIVE_NAMES.isdisjoint(event)

    def redact(self, value: object, depth: int = 0) -> Any:
        """Any value as plain data without secrets; an unknown object becomes its redacted repr."""
        if value is None or type(value) in _HARMLESS:
            return value
        if isinstance(value, str):
            # str.__str__, because a subclass may show something else than it holds.
            return self.redact_text(str.__str__(value))
        if isinstance(value, bytes | bytearray | memoryview):
            return self.redact_text(bytes(value).decode("utf-8", "backslashreplace"))
        if isinstance(value, Mapping | list | tuple | set | frozenset):
            return self._redact_container(value, depth) if depth < DEPTH_MAX else "…"
        return self.redact_text(_safe_repr(value))

    def _redact_container(self, value: Iterable[Any], depth: int) -> dict[str, Any] | list[Any]:
        if not isinstance(value, Mapping):
            return self._redact_items(value, depth)
        return {
            str(self.redact(name, depth + 1)): MARK
            if _is_sensitive(name)
            else self.redact(item, depth + 1)
            for name, item in value.items()
        }

    def _redact_items(self, value: Iterable[Any], depth: int) -> list[Any]:
        items = list(value)
        if len(items) == _PAIR_LENGTH and _is_sensitive(items[0]):
            # A header as servers and clients keep them: (b"x-api-key", b"...").
            return [self.redact(items[0], depth + 1), MARK]
        return [self.redact(item, depth + 1) for item in items]


def _is_sensitive(name: object) -> bool:
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    return isinstance(name, str) and name.lower() in SENSITIVE_NAMES


def _safe_repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - a broken repr must not cost the log line
        return f"<{type(value).__name__}: repr failed with {type(error).__name__}>"
