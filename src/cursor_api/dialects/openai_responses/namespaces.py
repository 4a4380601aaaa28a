"""Tools in namespaces: what the client's own servers offer (MCP), one group for each.

No upstream knows groups. A tool of one is called there by both names, and the client gets them
apart again, as it finds the server by the group's.
"""

from __future__ import annotations

from typing import Final

# Of the client itself; a call that names no group is one of these.
DEFAULT: Final = "functions"
_SEPARATOR: Final = "__"


def join_name(namespace: str | None, name: str) -> str:
    """What a tool of this group is called upstream."""
    if not namespace or namespace == DEFAULT:
        return name
    return f"{namespace.removesuffix(_SEPARATOR)}{_SEPARATOR}{name}"
