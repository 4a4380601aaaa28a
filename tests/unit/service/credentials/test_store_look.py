"""Who wants to know what others have stored waits for it, but not long."""

from __future__ import annotations

import asyncio

import pytest

from cursor_api.domain.errors import StoreAwayError, StoreError
from cursor_api.service.credentials import store_look
from cursor_api.service.credentials.store_look import StoreLook


class Store:
    """One that answers when it is told to."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.look_count = 0
        self.error: StoreError | None = None

    async def refresh(self) -> bool:
        """A look."""
        self.look_count += 1
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        return True


async def test_all_who_come_during_a_look_share_the_next_one() -> None:
    """What the first one saw may be older than what they want to know."""
    store = Store()
    look = StoreLook(store.refresh)
    first = asyncio.create_task(look.look())
    await asyncio.sleep(0)
    others = [asyncio.create_task(look.look()) for _ in range(20)]
    await asyncio.sleep(0)
    assert store.look_count == 1
    store.answers.set()
    await asyncio.gather(first, *others)
    assert store.look_count == 2
    await look.look()
    assert store.look_count == 3


async def test_a_store_that_hangs_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One look is enough for all who wait; that nobody waits for its end is no error."""
    monkeypatch.setattr(store_look, "ASK_S", 0.01)
    store = Store()
    look = StoreLook(store.refresh)
    for _ in range(3):
        with pytest.raises(StoreAwayError, match="no answer within"):
            await look.look()
    assert store.look_count == 1
    store.error = StoreError("line 3")
    store.answers.set()
    await asyncio.sleep(0.01)
    with pytest.raises(StoreError, match="line 3"):
        await look.look()
    del look
    assert caplog.records == []
