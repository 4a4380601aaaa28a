"""How often something may be asked."""

from __future__ import annotations

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.http.allowance import Allowance
from tests.fakes import TickingClock


def test_an_allowance_grows_back_up_to_its_burst() -> None:
    """So many at once, one a second for ever."""
    clock = TickingClock()
    allowance = Allowance(clock, 2, 0.5, "Too often.")
    for _ in range(3):
        allowance.take()
    with pytest.raises(Fault) as caught:
        allowance.take()
    assert caught.value.kind is FaultKind.RATE_LIMITED
    assert caught.value.message == "Too often."
    assert caught.value.retry_after_s == 1.0
    assert repr(allowance) == "Allowance(0.5 of 2 left)"
    clock.seconds += 1000
    for _ in range(3):
        allowance.take()
    with pytest.raises(Fault):
        allowance.take()
