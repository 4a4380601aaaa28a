"""The response header `x-attempts`: what was tried for an answer.

A list of structured fields (RFC 9651): `"work";fault=rate_limited;ms=120, "home";ms=310`. The alias
is percent-encoded UTF-8, as names may be in any script and headers may not; callers who may only
chat are told `credential` in its place, since the names are the operator's.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from urllib.parse import quote

from cursor_api.domain.record import Attempt
from cursor_api.web.http.answers import Header

ATTEMPTS_HEADER = b"x-attempts"
HIDDEN = "credential"
# What stays as it is where a name is percent-encoded: readable, and nothing that means something
# inside a quoted string.
READABLE = " !#$&'()*+,/:;=?@[]^`{|}~"


def attempts_header(attempts: Sequence[Attempt], *, shows_alias: bool) -> Header:
    """The header for at least one attempt, in their order; `ms` is up to its text or its fault."""
    return ATTEMPTS_HEADER, ", ".join(
        [_item(attempt, shows_alias) for attempt in attempts]
    ).encode()


def _item(attempt: Attempt, shows_alias: bool) -> str:  # noqa: FBT001 - private, and one caller
    name = _quoted(attempt.credential_alias) if shows_alias else HIDDEN
    fault = f";fault={attempt.fault.value}" if attempt.fault else ""
    return f"{name}{fault};ms={round(attempt.duration_ms)}"


@functools.lru_cache(maxsize=1024)
def _quoted(alias: str) -> str:
    return f'"{quote(alias, safe=READABLE)}"'
