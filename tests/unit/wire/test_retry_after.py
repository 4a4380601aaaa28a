"""Whether and when a client may try again."""

from __future__ import annotations

import math

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.wire.retry_after import explain_wait, fault_headers, retry_headers


@pytest.mark.parametrize(
    ("wait_s", "should_retry", "default_s", "headers"),
    [
        (None, True, 5, {"retry-after": "5"}),
        (None, None, None, {}),
        (None, False, None, {"x-should-retry": "false"}),
        (1.2, True, None, {"retry-after": "2"}),
        (1.2, False, None, {"x-should-retry": "false"}),
        (1.2, False, 60, {"retry-after": "2", "x-should-retry": "false"}),
        (-1, True, None, {"retry-after": "1"}),
        (math.nan, True, None, {"retry-after": "1"}),
        (3600, True, 5, {"retry-after": "60", "x-should-retry": "false"}),
    ],
)
def test_the_headers_ask_for_a_minute_at_most(
    wait_s: float | None,
    default_s: int | None,
    headers: dict[str, str],
    *,
    should_retry: bool | None,
) -> None:
    """Some SDKs wait silently for as long as they are told."""
    fault = Fault(FaultKind.RATE_LIMITED, "Wait.", retry_after_s=wait_s)
    told = retry_headers(fault, should_retry=should_retry, default_s=default_s)
    assert dict(told) == headers


@pytest.mark.parametrize(
    ("wait_s", "message"),
    [
        (60, "Wait."),
        (3661, "Wait. The upstream asks for a wait of 1 h 1 min 1 s."),
        (math.inf, "Wait. The upstream asks for a wait of unknown length."),
    ],
)
def test_a_longer_wait_is_told_in_words(wait_s: float, message: str) -> None:
    """For the person who reads it."""
    assert explain_wait(Fault(FaultKind.RATE_LIMITED, "Wait.", retry_after_s=wait_s)) == message


def test_a_limit_of_ours_is_not_the_upstreams() -> None:
    """It says when there is room again."""
    fault = Fault(FaultKind.KEY_LIMIT_REACHED, "Enough.", retry_after_s=7200)
    assert explain_wait(fault) == "Enough. There is room again in 2 h."


def test_a_retry_comes_over_a_new_connection_where_the_old_one_leads_astray() -> None:
    """As one worker of several has all that comes over it."""
    fault = Fault(FaultKind.WRONG_NODE, "Elsewhere.")
    assert retry_headers(fault, should_retry=True, default_s=None) == [("connection", "close")]


def test_an_error_answer_is_json_and_a_401_names_the_scheme() -> None:
    """As RFC 9110 demands."""
    fault = Fault(FaultKind.UNAUTHENTICATED, "Who?")
    told = [
        dict(fault_headers(fault, status, should_retry=None, default_s=None))
        for status in (400, 401)
    ]
    json = {"content-type": "application/json"}
    assert told == [json, {**json, "www-authenticate": "Bearer"}]
