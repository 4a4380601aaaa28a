"""What workers tell each other, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping

from cursor_api.ports.metrics import MetricsPage
from cursor_api.web.management.now import (
    SHOWN_COUNT_MAX,
    WorkerNow,
    all_now,
    worker_now,
)
from cursor_api.web.management.siblings import SiblingApp
from tests.house import BEARER, House
from tests.records import BEGAN_AT, record_of
from tests.serving import ask, serve


class Own:
    """Metrics."""

    async def page(self, accept: str) -> MetricsPage:
        """Of one worker."""
        return MetricsPage(accept.encode(), "text/plain")


class Other:
    """Another worker with one request under way, and one that waits."""

    number = 1

    async def ask(self, path: str, accept: str) -> Mapping[int, bytes]:
        """As it says it at its socket."""
        app = SiblingApp(Own(), lambda: worker_now([record_of(1)], 1, BEGAN_AT + 3))
        async with serve(app) as port:
            return {2: (await ask(port, "GET", path, headers={"Accept": accept})).body}


async def test_a_worker_tells_what_is_under_way_and_its_metrics() -> None:
    """To whoever reaches its socket."""
    app = SiblingApp(Own(), lambda: WorkerNow([], 0, 0))
    async with serve(app) as port:
        now = await ask(port, "GET", "/now")
        assert now.json() == {"under_way": [], "under_way_count": 0, "waiting_count": 0}
        assert (await ask(port, "GET", "/metrics", headers={"Accept": "x"})).body == b"x"
        assert (await ask(port, "GET", "/other")).status == 404


async def test_now_shows_all_workers_together() -> None:
    """Whichever is asked."""
    house = House()
    house.measuring.page.siblings = Other()
    async with serve(house.app) as port:
        shown = (await ask(port, "GET", "/api/now", headers=BEARER)).json()
    assert (shown["under_way_count"], shown["waiting_count"]) == (1, 1)
    assert [one["age_ms"] for one in shown["under_way"]] == [2000.0]


async def test_the_log_is_of_all_workers() -> None:
    """What another one has answered stands in the records that they share."""
    house = House()
    house.records.add(record_of(5))
    async with serve(house.app) as port:
        assert (await ask(port, "GET", "/logs", headers=BEARER)).json()["total"] == 0
        house.measuring.page.siblings = Other()
        assert (await ask(port, "GET", "/logs", headers=BEARER)).json()["total"] == 1


def test_the_oldest_come_first_and_the_count_is_of_all() -> None:
    """A list that nobody reads to its end is not sent."""
    ages = range(SHOWN_COUNT_MAX)
    one = worker_now([record_of(2 * age) for age in ages], 3, BEGAN_AT)
    other = worker_now([record_of(2 * age + 1) for age in ages], 4, BEGAN_AT)
    both = all_now([one, other])
    assert (both.under_way_count, both.waiting_count) == (2 * SHOWN_COUNT_MAX, 7)
    began = [each.started_at for each in both.under_way]
    assert began == sorted(began)
    assert len(began) == SHOWN_COUNT_MAX
