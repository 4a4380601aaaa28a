"""Names that look like settings and are none: whose they are, and what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence

# CGI servers set it.
_FOREIGN = re.compile(r"GATEWAY_INTERFACE")
# Kubernetes gives every pod such variables for every service, "cursor-api" and "gateway" too.
_SERVICE_LINK = re.compile(
    r".*_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP).*)?)"
)


def is_ours(name: str, prefixes: tuple[str, ...], foreign: Sequence[str]) -> bool:
    """Whether somebody who set this variable most likely meant the gateway.

    `foreign` are patterns of names that have one of the prefixes and belong to others.
    """
    upper = name.upper()
    if not upper.startswith(prefixes) or any(re.fullmatch(one, upper) for one in foreign):
        return False
    return not (_FOREIGN.fullmatch(upper) or _SERVICE_LINK.fullmatch(upper))


def find_nearest(name: str, known: Collection[str]) -> str:
    """`; did you mean X?` with the known name that is most alike, else ""."""
    by_fold = {candidate.upper(): candidate for candidate in known}
    near = difflib.get_close_matches(name.upper(), by_fold, 1, cutoff=0.6)
    return f"; did you mean {by_fold[near[0]]}?" if near else ""
