"""Which requests are meant."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.record import Status
from cursor_api.domain.record_query import ALL, RecordFilter, RecordQuery
from cursor_api.web.http.query import Query
from cursor_api.web.management.request_filter import (
    FILTER_NAMES,
    PAGE_NAMES,
    is_everything,
    is_id,
    read_filter,
    read_page,
)


def query_of(text: str) -> Query:
    """As it comes in a request."""
    return Query(
        Request({"type": "http", "query_string": text.encode(), "headers": []}), PAGE_NAMES
    )


def test_each_parameter_is_a_field_of_the_filter() -> None:
    """None is left out."""
    text = "&".join(
        (
            *("since=1", "until=2.5", "model=m", "status=refused", "fault=internal"),
            *("credential=c", "caller=k", "dialect=d", "route=r", "text=t"),
        )
    )
    assert read_filter(query_of(text)) == RecordFilter(
        1.0, 2.5, "m", Status.REFUSED, FaultKind.INTERNAL, "c", "k", "d", "r", "t"
    )
    assert len(FILTER_NAMES) == len(RecordFilter._fields)


def test_without_any_everything_is_meant() -> None:
    """One page of it."""
    assert read_page(query_of("")) == RecordQuery(ALL)
    assert is_everything(read_filter(query_of("caller=")))
    assert not is_everything(read_filter(query_of("caller=a")))


def test_a_page_goes_one_way() -> None:
    """Between two ids there would be no end to go on from."""
    assert read_page(query_of("before=a1&count=7")) == RecordQuery(ALL, "a1", None, 7)
    with pytest.raises(Fault) as caught:
        read_page(query_of("before=a1&after=a2"))
    assert caught.value.param == "after"


@pytest.mark.parametrize("text", ["", "a b", "a/b", "a\n", "é", "x" * 65])
def test_what_is_no_id_is_known_without_asking(text: str) -> None:
    """Those of today are 32 hexadecimal digits; earlier ones are other short words."""
    assert not is_id(text)
    assert is_id("0199c2f1a2b3" + "0" * 20)
    assert is_id("legacy-17")
