"""What the process's log has of requests that failed."""

from __future__ import annotations

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from tests.house import House
from tests.unit.web.inference.test_route import post, request_body


async def test_a_failure_is_logged_where_an_upstream_was_asked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of those for which nobody was, there may be thousands a second, as fast as they are asked."""
    house = House({"a": [Fault(FaultKind.RATE_LIMITED, "Slow down.", retry_after_s=60)]})
    for _ in range(5):
        assert (await post(house, request_body())).status == 429
    assert [one.message for one in caplog.records].count("request failed") == 1
    assert len(house.log.records) == 5
