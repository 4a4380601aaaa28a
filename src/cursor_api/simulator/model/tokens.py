"""Tokens as the simulators count them, and the prefixes of prompts that are known already."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence

# What an English text has on average, and what the gateway estimates by.
BYTES_PER_TOKEN = 4
# A soak run asks a million questions.
PREFIXES_MAX = 16_384


def count_tokens(text: str | bytes) -> int:
    """About as many as a tokenizer finds; at least one where there is a text."""
    size_bytes = len(text if isinstance(text, bytes) else text.encode())
    return -(-size_bytes // BYTES_PER_TOKEN)


class PromptCache:
    """Remembers how prompts began, for each account."""

    def __init__(self, prefixes_max: int = PREFIXES_MAX) -> None:
        self._prefixes_max = prefixes_max
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def find(self, account: str, parts: Sequence[bytes]) -> int:
        """How many of the first parts of a prompt have been remembered together."""
        found = 0
        for count, key in enumerate(_keys(account, parts), 1):
            if key in self._seen:
                self._seen.move_to_end(key)
                found = count
        return found

    def remember(self, account: str, parts: Sequence[bytes]) -> None:
        """All beginnings of these parts; the oldest of all are forgotten."""
        for key in _keys(account, parts):
            self._seen[key] = None
            self._seen.move_to_end(key)
        while len(self._seen) > self._prefixes_max:
            self._seen.popitem(last=False)


def _keys(account: str, parts: Sequence[bytes]) -> Iterator[bytes]:
    running = hashlib.sha256(account.encode())
    for part in parts:
        running.update(len(part).to_bytes(8, "big") + part)
        yield running.digest()
