"""What to do after a fault before the commit point, as a pure decision."""

from __future__ import annotations

import enum

from cursor_api.domain.errors import Fault, Scope


class Decision(enum.Enum):
    """ANOTHER_CREDENTIAL: try again with one not yet tried. GIVE_UP: answer the fault."""

    ANOTHER_CREDENTIAL = "another_credential"
    GIVE_UP = "give_up"


def decide(fault: Fault, attempt_count: int, attempt_count_max: int) -> Decision:
    """Judge a fault by its scope after `attempt_count` attempts (the failed one included)."""
    match fault.scope:
        case Scope.CREDENTIAL:
            if attempt_count < attempt_count_max:
                return Decision.ANOTHER_CREDENTIAL
            return Decision.GIVE_UP
        case Scope.REQUEST | Scope.ENDPOINT | Scope.GATEWAY:
            return Decision.GIVE_UP
