"""Texts that only who has the key can read: AES-256-GCM, under one of a few keys.

Rules of this file:
- What is sealed names its key by an id, which tells nothing of the key: a wrong key is told from a
  text that was altered.
- What a text belongs to is authenticated with it: put in another place, it does not open.
- The library is an extra, and loaded by whoever has keys.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.options.extras import missing_extra
from cursor_api.options.said import tell, told_by
from cursor_api.options.sealing_keys import read_keys

# A text has a nonce of its own: with 96 random bits, a key may seal some billions of texts.
NONCE_BYTES: Final = 12
ID_DIGITS: Final = 8
# A nonce and a tag of 16 bytes, in base64.
SEALED_CHARS_MIN: Final = 38
# Far above as many keys as there may be.
KEY_FILE_BYTES_MAX: Final = 4096

KEY: Final = "CREDENTIALS_KEY"
KEY_FILE: Final = "CREDENTIALS_KEY_FILE"
# What a sealed text begins with; no token has a colon in it.
MARK: Final = "sealed:"
SEALED: Final = re.compile(rf"{MARK}([0-9a-f]{{{ID_DIGITS}}}):([A-Za-z0-9_-]*)")


class UnsealError(Exception):
    """It cannot be opened. `key_id` is that of a key that is not here; None: it was altered."""

    def __init__(self, key_id: str | None) -> None:
        super().__init__(f"no key {key_id}" if key_id else "altered")
        self.key_id = key_id


class Sealer:
    """Seals with the first of its keys, and opens with any of them."""

    def __init__(self, keys: Sequence[Secret]) -> None:
        """At least one key of 64 hexadecimal digits. Raises StoreError without the library."""
        try:
            from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - an extra
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
        except ImportError as error:
            raise missing_extra(KEY, "sealed", error) from error
        self._invalid = InvalidTag
        # By their ids, in order.
        self._ciphers = {id_of(key): AESGCM(bytes.fromhex(key.reveal())) for key in keys}
        self.key_id = id_of(keys[0])

    def __repr__(self) -> str:
        return f"Sealer({', '.join(self._ciphers)})"

    def seal(self, data: bytes, context: str) -> bytes:
        """Sealed with the first key. The same data never looks the same."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._ciphers[self.key_id].encrypt(nonce, data, context.encode())

    def open(self, key_id: str, sealed: bytes, context: str) -> bytes:
        """What was sealed with that key in that context. Raises UnsealError."""
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnsealError(key_id)
        try:
            return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
        except (self._invalid, ValueError):
            raise UnsealError(None) from None

    def seal_text(self, text: str, context: str) -> str:
        """As `SEALED` has it."""
        sealed = base64.urlsafe_b64encode(self.seal(text.encode(), context)).decode().rstrip("=")
        return f"{MARK}{self.key_id}:{sealed}"

    def open_text(self, text: str, context: str) -> str:
        """What `seal_text` was given. Raises UnsealError."""
        found = SEALED.fullmatch(text)
        if found is None:
            raise UnsealError(None)
        padding = "=" * (-len(found[2]) % 4)
        try:
            sealed = base64.urlsafe_b64decode(found[2] + padding)
        except binascii.Error:
            raise UnsealError(None) from None
        return self.open(found[1], sealed, context).decode()


def id_of(key: Secret) -> str:
    """What a key is known by where it must not stand: 8 hexadecimal digits."""
    digest = hashlib.sha256(b"cursor-api sealing key " + bytes.fromhex(key.reveal()))
    return digest.hexdigest()[:ID_DIGITS]


def make_sealer(keys: Sequence[Secret], key_file: Path | None) -> Sealer | None:
    """What seals by these settings; None where neither is set.

    Raises StoreError where both are, for a file that cannot be read or holds no keys, and without
    the library.
    """
    if key_file is not None:
        if keys:
            raise StoreError(
                tell("{one} and {other} are both set; leave one out.", one=KEY, other=KEY_FILE)
            )
        keys = _read_key_file(key_file)
    return Sealer(keys) if keys else None


def _read_key_file(path: Path) -> tuple[Secret, ...]:
    try:
        with path.open("rb") as opened:
            text = opened.read(KEY_FILE_BYTES_MAX).decode("utf-8-sig")
        keys = read_keys(text)
    except OSError as error:
        raise StoreError(
            tell("{path} cannot be read: {reason}.", path=path, reason=error.strerror)
        ) from error
    except UnicodeDecodeError:
        raise StoreError(tell("{path} is not UTF-8 text.", path=path)) from None
    except ValueError as error:
        raise StoreError(tell("{path} {error}.", path=path, error=told_by(error))) from None
    if not keys:
        raise StoreError(
            tell("{path} is empty; `cursor-api token sealing-key` makes a key.", path=path)
        )
    return keys
