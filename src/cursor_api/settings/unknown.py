"""Names that look like settings and are none: whose they are, and what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

PREFIXES = ("CURSOR_", "GATEWAY_")

# Cursor's own editor, command line (not our CURSOR_CLIENT_…) and SDK set these; CGI servers set
# the last one.
_FOREIGN = re.compile(
    r"CURSOR_(?:API_KEY|TRACE_ID|BACKEND_URL|WEBSITE_URL|SDK_.*|AGENT.*|CLI(?!ENT).*)"
    r"|GATEWAY_INTERFACE"
)
# Kubernetes gives every pod such variables for every service, "cursor-api" and "gateway" too.
_SERVICE_LINK = re.compile(
    r".*_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP).*)?)"
)


def is_ours(name: str) -> bool:
    """Whether somebody who set this variable most likely meant the gateway."""
    upper = name.upper()
    if not upper.startswith(PREFIXES):
        return False
    return not (_FOREIGN.fullmatch(upper) or _SERVICE_LINK.fullmatch(upper))


def find_nearest(name: str, known: Collection[str]) -> str:
    """`; did you mean X?` with the known name that is most alike, else ""."""
    by_fold = {candidate.upper(): candidate for candidate in known}
    near = difflib.get_close_matches(name.upper(), by_fold, 1, cutoff=0.6)
    return f"; did you mean {by_fold[near[0]]}?" if near else ""
