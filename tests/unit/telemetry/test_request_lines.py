"""One line for each request that has ended."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Attempt, RequestRecord, Status
from cursor_api.telemetry.logs import configure_logging
from cursor_api.telemetry.request_lines import LINES_PER_S_MAX, MODEL_LENGTH_MAX, RequestLines
from cursor_api.telemetry.told_log import ToldLog
from tests.fakes import ListLog
from tests.log_lines import capture_logs

ENDED = RequestRecord(
    "0" * 32,
    1_800_000_000.0,
    "anna",
    "gpt-5",
    is_stream=True,
    status=Status.SUCCESS,
    credential_alias="me",
    credential_masked="ey…",
    error="a prompt that an upstream repeats",
    first_delta_ms=420.4,
    duration_ms=2100.6,
)


@dataclass
class Stage:
    """Lines over a list, with a clock and a timer in the test's hand."""

    now: float = 100.0
    inner: ListLog = field(default_factory=ListLog)
    timers: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = RequestLines(lambda: self.now, self._later)
        self.log = ToldLog(self.inner, [self.lines.tell])

    def _later(self, delay_s: float, call: Callable[[], None]) -> None:
        self.timers.append((delay_s, call))


def test_an_end_is_told_and_a_beginning_is_not() -> None:
    """Who asked whom by what, and how long it took; both records are kept."""
    stage = Stage()
    with capture_logs() as told:
        stage.log.record(ENDED._replace(status=Status.PENDING))
        stage.log.record(ENDED)
    assert told == [
        {
            "event": "answered",
            "level": "info",
            "caller": "anna",
            "model": "gpt-5",
            "credential": "me",
            "first_ms": 420,
            "total_ms": 2101,
            "id": "0" * 32,
        }
    ]
    assert len(stage.inner.records) == 2


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.PENDING])
def test_every_end_has_a_word(status: Status) -> None:
    """A fault is named by its kind, never by its text."""
    stage = Stage()
    failed = ENDED._replace(status=status, error_kind=FaultKind.RATE_LIMITED, first_delta_ms=None)
    with capture_logs() as told:
        stage.log.record(failed)
    (line,) = told
    assert line["fault"] == "rate_limited"
    assert "first_ms" not in line
    assert "prompt" not in str(line)


def test_a_model_that_nobody_serves_may_be_a_key() -> None:
    """And any other is bounded."""
    stage = Stage()
    unknown = ENDED._replace(model="sk-canary", error_kind=FaultKind.MODEL_NOT_FOUND)
    with capture_logs() as told:
        stage.log.record(unknown)
        stage.log.record(unknown._replace(attempts=(Attempt("me", 0.0, None),), model="m" * 999))
    assert [line["model"] for line in told] == ["(unknown)", "m" * MODEL_LENGTH_MAX]


def test_more_than_anybody_reads_are_counted() -> None:
    """The count is told with the next line of another second, or when its second is over."""
    stage = Stage()
    with capture_logs() as told:
        for _ in range(LINES_PER_S_MAX + 5):
            stage.log.record(ENDED)
        assert len(told) == LINES_PER_S_MAX
        ((delay_s, tell),) = stage.timers
        assert delay_s == 1.0
        stage.now += 1.0
        stage.log.record(ENDED)
        assert [line.get("count") for line in told[LINES_PER_S_MAX:]] == [5, None]
        tell()
        assert len(told) == LINES_PER_S_MAX + 2
        for _ in range(LINES_PER_S_MAX + 1):
            stage.log.record(ENDED)
        stage.timers[-1][1]()
    assert told[-1]["count"] == 2
    assert len(stage.inner.records) == 2 * LINES_PER_S_MAX + 7


async def test_the_running_loop_is_the_timer() -> None:
    """Nothing else is needed where requests are served."""
    lines = RequestLines(lambda: 0.0)
    for _ in range(LINES_PER_S_MAX + 1):
        lines.tell(ENDED)


def test_it_can_be_turned_off_at_any_time() -> None:
    """A reload does."""
    stage = Stage()
    stage.lines.is_on = False
    with capture_logs() as told:
        stage.log.record(ENDED)
    assert told == []
    assert stage.inner.records == [ENDED]


@pytest.mark.parametrize(
    ("line_format", "wanted"),
    [
        ("text", "info     request: answered caller=anna model=gpt-5 credential=me first_ms=420 "),
        ("json", '"logger": "request", "event": "answered", "caller": "anna", "model": "gpt-5", '),
    ],
)
def test_it_is_a_line_of_the_log_like_any_other(line_format: str, wanted: str) -> None:
    """At the level of information, in the log's own form."""
    stream = io.StringIO()
    configure_logging("info", line_format, stream)
    Stage().lines.tell(ENDED)
    configure_logging("warning", line_format, stream)
    Stage().lines.tell(ENDED)
    (line,) = stream.getvalue().splitlines()
    assert wanted in line
