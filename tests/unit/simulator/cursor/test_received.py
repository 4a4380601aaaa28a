from __future__ import annotations

import pytest

from cursor_api.simulator.cursor.messages import ChatAsk
from cursor_api.simulator.cursor.received import ReceivedRequest, accepts_gzip


@pytest.mark.parametrize(
    ("value", "accepts"),
    [("gzip,br", True), ("identity, GZIP", True), ("br", False), ("", False)],
)
def test_what_the_client_reads(value: str, *, accepts: bool) -> None:
    """As it says itself."""
    headers = {"connect-accept-encoding": value}
    assert accepts_gzip(headers) is accepts


def test_it_shows_no_headers_and_no_credential() -> None:
    """They appear in no test report, in case somebody points a real gateway here."""
    headers = {"authorization": "Bearer s3cret"}
    kept = ReceivedRequest(0, "POST", "/", headers, "s3cret", ChatAsk())
    assert "s3cret" not in repr(kept)
