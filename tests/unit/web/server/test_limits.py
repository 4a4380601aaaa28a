"""Limits of one connection."""

from __future__ import annotations

import pytest

from cursor_api.web.server.descriptors import RESERVED_COUNT
from cursor_api.web.server.limits import ConnectionLimits


@pytest.mark.parametrize(
    ("descriptor_limit", "connections_max"),
    [(None, 4096), (RESERVED_COUNT + 200, 100), (RESERVED_COUNT, 1), (1_000_000, 4096)],
)
def test_callers_have_their_share_of_what_the_process_may_have_open(
    descriptor_limit: int | None, connections_max: int
) -> None:
    """All else stays as it was set."""
    limits = ConnectionLimits(header_timeout_s=7)
    assert limits.within(descriptor_limit) == ConnectionLimits(
        header_timeout_s=7, connections_max=connections_max
    )
