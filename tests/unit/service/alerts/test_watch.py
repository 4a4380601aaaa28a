"""Each alert is told once when it begins, and once when it is over."""

from __future__ import annotations

import asyncio

from cursor_api.domain.alert import Alert, AlertChange, AlertKind
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.service.alerts.watch import LOOK_S, QUIET_S, WAITING_MAX, Alerts, AlertWatch
from tests.fakes import ListObserver, StillClock
from tests.simulation.virtual_loop import run_virtually

OPEN = Alert(AlertKind.UPSTREAM_OPEN, "one", "It is away.")
LEFT = Alert(AlertKind.NOBODY_LEFT, "", "Nobody is left.")


def test_an_alert_that_goes_on_is_told_once() -> None:
    """However its words change."""
    alerts = Alerts()
    assert alerts.look([OPEN], 100.0) == [AlertChange(OPEN, False, 100.0)]
    assert alerts.look([OPEN._replace(text="Still.")], 105.0) == []
    assert repr(alerts) == "Alerts(1)"


def test_one_that_comes_and_goes_is_one() -> None:
    """It is over when it was not seen for a while, and may then begin again."""
    alerts = Alerts()
    alerts.look([OPEN], 100.0)
    assert alerts.look([], 100.0 + QUIET_S / 2) == []
    assert alerts.look([OPEN], 100.0 + QUIET_S) == []
    assert alerts.look([], 100.0 + 2 * QUIET_S) == [AlertChange(OPEN, True, 100.0 + 2 * QUIET_S)]
    assert alerts.look([OPEN], 300.0) == [AlertChange(OPEN, False, 300.0)]


class Hook:
    """Takes alerts, after it has refused some."""

    def __init__(self, refusals_count: int = 0) -> None:
        self.told: list[AlertChange] = []
        self.asked_count = 0
        self._refusals_count = refusals_count

    async def deliver(self, change: AlertChange) -> None:
        """See AlertWatch."""
        self.asked_count += 1
        if self.asked_count <= self._refusals_count:
            raise Fault(FaultKind.UNREACHABLE, "No connection.")
        self.told.append(change)


def watch_for(seconds: float, hook: Hook | None, found: list[Alert]) -> ListObserver:
    """So long, in virtual time, while this holds."""
    observer = ListObserver()

    async def main() -> None:
        watch = AlertWatch(lambda: found, StillClock(), observer)
        watch.deliver = hook.deliver if hook else None
        running = asyncio.create_task(watch.run())
        await asyncio.sleep(seconds)
        running.cancel()

    run_virtually(main())
    return observer


def test_what_cannot_be_delivered_is_tried_again() -> None:
    """In its order; a webhook that is back soon misses nothing."""
    hook = Hook(refusals_count=2)
    observer = watch_for(LOOK_S + 20, hook, [OPEN, LEFT])
    assert [one.alert for one in hook.told] == [OPEN, LEFT]
    assert observer.warnings == []


def test_a_webhook_that_is_away_is_told_in_the_log_once() -> None:
    """And goes on being tried with what comes next."""
    hook = Hook(refusals_count=1000)
    observer = watch_for(500, hook, [OPEN, LEFT])
    assert hook.asked_count == 8
    assert len(observer.warnings) == 1


def test_where_nobody_is_told_nothing_is_looked_for() -> None:
    """The default."""

    class Unread(list[Alert]):
        def __iter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
            raise AssertionError("somebody looked")

    watch_for(100, None, Unread())
    assert WAITING_MAX > 0
