"""Names that look like settings and are none: whose they are, and what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence

from cursor_api.options.said import tell

# CGI servers set it.
_FOREIGN = re.compile(r"GATEWAY_INTERFACE")
_APART_MAX = 2
_SHORT_LENGTH_MAX = 5
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
    return tell("; did you mean {name}?", name=by_fold[near[0]]) if near else ""


def find_misspelt(name: str, known: Collection[str]) -> str | None:
    """The known name that this is but for two letters, whatever it begins with; None if none is.

    Of a short name one letter alone: HOME is not HOST. Two letters in each other's place are one.
    """
    upper = name.upper()
    apart_max = 1 if len(name) <= _SHORT_LENGTH_MAX else _APART_MAX
    near = [one for one in known if abs(len(one) - len(upper)) <= apart_max]
    apart = {one: _count_apart(upper, one.upper()) for one in near}
    best = min(apart, key=apart.__getitem__, default=None)
    return best if best is not None and apart[best] <= apart_max else None


def _count_apart(one: str, other: str) -> int:
    """How many letters were added, left out, replaced or swapped (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        above, row = row, [i]
        for j, wanted in enumerate(other, start=1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != wanted))
            if before and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before = above
    return row[-1]
