"""Who calls, and what they may."""

from __future__ import annotations

from cursor_api.domain.caller import Caller
from cursor_api.domain.permission import Permission


def test_a_caller_may_chat_unless_it_is_the_operator() -> None:
    """Permission is a value on the caller; the least of it is the default."""
    assert not Caller("client-1").is_admin
    assert Caller("operator", Permission.ADMIN).is_admin
