"""A request as the operator is told of it."""

from __future__ import annotations

import json

import msgspec
import pytest
from msgspec.structs import replace

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Status
from cursor_api.web.management.request_report import find_advice, report_request
from tests.endpoints import FAKE, WORDS
from tests.records import failed_of, record_of


def test_an_answered_request_has_every_figure() -> None:
    """In the shape that the address promises."""
    record = record_of(0, first_delta_ms=250.12345, cost_nano=2_500_000)
    shown = json.loads(msgspec.json.encode(report_request(record, {FAKE: WORDS})))
    assert shown == {
        "id": record.id,
        "started_at": "2025-10-25T02:15:00Z",
        "caller": "operator",
        "client": "OpenAI/Python",
        "dialect": "openai_chat",
        "model": "gpt-4o",
        "model_served": "gpt-4o",
        "route": "fake/gpt-4o",
        "credential": "work",
        "credential_masked": "user…9xYz",
        "is_stream": True,
        "status": "success",
        "fault": None,
        "error": None,
        "advice": None,
        "finish": "stop",
        "first_ms": 250.123,
        "total_ms": 1000.0,
        "usage": {"input": 10, "output": 9, "cached": 0, "reasoning": 0, "source": "upstream"},
        "cost_nano": 2_500_000,
        "attempts": [
            {
                "credential": "work",
                "upstream": "fake",
                "started_at": "2025-10-25T02:15:00Z",
                "fault": None,
                "duration_ms": 250.0,
            }
        ],
        "content": None,
    }


def test_a_failed_one_tells_each_attempt_and_what_to_do() -> None:
    """Unknown is null, and never 0."""
    shown = report_request(failed_of(0), {FAKE: WORDS})
    assert (shown.fault, shown.error) == (
        FaultKind.RATE_LIMITED,
        "The upstream says: slow down.",
    )
    assert shown.advice == "ask the credential"
    assert [one.fault for one in shown.attempts] == [FaultKind.RATE_LIMITED] * 2
    assert (shown.usage, shown.first_ms, shown.cost_nano, shown.finish) == (None,) * 4


def test_where_nobody_was_asked_there_is_no_route() -> None:
    """And nobody's words."""
    refused = failed_of(
        0, status=Status.REFUSED, endpoint="", model_served="", error_kind=FaultKind.NOT_FOUND
    )
    shown = report_request(refused, {FAKE: WORDS})
    assert (shown.route, shown.advice) == ("", None)


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (None, None),
        (FaultKind.UNREACHABLE, "ask the endpoint"),
        (FaultKind.INVALID_REQUEST, None),
        (FaultKind.INTERNAL, None),
        (FaultKind.NO_CREDENTIALS, "Add one."),
    ],
)
def test_advice_is_given_where_the_upstream_has_some(
    kind: FaultKind | None, advice: str | None
) -> None:
    """What is the caller's own fault says itself what is wrong."""
    words = replace(WORDS, advice={FaultKind.NO_CREDENTIALS: "Add one."})
    assert find_advice(kind, words) == advice
    assert find_advice(kind, None) is None
