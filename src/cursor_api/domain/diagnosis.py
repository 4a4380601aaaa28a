"""What a look at one part of the gateway found: how it stands, and what to do."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator
from typing import Any, NamedTuple, Protocol, runtime_checkable


class Verdict(enum.Enum):
    """PROBLEM: it cannot serve. WARNING: it serves with a part missing. SKIPPED: not looked at."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


class Check(NamedTuple):
    """One sentence about what is so; `advice` is what to do about it. Holds no secret."""

    area: str
    verdict: Verdict
    message: str
    advice: str = ""


@runtime_checkable
class Diagnosing(Protocol):
    """A kind of upstream that has more to look at than its address and its list of models."""

    def diagnose(self, options: Any, parts: Any) -> AsyncIterator[Check]:
        """What stands in the way of asking it, and what does not; raises nothing but OSError.

        `options` and `parts` are what it would be built with (`ports.UpstreamKind.build`). The
        area of a check is filled in by whoever asks.
        """
        ...


@runtime_checkable
class Needing(Protocol):
    """A kind of upstream that needs more on this machine than this program brings along."""

    def find_lack(self, options: Any) -> str:
        """What is missing and how to get it, in a sentence; "" where all is there."""
        ...
