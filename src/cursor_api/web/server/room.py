"""What all connections together may keep of requests that nobody serves yet.

An unfinished head and a request that waits behind an earlier one's answer are kept for somebody
who has not shown a key. Each connection's share is small, but there may be thousands. When all of
them together keep too much, the one that keeps most has to go: it is never the client whose head
came in two packets.
"""

from __future__ import annotations

from typing import Generic, TypeVar

# Real heads come in one or two packets and are kept for no time at all. This is a thousand heads of
# 32 KiB; as memory, with what the allocator adds, some 50 MB.
ROOM_BYTES = 32 * 1024 * 1024

Holder = TypeVar("Holder")


class Room(Generic[Holder]):
    """How much is kept, and by whom."""

    __slots__ = ("_bytes_max", "_held", "_held_bytes")

    def __init__(self, bytes_max: int = ROOM_BYTES) -> None:
        self._bytes_max = bytes_max
        self._held: dict[Holder, int] = {}
        self._held_bytes = 0

    def __repr__(self) -> str:
        return f"Room({self._held_bytes} of {self._bytes_max} bytes, {len(self._held)} holders)"

    def hold(self, holder: Holder, size_bytes: int) -> Holder | None:
        """`holder` keeps so much now, 0 for nothing; gives the one that has to go, if there is."""
        self._held_bytes += size_bytes - self._held.pop(holder, 0)
        if size_bytes:
            self._held[holder] = size_bytes
        if self._held_bytes <= self._bytes_max:
            return None
        return max(self._held, key=self._held.__getitem__)
