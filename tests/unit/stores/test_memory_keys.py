"""What is of this store alone; the contract suite has what all of them promise."""

from __future__ import annotations

from cursor_api.domain.api_key import ApiKey
from cursor_api.stores.memory_keys import MemoryKeyStore


async def test_it_tells_how_much_it_holds() -> None:
    """And nothing of what."""
    store = MemoryKeyStore()
    await store.put(ApiKey("alice", b"d", "sk-ca-abcd", "Alice", 1.0))
    assert repr(store) == "MemoryKeyStore(keys=1, prices=0)"
