"""Port numbers for tests that have to know one before anybody listens there.

Rules of this file:
- The system gives ports of its own choice to whatever asks for any: a number that it gave and took
  back may be another test's server a moment later. So a free one is chosen below those.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager

LOOPBACK = "127.0.0.1"
# Linux gives out numbers from 32,768 on, other systems from 49,152 on.
CHOICE = range(20_000, 32_000)
_RANDOM = random.SystemRandom()


def free_port() -> int:
    """One that nobody has, for a server that is about to start."""
    while True:
        port = _RANDOM.choice(CHOICE)
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        return port


@contextmanager
def closed_port() -> Iterator[int]:
    """One that refuses connections while the context lasts: it is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        yield taken.getsockname()[1]
