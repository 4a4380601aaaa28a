"""Which program asks, as its `User-Agent` names it."""

from __future__ import annotations

import functools
import re
from typing import Final

CLIENT_HEADER: Final = b"user-agent"
# As much of the header as is looked at, and so the most that is kept of it.
CLIENT_LENGTH_MAX: Final = 64
# The first product with its version, as programs write them: `OpenAI/Python 2.9.0` begins so, and
# `claude-cli/2.1 (external, cli)`. What follows is of machines and people, and is not kept.
_PRODUCT: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._+/@-]*")


@functools.lru_cache(maxsize=256)
def read_client(user_agent: bytes) -> str:
    """The product, of safe characters only; "" where there is none."""
    found = _PRODUCT.match(user_agent)
    return found[0].decode("ascii") if found else ""
