"""One page for the metrics of all workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from cursor_api.ports.metrics import MetricsPage
from cursor_api.telemetry.workers_metrics import WorkersMetrics, merge_pages

PAGE = """\
# HELP cursor_api_inflight Requests under way.
# TYPE cursor_api_inflight gauge
cursor_api_inflight {inflight}
# HELP cursor_api_requests Requests.
# TYPE cursor_api_requests counter
cursor_api_requests_total{{model="a b",outcome="ok"}} {requests}
# HELP cursor_api_credentials Credentials by state.
# TYPE cursor_api_credentials gauge
cursor_api_credentials{{state="healthy"}} 3.0
{more}# EOF
"""


def page(inflight: float, requests: float, more: str = "") -> bytes:
    """What a worker says."""
    return PAGE.format(inflight=inflight, requests=requests, more=more).encode()


class Own:
    """A worker's own page."""

    async def page(self, accept: str) -> MetricsPage:
        """As it is asked for."""
        return MetricsPage(page(1, 10), accept)


class Others:
    """Two workers, of which one answers."""

    number = 2

    async def ask(self, path: str, accept: str) -> Mapping[int, bytes]:
        """What it says."""
        assert (path, accept) == ("/metrics", "text")
        return {1: page(2, 20)}

    async def ask_all(self, path: str) -> Sequence[bytes]:
        """Nobody needs it here."""
        raise NotImplementedError

    async def connect(self, node: str, speak: object) -> None:
        """Nobody needs it here."""


async def test_a_process_alone_says_what_it_said() -> None:
    """No label more, and nobody is asked."""
    assert await WorkersMetrics(Own()).page("text") == MetricsPage(page(1, 10), "text")


async def test_with_others_each_sample_says_its_worker() -> None:
    """What all know alike is said once, and the page is one that Prometheus reads."""
    metrics = WorkersMetrics(Own())
    metrics.siblings = Others()
    shown = await metrics.page("text")
    assert shown.content_type == "text"
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(  # type: ignore[no-untyped-call]
            shown.body.decode()
        )
        for sample in family.samples
    }
    assert found == {
        ("cursor_api_inflight", ("worker", "1")): 2,
        ("cursor_api_inflight", ("worker", "2")): 1,
        ("cursor_api_requests_total", ("model", "a b"), ("outcome", "ok"), ("worker", "1")): 20,
        ("cursor_api_requests_total", ("model", "a b"), ("outcome", "ok"), ("worker", "2")): 10,
        ("cursor_api_credentials", ("state", "healthy")): 3,
    }


def test_a_family_that_one_worker_alone_has_is_there() -> None:
    """It has counted what the others have not; of the older form there is no end to be said."""
    more = "# HELP x X.\n# TYPE x gauge\nx 1.0\n"
    merged = merge_pages({1: page(1, 1), 2: page(1, 1, more)}).decode()
    assert 'x{worker="2"} 1.0\n' in merged
    assert merged.count("# TYPE cursor_api_inflight") == 1
    assert merged.endswith("# EOF\n")
    older = merge_pages({1: page(1, 1).replace(b"# EOF\n", b"")}).decode()
    assert older.endswith('state="healthy"} 3.0\n')
