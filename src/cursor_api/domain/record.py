"""What is kept of each request: who, what, how it went. Never a whole secret or a prompt."""

from __future__ import annotations

import enum
from typing import NamedTuple

from cursor_api.domain.deltas import Usage
from cursor_api.domain.errors import FaultKind


class Status(enum.Enum):
    """Where a request stands. CANCELLED means its client left before the end."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Attempt(NamedTuple):
    """One try at one credential. `fault` is None for the one that answered.

    `duration_ms` is up to the first text, or to the fault.
    """

    credential_alias: str
    started_at: float
    fault: FaultKind | None
    duration_ms: float = 0.0


class RequestRecord(NamedTuple):
    """One request, from admission to its end. Instants are unix seconds, durations ms.

    A named tuple, as two are made for every request: a frozen dataclass of this size takes five
    times as long.
    """

    id: str
    started_at: float
    caller: str
    model: str
    is_stream: bool
    status: Status
    credential_alias: str = ""
    credential_masked: str = ""
    binding_masked: str = ""
    error: str | None = None
    error_kind: FaultKind | None = None
    usage: Usage | None = None
    first_delta_ms: float | None = None
    duration_ms: float | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def has_foreign_model(self) -> bool:
        """Whether nobody serves the model: then it is any text of a caller, perhaps a key."""
        return self.error_kind is FaultKind.MODEL_NOT_FOUND and not self.attempts
