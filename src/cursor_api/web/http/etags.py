"""`If-Match`: which version of something a change is meant for."""

from __future__ import annotations

import re
from collections.abc import Sequence

# `W/` and quotes are a cache's and a program's habits; both name the same text here.
_ETAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s",]+)')


def read_if_match(values: Sequence[str]) -> list[str] | None:
    """The versions that these headers name; None where there is no header, or any will do."""
    found = [quoted or bare for quoted, bare in _ETAG.findall(", ".join(values))]
    return None if not values or "*" in found else found
