"""The room of all connections together."""

from __future__ import annotations

from cursor_api.web.server.room import Room


def test_within_the_limit_nobody_has_to_go() -> None:
    """Who keeps another amount is counted with the new one, who keeps nothing not at all."""
    room: Room[str] = Room(100)
    assert room.hold("a", 60) is None
    assert room.hold("b", 40) is None
    assert room.hold("a", 10) is None
    assert room.hold("c", 50) is None
    assert repr(room) == "Room(100 of 100 bytes, 3 holders)"
    assert room.hold("b", 0) is None
    assert repr(room) == "Room(60 of 100 bytes, 2 holders)"


def test_who_keeps_most_has_to_go() -> None:
    """Not the one that came last, whose head may only have come in two packets."""
    room: Room[str] = Room(100)
    room.hold("large", 60)
    room.hold("small", 30)
    assert room.hold("last", 20) == "large"
    assert room.hold("large", 0) is None
    assert room.hold("last", 200) == "last"
