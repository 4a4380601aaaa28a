"""What a look at one part of the gateway found: how it stands, and what to do."""

from __future__ import annotations

import enum
from typing import NamedTuple


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
