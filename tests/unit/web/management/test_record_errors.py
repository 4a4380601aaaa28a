"""A store of records that cannot be asked."""

from __future__ import annotations

import pytest

from cursor_api.domain.errors import Fault, FaultKind, StoreError
from cursor_api.web.management.record_errors import asking_records
from tests.log_lines import capture_logs


def fail(error: Exception) -> None:
    """As a store does."""
    with asking_records():
        raise error


def test_it_is_a_wait_and_the_log_says_why() -> None:
    """The caller is not shown a database's own words."""
    with capture_logs() as logs, pytest.raises(Fault) as caught:
        fail(StoreError("password of /secret/path refused"))
    fault = caught.value
    assert (fault.kind, fault.code) == (FaultKind.OVERLOADED, "records_unavailable")
    assert fault.retry_after_s == 5.0
    assert "secret" not in fault.message
    assert logs[0]["error"] == "password of /secret/path refused"


def test_whatever_else_is_raised_stays_what_it_is() -> None:
    """A bug is none of the database's."""
    with pytest.raises(KeyError):
        fail(KeyError("x"))
