"""Requests as a file."""

from __future__ import annotations

import csv
import io
import json

import pytest

from cursor_api.domain.errors import StoreError
from cursor_api.domain.record_query import PAGE_ROWS_MAX, RecordPage, RecordQuery
from cursor_api.stores.memory_records import MemoryRecords
from cursor_api.web.management.export import COLUMNS
from tests.house import BEARER, House
from tests.records import Spoken, failed_of, record_of
from tests.serving import Answer, ask, serve


async def get(house: House, query: str) -> Answer:
    """The file."""
    async with serve(house.app) as port:
        return await ask(port, "GET", f"/api/requests/export{query}", headers=BEARER)


def rows_of(answer: Answer) -> list[dict[str, str]]:
    """As a spreadsheet reads them."""
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


async def test_a_csv_has_a_line_for_each_request_over_all_pages() -> None:
    """With the names of its columns first; it is saved, and no cache keeps it."""
    house = House()
    for number in range(PAGE_ROWS_MAX + 3):
        house.records.add(record_of(number))
    house.records.add(failed_of(9999, error='He said "no",\nand left.', caller="anna"))
    answer = await get(house, "")
    assert answer.headers["content-disposition"] == 'attachment; filename="requests.csv"'
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["cache-control"] == "no-store"
    rows = rows_of(answer)
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == PAGE_ROWS_MAX + 4
    assert rows[0]["error"] == 'He said "no",\nand left.'
    assert (rows[0]["attempts"], rows[0]["input"], rows[0]["cost_nano"]) == ("2", "", "")
    assert (rows[1]["input"], rows[1]["output"], rows[1]["usage_source"]) == ("10", "9", "upstream")
    assert rows[-1]["id"] == record_of(0).id
    only = rows_of(await get(house, "?caller=anna"))
    assert [row["caller"] for row in only] == ["anna"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
async def test_no_cell_is_a_formula(start: str) -> None:
    """A caller's own text would be run in the operator's spreadsheet."""
    house = House()
    house.records.add(failed_of(1, model=f'{start}HYPERLINK("http://evil")', error=f"{start}1"))
    [row] = rows_of(await get(house, "?format=csv"))
    assert row["model"] == f'\'{start}HYPERLINK("http://evil")'
    assert row["error"] == f"'{start}1"


@pytest.mark.parametrize("before", ["a;", "a\n", "a;\t", "a\r\n", ";"])
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝"])
async def test_no_part_of_a_cell_is_a_formula(before: str, start: str) -> None:
    """Some spreadsheets part cells at semicolons, and lines that are inside of quotes."""
    house = House()
    house.records.add(failed_of(1, model=f"{before}{start}1", error=f"a {start}1, b{start}2"))
    [row] = rows_of(await get(house, "?format=csv"))
    assert row["model"] == f"{before}'{start}1"
    assert row["error"] == f"a {start}1, b{start}2"


async def test_a_file_of_json_has_what_the_address_has() -> None:
    """One object a line, also where a text has half of a character in it."""
    house = House()
    house.records.add(record_of(1))
    house.records.add(failed_of(2))
    async with serve(house.app) as port:
        answer = await ask(port, "GET", "/api/requests/export?format=jsonl", headers=BEARER)
        listed = await ask(port, "GET", "/api/requests", headers=BEARER)
    lines = [json.loads(line) for line in answer.body.splitlines()]
    assert lines == listed.json()["requests"]
    assert answer.headers["content-disposition"].endswith('"requests.jsonl"')


async def test_texts_are_in_a_file_that_is_asked_for_them() -> None:
    """And in no other; where there are none the cells are empty."""
    house = House()
    for number in (1, 2):
        house.records.add(record_of(number))
    house.records.keep(Spoken(record_of(2).id, answer="=1+1"))
    assert b"=1+1" not in (await get(house, "?format=jsonl")).body
    assert b"=1+1" not in (await get(house, "?format=csv&content=false")).body
    lines = (await get(house, "?format=jsonl&content=true")).body.splitlines()
    contents = [json.loads(line)["content"] for line in lines]
    said = {"role": "assistant", "kind": "text", "text": "=1+1"}
    assert (contents[0]["answer"], contents[1]) == ([said], None)
    rows = rows_of(await get(house, "?content=true"))
    assert [row["answer"] for row in rows] == ["assistant (text): =1+1", ""]
    assert rows[0]["prompt"] == "user (text): What is it?"
    wrong = await get(house, "?content=yes")
    assert (wrong.status, wrong.json()["error"]["param"]) == (400, "content")


async def test_nothing_is_a_file_with_its_heading() -> None:
    """And a wrong form is an error."""
    assert (await get(House(), "")).body.decode().strip() == ",".join(COLUMNS)
    assert (await get(House(), "?format=jsonl")).body == b""
    wrong = await get(House(), "?format=xls")
    assert (wrong.status, wrong.json()["error"]["param"]) == (400, "format")
    assert (await get(House(), "?count=5")).json()["error"]["param"] == "count"


class FailingLater(MemoryRecords):
    """A store that is away from the second page on."""

    async def page(self, query: RecordQuery) -> RecordPage:
        """One page."""
        if query.before is not None:
            raise StoreError("gone")
        return await super().page(query)


async def test_a_store_that_fails_in_the_middle_cuts_the_file_short() -> None:
    """It must not look whole: the connection ends without the end of the body."""
    house = House()
    for number in range(PAGE_ROWS_MAX + 1):
        house.records.add(record_of(number))
    house.records.__class__ = FailingLater
    with pytest.raises((AssertionError, ConnectionError, ValueError)):
        await get(house, "")
