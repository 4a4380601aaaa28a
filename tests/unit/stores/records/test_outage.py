"""An outage is told once when it begins and once when it is over."""

from __future__ import annotations

from cursor_api.domain.errors import StoreError
from cursor_api.stores.records.outage import Outage
from tests.fakes import ListObserver


def test_it_is_told_once_at_each_end_with_what_was_lost() -> None:
    """However often it is noticed; each record that was given up is told of once."""
    observer = ListObserver()
    outage = Outage(observer, "away", "back")
    outage.end()
    outage.drop(1, is_told=True)
    for _ in range(2):
        outage.begin(StoreError("full"))
        outage.drop(2)
    assert (outage.is_on, outage.dropped_count, outage.untold_count) == (True, 5, 4)
    assert repr(outage) == "Outage(is_on=True, dropped=5)"
    outage.end()
    outage.begin(StoreError("full"))
    outage.end()
    assert observer.events == [
        ("away", {"detail": "full"}),
        ("back", {"lost_count": 4}),
        ("away", {"detail": "full"}),
        ("back", {"lost_count": 0}),
    ]
