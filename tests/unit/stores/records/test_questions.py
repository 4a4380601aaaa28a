"""The questions in SQL: what a page looks at. The contract of the stores has the answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.domain.record_query import RecordFilter, RecordQuery
from cursor_api.ports.record_database import Batch
from cursor_api.stores.records import questions
from cursor_api.stores.records.questions import id_at
from cursor_api.stores.sqlite.records import SqliteRecords
from tests.contract.test_records import EVERYTHING, HOUR, record
from tests.contract.test_records import id_at as id_of


@pytest.mark.parametrize(
    ("at", "ms"),
    [(0.0, 0), (1.005, 1005), (1.0051, 1006), (HOUR + 0.001, HOUR * 1000 + 1), (-5.0, 0)],
)
def test_an_instant_is_the_beginning_of_an_id(at: float, ms: int) -> None:
    """Requests of the same ms are not before it."""
    assert id_at(at) == f"{ms:012x}"
    assert len(id_at(1e300)) == 12


async def test_a_page_whose_time_is_over_says_where_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slice at a time, forwards and backwards; whoever goes on finds all of it."""
    monkeypatch.setattr(questions, "PAGE_BUDGET_S", 1e-9)
    monkeypatch.setattr(questions, "SLICE_ROWS_MIN", 10)
    records = SqliteRecords(tmp_path / "log.sqlite3", EVERYTHING, lambda: 0.0)
    made = [record(n, model="rare" if n in {3, 77} else "common") for n in range(100)]
    await records.write(Batch("b", made))

    async def find(query: RecordQuery) -> tuple[list[str], int]:
        found: list[str] = []
        count = 0
        while True:
            page = await records.page(query)
            count += 1
            found += [one.id for one in page.records]
            if page.continue_from is None:
                return found, count
            # At least one slice is looked at, however little time there is.
            if query.after is None:
                assert page.continue_from < (query.before or "g")
                query = query._replace(before=page.continue_from)
            else:
                assert page.continue_from > query.after
                query = query._replace(after=page.continue_from)

    rare = RecordFilter(model="rare")
    assert await find(RecordQuery(rare)) == ([id_of(77), id_of(3)], 11)
    assert await find(RecordQuery(rare, after="0")) == ([id_of(3), id_of(77)], 11)
    # What an index leads to needs no looking around.
    assert (await find(RecordQuery(RecordFilter(caller="nobody"))))[1] == 1
    assert (await find(RecordQuery(rare, rows_max=1)))[0] == [id_of(77), id_of(3)]
    await records.close()
