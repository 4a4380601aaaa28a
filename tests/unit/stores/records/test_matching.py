"""Whether a record is asked for; the contract of the stores has the filters themselves."""

from __future__ import annotations

from cursor_api.domain.record_query import RecordFilter
from cursor_api.stores.records.matching import fits, fold
from tests.contract.test_records import FULL


def test_only_the_letters_of_ascii_have_no_case() -> None:
    """As every database sees it, whatever its locale."""
    assert fold("ÄB\ud800") == "Äb?"


def test_all_that_is_set_has_to_be_so() -> None:
    """An empty filter fits everything."""
    assert fits(FULL, RecordFilter())
    assert fits(FULL, RecordFilter(model=FULL.model, text="QUOTA OF"))
    assert not fits(FULL, RecordFilter(model=FULL.model, text="nothing of it"))
    assert not fits(FULL._replace(error=None), RecordFilter(text="x"))
