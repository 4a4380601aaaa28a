"""What operators did is kept, or told in the log."""

from __future__ import annotations

from cursor_api.domain.act import SUBJECT_LENGTH_MAX, Act, ActKind, ActQuery
from cursor_api.domain.errors import StoreError
from cursor_api.service.audit import Audit
from cursor_api.stores.memory_keys import MemoryKeyStore
from tests.fakes import ListObserver, StillClock


async def test_an_act_is_kept_with_its_time_and_found_page_by_page() -> None:
    """A long subject is cut."""
    clock, observer = StillClock(), ListObserver()
    audit = Audit(MemoryKeyStore(), clock, observer)
    await audit.note("operator", ActKind.KEY_CREATED, "alice")
    clock.seconds += 1
    await audit.note("bob", ActKind.PRICE_SET, "x" * 1000)
    first = await audit.page(ActQuery(1))
    assert [one.act for one in first.acts] == [
        Act(5001.0, "bob", "price_set", "x" * SUBJECT_LENGTH_MAX)
    ]
    second = await audit.page(ActQuery(1, before=first.continue_from))
    assert [one.act for one in second.acts] == [Act(5000.0, "operator", "key_created", "alice")]
    assert second.continue_from is None
    assert observer.warnings == []


async def test_an_act_that_cannot_be_kept_is_in_the_log() -> None:
    """It has been done: whoever did it gets his answer."""

    class Away(MemoryKeyStore):
        """Takes nothing."""

        async def add_act(self, act: Act) -> None:
            """See AuditStore."""
            raise StoreError(f"away: {act.kind}")

    observer = ListObserver()
    await Audit(Away(), StillClock(), observer).note("operator", ActKind.KEY_REVOKED, "alice")
    [(event, facts)] = observer.warnings
    assert event == "what an operator did could not be kept"
    assert facts == {
        "actor": "operator",
        "act": "key_revoked",
        "subject": "alice",
        "detail": "away: key_revoked",
    }
