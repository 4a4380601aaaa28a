"""The credential that a request names: another worker or node may have added it a moment ago."""

from __future__ import annotations

from cursor_api.domain.errors import Fault, FaultKind, StoreAwayError, StoreError
from cursor_api.service.inference.search import Collaborators

RETRY_AFTER_S = 5.0
STORE_AWAY = "store_away"


async def look_for_pinned(collaborators: Collaborators, alias: str) -> None:
    """Have it be known here, if there is one; raises Fault where nobody can tell."""
    if collaborators.look_for is None:
        return
    try:
        await collaborators.look_for(alias)
    except StoreAwayError as error:
        fault = Fault(FaultKind.OVERLOADED, error.message, retry_after_s=RETRY_AFTER_S)
        fault.code = STORE_AWAY
        raise fault from error
    except StoreError:
        # Of files that cannot be used the operator is told; it is none of those that serve.
        return
