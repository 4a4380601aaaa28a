"""Counters and histograms are written as the library's own are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram

from cursor_api.telemetry.counting import Counts, Spreads
from cursor_api.telemetry.families import as_family, choose_form, write_families

BOUNDS = (0.1, 1, 2.5, 600)
LABELS = ("model", "kind")
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@given(
    st.lists(st.tuples(st.text(max_size=5), st.floats(0, 1e9))),
    st.lists(st.tuples(st.text(max_size=5), st.floats(0, 1e3) | st.sampled_from(BOUNDS))),
)
def test_a_page_is_the_librarys_to_the_letter(
    counted: list[tuple[str, float]], seen: list[tuple[str, float]]
) -> None:
    """In both forms, with labels of any text, and with no labels at all."""
    theirs = CollectorRegistry()
    counts, spreads = Counts("c", "About.", LABELS), Spreads("s", "About.", LABELS, BOUNDS)
    bare_counts, bare_spreads = Counts("d", "About.", ()), Spreads("t", "About.", (), BOUNDS)
    all_of_ours: list[Counts | Spreads] = [counts, spreads, bare_counts, bare_spreads]
    counter = Counter("c", "About.", LABELS, registry=theirs)
    histogram = Histogram("s", "About.", LABELS, registry=theirs, buckets=BOUNDS)
    bare_counter = Counter("d", "About.", registry=theirs)
    bare_histogram = Histogram("t", "About.", registry=theirs, buckets=BOUNDS)
    bare_count, bare_spread = bare_counts.labels(), bare_spreads.labels()
    for label, amount in counted:
        for count in (counts.labels(label, "x"), counter.labels(label, "x")):
            count.inc(amount)
        bare_count.inc()
        bare_counter.inc()
    for label, amount in seen:
        for spread in (spreads.labels(label, "x"), histogram.labels(label, "x")):
            spread.observe(amount)
        bare_spread.observe(amount)
        bare_histogram.observe(amount)
    for form in (choose_form(""), choose_form(OPENMETRICS)):
        ours = write_families(form, [as_family(one) for one in all_of_ours])
        assert _without_created(ours) == _without_created(form.encode(theirs))


def _without_created(page: bytes) -> list[str]:
    """The lines but for those of when a series began, which the gateway does not have."""
    return [line for line in page.decode().split("\n") if "_created" not in line]
