"""The page of benchmarks says what was measured, and says so when something was not."""

from __future__ import annotations

import pytest

from bench import nodes_page
from bench import records as bench_records
from bench.measure import Durations, Round
from bench.page_parts import NODES, RECORDS, keep_parts
from bench.report import Results, render

TITLES = {"gateway": "this gateway", "floor": "floor", "peer": "Peer 1.0", "direct": "(nothing)"}


@pytest.fixture
def results() -> Results:
    """Two rounds of the gateway and the floor; the peer could not be had."""
    return Results(
        date="2026-01-02",
        facts={"processor": "a fast one"},
        durations=Durations(),
        titles=TITLES,
        notes={"gateway": "everything on", "floor": "nothing on"},
        rounds={
            "gateway": [
                Round({"request_cpu_us": 200.0, "request_per_s": 5001.0}, []),
                Round({"request_cpu_us": 300.0, "request_per_s": 5003.0}, ["light: 3 failed"]),
            ],
            "floor": [Round({"request_cpu_us": 100.0}, []), Round({"request_cpu_us": 300.0}, [])],
        },
        missing={"peer": "no Node.js here"},
    )


def row(page: str, title: str) -> str:
    """The first table row of a subject."""
    return next(line for line in page.splitlines() if line.startswith(f"| {title} |"))


def test_a_figure_is_the_median_with_its_range(results: Results) -> None:
    """The middle of all rounds, and the lowest and highest beside it."""
    assert "**250** (200-300)" in row(render(results), "this gateway")


def test_a_ratio_compares_figures_of_one_round(results: Results) -> None:
    """2.0 and 1.0 in the two rounds give 1.5; the ratio of the medians would be 1.25."""
    assert "×1.50" in row(render(results), "this gateway")


def test_the_floor_has_no_ratio_to_itself(results: Results) -> None:
    """A column of ones would only be noise."""
    assert "×" not in row(render(results), "floor")


def test_a_peer_that_was_not_measured_has_its_reason_in_the_table(results: Results) -> None:
    """An empty line would look like a peer that nobody tried."""
    assert "not measured: no Node.js here" in row(render(results), "Peer 1.0")


def test_what_went_wrong_is_on_the_page(results: Results) -> None:
    """Figures from a round with failures are not shown without them."""
    page = render(results)
    assert "- this gateway, round 2: light: 3 failed" in page
    assert "Every answer asked for came whole" not in page


def test_a_missed_goal_is_called_missed(results: Results) -> None:
    """Goals are judged by the median."""
    page = render(results)
    assert "| requests/s on one core | at least 5,000 | 5,002.00 | met |" in page
    assert "| µs CPU per request | at most 200 | 250.00 | **missed** |" in page


def test_a_busy_machine_is_confessed(results: Results) -> None:
    """Who reads the figures must know that something else ran beside them."""
    assert "not quiet" not in render(results)
    results.bystanders_share = 0.3
    assert "other programs used 30% of its processors" in render(results)


def test_each_command_keeps_the_others_parts(results: Results) -> None:
    """`make bench` writes the page, `make bench-records` and `make bench-nodes` a part each."""
    page = render(results)
    both = NODES.put_in(RECORDS.put_in(page, "## Records\n\nfast\n"), "## Nodes\n\ntwo\n")
    assert both.startswith(page.rstrip())
    assert (RECORDS.find(both), NODES.find(both)) == ("## Records\n\nfast", "## Nodes\n\ntwo")
    again = RECORDS.put_in(both, "## Records\n\nfaster\n")
    assert (again.count("## Records"), RECORDS.find(again)) == (1, "## Records\n\nfaster")
    assert NODES.find(again) == NODES.find(both)
    assert keep_parts(page, again) == again
    assert keep_parts(page, page) == page


def test_records_are_judged_by_their_goals() -> None:
    """A loss, a slow page and a dear request are called so."""
    found = bench_records.Results(bench_records.QUICK)
    cost = {"on_us": 130.0, "off_us": 100.0, "ratio": 1.3}
    found.costs["records"] = {"request": cost, "frame": cost | {"ratio": 1.01}}
    found.written = [bench_records.Written("sqlite", 1000, 999, 1, 40.0, 3.0)]
    taken = {"the newest": [1.0] * 99 + [900.0], "failed": [301.0] * 3}
    found.looked = [bench_records.Looked("sqlite", 5, taken, 3000.0)]
    page = bench_records.render(found)
    assert "**1 lost: missed**" in page
    assert "| the newest | 1.0 / **1.0** / 900 |" in page
    assert "sqlite 301 ms, **missed**" in page
    assert "per request at most ×1.15: ×1.300, **missed**; per frame at most ×1.02" in page


def test_nodes_are_compared_with_the_single_process_of_the_same_round() -> None:
    """And what a server costs stands beside what the gateway does."""
    found = nodes_page.Results(2, 1.0, has_namespaces=False)
    for single_us, nodes_us in ((100.0, 300.0), (300.0, 300.0)):
        for name, own_us, redis_us in (("single", single_us, 0.0), ("nodes", nodes_us, 40.0)):
            cpu_us = {"gateway": own_us, "Redis": redis_us, "PostgreSQL": 0.0}
            found.costs.setdefault((name, "limited"), []).append(
                nodes_page.Costs(1000.0, 5.0, cpu_us)
            )
    page = nodes_page.render(found)
    assert "| single process | **1,000** | **5.0** | **200** | - | - |" in page
    assert "| 2 nodes | **1,000** ×1.00 | **5.0** ×1.00 | **300** ×2.00 | 40 | - |" in page
    assert "on the loopback, without root" in page
    assert "not quiet" not in page
