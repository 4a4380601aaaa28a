"""The few headers of a caller's that go on to an upstream of the same dialect.

Everything else of a caller's head stops here. What goes on is made anew from items that were looked
at one by one, so that nothing can be hidden in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.value import replace

# As many as a client has features to ask for; each costs room in a head of the upstream's.
ITEMS_MAX: Final = 64


def pass_headers(
    chat: ChatRequest,
    headers: Iterable[tuple[bytes, bytes]],
    patterns: Mapping[bytes, re.Pattern[bytes]],
) -> tuple[str, ...]:
    """Keep with the request as it came what of its headers goes on.

    Gives the names of headers of which an item was left out.
    """
    native = chat.origin.native
    if native is None or not patterns:
        return ()
    found: dict[bytes, list[bytes]] = {}
    ignored: list[str] = []
    for name, value in headers:
        pattern = patterns.get(name)
        if pattern is None:
            continue
        for item in filter(None, (part.strip() for part in value.split(b","))):
            items = found.setdefault(name, [])
            if pattern.fullmatch(item) and len(items) < ITEMS_MAX:
                items.append(item)
            else:
                ignored.append(name.decode())
    passed = tuple(
        (name.decode(), b",".join(items).decode()) for name, items in found.items() if items
    )
    chat.origin = replace(chat.origin, native=replace(native, headers=passed))
    return tuple(dict.fromkeys(ignored))
