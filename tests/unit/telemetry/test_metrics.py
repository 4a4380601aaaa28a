"""Counting requests: by one definition, under bounded names."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.deltas import Usage, UsageSource
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Attempt, RequestRecord, Status
from cursor_api.domain.record_query import UsageCounts, counts_of
from cursor_api.telemetry.families import as_family
from cursor_api.telemetry.metrics import (
    MODELS_MAX,
    NAMES_MAX,
    OTHER,
    OUTCOMES,
    Instruments,
    RequestMetrics,
)
from tests.records import failed_of, record_of


def metrics_of(*records: RequestRecord, by_caller: bool = False) -> Instruments:
    """What was counted of these; the catalogue has two models."""
    instruments = Instruments()
    metrics = RequestMetrics(instruments, lambda name: name in {"gpt-4o", "claude"})
    metrics.by_caller = by_caller
    for record in records:
        metrics.count(record)
    return instruments


def values(instruments: Instruments, name: str) -> dict[tuple[str, ...], float]:
    """The samples of a metric that are not 0, by their labels."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in map(as_family, instruments.families)
        for sample in family.samples
        if sample.name == f"cursor_api_{name}" and sample.value
    }


def total(found: Mapping[tuple[str, ...], float], word: str) -> int:
    """Of all samples with this label."""
    return round(sum(value for labels, value in found.items() if word in labels))


USAGES = st.none() | st.builds(
    Usage,
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.sampled_from(UsageSource),
    cache_read_count=st.integers(0, 10**6),
    reasoning_count=st.integers(0, 10**6),
)
RECORDS = st.builds(
    record_of,
    st.just(1),
    status=st.sampled_from([one for one in Status if one is not Status.PENDING]),
    usage=USAGES,
    cost_nano=st.none() | st.integers(0, 10**9),
    first_delta_ms=st.none() | st.floats(0, 10**6),
    duration_ms=st.none() | st.floats(0, 10**6),
    error_kind=st.none() | st.sampled_from(FaultKind),
    model=st.sampled_from(["gpt-4o", "claude", "nobody's"]),
)


@given(st.lists(RECORDS, max_size=5))
def test_what_is_counted_is_what_counts_of_says(records: list[RequestRecord]) -> None:
    """For every sort of record: there is one definition of answered, failed and used."""
    whole = UsageCounts()
    for record in records:
        whole = whole.plus(counts_of(record))
    instruments = metrics_of(*records)
    requests = values(instruments, "requests_total")
    tokens = values(instruments, "tokens_total")
    sums = [
        *(total(requests, word) for word in ("answered", "failed", "refused", "cancelled")),
        *(total(tokens, kind) for kind in ("input", "output", "cached", "reasoning")),
        *(total(tokens, kind) for kind in ("input_estimated", "output_estimated")),
        round(sum(values(instruments, "cost_dollars_total").values()) * 10**9),
        round(values(instruments, "unpriced_requests_total").get((), 0)),
        round(sum(values(instruments, "first_token_seconds_count").values())),
    ]
    assert UsageCounts(*sums) == whole._replace(first_ms_sum=0.0, total_ms_sum=0.0)
    assert set(OUTCOMES) == set(Status) - {Status.PENDING}


def test_no_text_of_a_caller_is_a_label() -> None:
    """A model that is not in the catalogue counts as what served it, or as another."""
    strange = record_of(1, model="sk-a-key-by-mistake", model_served="claude")
    refused = failed_of(2, model="sk-a-key-by-mistake", model_served="", endpoint="", attempts=())
    found = values(metrics_of(strange, refused), "requests_total")
    assert found == {
        ("openai_chat", "claude", "answered"): 1,
        ("openai_chat", OTHER, "failed"): 1,
    }


def test_ten_thousand_names_are_no_more_series_than_one() -> None:
    """A typo each; and of a reseller's catalogue not more than MODELS_MAX."""
    typos = [record_of(n, model=f"gpt-4o-{n}", model_served=f"x-{n}") for n in range(10_000)]
    assert len(values(metrics_of(*typos), "requests_total")) == 1
    instruments = Instruments()
    metrics = RequestMetrics(instruments, lambda _name: True)
    for number in range(MODELS_MAX + 10):
        metrics.count(record_of(1, model=f"m-{number}", model_served=""))
    found = values(instruments, "requests_total")
    assert len(found) == MODELS_MAX + 1
    assert found["openai_chat", OTHER, "answered"] == 10
    assert repr(metrics) == f"RequestMetrics({MODELS_MAX} models)"


def test_each_attempt_counts_at_its_upstream() -> None:
    """Answered, or with its fault; and the fault that the request ended with."""
    attempts = (
        Attempt("a", 1.0, FaultKind.RATE_LIMITED, 1.0, "first"),
        Attempt("b", 1.0, None, 1.0, "second"),
    )
    instruments = metrics_of(record_of(1, attempts=attempts), failed_of(2, attempts=attempts[:1]))
    assert values(instruments, "attempts_total") == {
        ("first", "rate_limited"): 2,
        ("second", "answered"): 1,
    }
    assert values(instruments, "faults_total") == {("rate_limited", "credential"): 1}


def test_times_are_in_seconds() -> None:
    """How long is told of answered ones only: a refusal is always quick."""
    instruments = metrics_of(record_of(1), failed_of(2, duration_ms=5.0))
    assert values(instruments, "request_seconds_sum") == {(): 1.0}
    assert values(instruments, "first_token_seconds_sum") == {("gpt-4o",): 0.25}


def test_names_of_people_are_labels_only_where_that_is_wanted() -> None:
    """Then with a bound."""
    records = [
        record_of(n, caller=f"k-{n}", credential_alias=f"c-{n}") for n in range(NAMES_MAX + 5)
    ]
    plain = metrics_of(*records)
    assert not values(plain, "caller_requests_total")
    assert not values(plain, "credential_requests_total")
    named = metrics_of(*records, by_caller=True)
    found = values(named, "caller_requests_total")
    assert len(found) == NAMES_MAX + 1
    assert found[OTHER, "answered"] == 5
    assert values(named, "caller_tokens_total")["k-0", "input"] == 10
    assert values(named, "credential_requests_total")["c-0", "answered"] == 1


@pytest.mark.parametrize("source", UsageSource)
def test_a_figure_below_zero_ends_nothing(source: UsageSource) -> None:
    """A counter would raise; whoever records must not."""
    instruments = metrics_of(record_of(1, usage=Usage(-5, -7, source, -1, -1, -1)))
    assert values(instruments, "tokens_total") == {}
