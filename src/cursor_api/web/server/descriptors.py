"""File descriptors: how many this process may have, and how many of them connections get.

Every connection is a descriptor, and a chat request needs two: its caller's and its upstream's. So
callers' connections get at most one half. What is left over is for everything else that has to go
on when all of them are taken: saving the token files, looking up names, refusing the next caller.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Final

if sys.platform != "win32":
    import resource

# Listener, logs, event loop and resolver have some twenty; a save needs four; refusals linger.
RESERVED_COUNT: Final = 96


def find_limit() -> int | None:
    """How many this process may have open; None where there is no limit (Windows has none)."""
    if sys.platform == "win32":
        return None
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def raise_limit(wanted_count: int) -> int | None:
    """Raise the limit as far as the system lets this user; gives what it is now.

    The soft limit is low for the sake of programs that use select(), which this one does not.
    Where the system names no upper limit and takes no large number (macOS), it is `wanted_count`.
    """
    if sys.platform == "win32":
        return None
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for count in (hard, wanted_count):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
            break
    return find_limit()


def count_needed(connections_max: int, upstream_max: int) -> int:
    """How many descriptors it takes to have all these connections."""
    # A chat request has one of each, so that callers' connections need as many upstream at most.
    return 2 * max(connections_max, upstream_max) + RESERVED_COUNT


def share(connections_max: int, limit_count: int | None) -> int:
    """How many connections callers may have where the process may have so many descriptors."""
    if limit_count is None:
        return connections_max
    return max(1, min(connections_max, (limit_count - RESERVED_COUNT) // 2))
