"""What statuses, errors and `Retry-After` are taken for."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from cursor_api.domain.errors import FaultKind
from cursor_api.transport.faults import (
    ERROR_ROWS,
    RETRY_AFTER_HEADER_S_MAX,
    STATUS_KINDS,
    HttpStage,
    kind_of_status,
    parse_retry_after,
)


def test_every_stage_has_a_row_for_everything() -> None:
    """The last row catches all, and no row is hidden behind one of its bases."""
    for rows in ERROR_ROWS.values():
        assert rows[-1].error is BaseException
        for place, row in enumerate(rows):
            assert not any(issubclass(row.error, earlier.error) for earlier in rows[:place]), row
    assert set(ERROR_ROWS) == set(HttpStage)


def test_every_status_has_a_kind() -> None:
    """Explicit ones by the table, all others by their class; none blames the caller by default."""
    for status in range(100, 600):
        kind = kind_of_status(status)
        if status in STATUS_KINDS:
            assert kind is STATUS_KINDS[status]
        elif status < 300:
            assert kind is FaultKind.PROTOCOL_ERROR
        else:
            assert kind is FaultKind.UPSTREAM_ERROR


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, FaultKind.UPSTREAM_ERROR),
        (401, FaultKind.CREDENTIAL_REJECTED),
        (403, FaultKind.CREDENTIAL_FORBIDDEN),
        (410, FaultKind.CLIENT_OUTDATED),
        (415, FaultKind.CLIENT_OUTDATED),
        (426, FaultKind.CLIENT_OUTDATED),
        (429, FaultKind.RATE_LIMITED),
        (464, FaultKind.CLIENT_OUTDATED),
        (500, FaultKind.UPSTREAM_ERROR),
        (502, FaultKind.UPSTREAM_ERROR),
        (503, FaultKind.UPSTREAM_OVERLOADED),
        (504, FaultKind.UPSTREAM_TIMEOUT),
        (533, FaultKind.UPSTREAM_ERROR),
    ],
)
def test_the_statuses_seen_in_the_wild(status: int, kind: FaultKind) -> None:
    """Each leads to what helps against it."""
    assert kind_of_status(status) is kind


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("0", 0.0),
        ("30", 30.0),
        (" 120 ", 120.0),
        (formatdate(1_700_000_030, usegmt=True), 30.0),
        (formatdate(1_600_000_000, usegmt=True), 0.0),
        ("9" * 400, RETRY_AFTER_HEADER_S_MAX),
        ("", None),
        ("-5", None),
        ("1.5e3", None),
        ("soon", None),
        ("٣", None),
        ("Tue, 99 Foo 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, wait_s: float | None) -> None:
    """Both forms of RFC 9110, and nothing else, within bounds."""
    assert parse_retry_after(text, 1_700_000_000.0) == wait_s
