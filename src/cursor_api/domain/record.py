"""What is kept of each request: who, what, how it went. Never a whole secret or a prompt."""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from cursor_api.domain.deltas import FinishReason, Usage
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.value import Value


class Status(enum.Enum):
    """Where a request stands, by which everything counts it.

    REFUSED: it could not be answered as it was asked, and nobody but its caller is to blame.
    CANCELLED: its client left before the end.
    """

    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"

    # A member's own hash is computed in Python for each look-up in a dict.
    __hash__ = object.__hash__


# For what every request asks: in its class, Python 3.11 takes long to find a member.
PENDING: Final = Status.PENDING
SUCCESS: Final = Status.SUCCESS
FAILED: Final = Status.FAILED
REFUSED: Final = Status.REFUSED
CANCELLED: Final = Status.CANCELLED


class Attempt(Value, frozen=True, array_like=True):
    """One try at one credential. `fault` is None for the one that answered.

    `duration_ms` is up to the first text, or to the fault. `endpoint` is where it was tried.
    A list where it is written as JSON.
    """

    credential_alias: str
    started_at: float
    fault: FaultKind | None
    duration_ms: float = 0.0
    endpoint: str = ""


class RequestRecord(NamedTuple):
    """One request, from admission to its end. Instants are unix seconds, durations ms.

    `id` is 32 hexadecimal digits that sort by time. `client` is the product that the caller's user
    agent names. `endpoint` and `model_served` are the route that answered, or was tried last.
    `cost_nano` is in billionths of a dollar, None where no price is known.

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
    dialect: str = ""
    client: str = ""
    endpoint: str = ""
    model_served: str = ""
    finish: FinishReason | None = None
    cost_nano: int | None = None

    @property
    def ended_at(self) -> float | None:
        """When it ended, unix seconds; None while it is under way."""
        ended = self.duration_ms
        return None if ended is None else self.started_at + ended / 1000

    @property
    def has_foreign_model(self) -> bool:
        """Whether nobody serves the model: then it is any text of a caller, perhaps a key."""
        return self.error_kind is FaultKind.MODEL_NOT_FOUND and not self.attempts
