"""The bounds of one request."""

from __future__ import annotations

from cursor_api.wire.limits import RequestLimits


def test_each_message_may_have_two_parts() -> None:
    """The defaults fit each other."""
    limits = RequestLimits()
    assert limits.parts_max == 2 * limits.messages_max
