"""Names of tools that are longer than servers of this dialect take.

Anthropic's API takes 128 characters, and agents put the names of servers in front of those of
tools: a request with one long name is refused with all its tools.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

NAME_CHARS_MAX: Final = 64
_DIGEST_CHARS: Final = 8


def write_name(name: str) -> str:
    """The name as it is; a long one cut, with a digest of all of it, always the same."""
    if len(name) <= NAME_CHARS_MAX:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_CHARS]
    return f"{name[: NAME_CHARS_MAX - _DIGEST_CHARS - 1]}_{digest}"


def find_renamed(names: Iterable[str]) -> dict[str, str]:
    """Those that were cut, by what they are called upstream."""
    return {write_name(name): name for name in names if len(name) > NAME_CHARS_MAX}
