"""What a request has met so far."""

from __future__ import annotations

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.service.inference.retrying import RetryState


def test_a_hindrance_speaks_for_itself_where_nobody_was_asked() -> None:
    """There is nothing that an upstream said."""
    hindrance = Fault(FaultKind.NO_CREDENTIALS, "none")
    assert RetryState().explain(hindrance) is hindrance
