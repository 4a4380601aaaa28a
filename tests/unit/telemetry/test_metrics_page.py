"""The page that is scraped."""

from __future__ import annotations

from cursor_api.pool.breaker import BreakerState
from cursor_api.ports.records import RecordsState, WriteTimes
from cursor_api.service.readiness import CredentialCounts, UpstreamStanding
from cursor_api.telemetry.metrics import GatewayStanding, Instruments
from cursor_api.telemetry.metrics_page import ScrapedMetrics

STANDING = GatewayStanding(
    under_way_count=3,
    waiting_count=2,
    credentials=CredentialCounts(1, 2, {"healthy": 1, "cooling": 1}),
    upstreams={
        "mine": UpstreamStanding("openai", BreakerState.OPEN),
        "other": UpstreamStanding("openai", BreakerState.HALF_OPEN),
    },
    records=RecordsState(
        "sqlite",
        is_writing=False,
        waiting_count=7,
        dropped_count=5,
        write_times=WriteTimes().plus(0.001).plus(0.002).plus(60.0),
    ),
    limits={"GATEWAY_REQUESTS_MAX": 4},
    is_shared_up=True,
)


async def lines_of(accept: str = "") -> list[str]:
    """The page's samples."""
    page = await ScrapedMetrics(Instruments(), lambda: STANDING).page(accept)
    return page.body.decode().splitlines()


async def test_how_things_stand_is_on_it() -> None:
    """With every state of a credential, so that none is missing from a chart."""
    lines = await lines_of()
    for line in (
        "cursor_api_inflight 3.0",
        "cursor_api_queue_waiting 2.0",
        'cursor_api_credentials{state="healthy"} 1.0',
        'cursor_api_credentials{state="expired"} 0.0',
        'cursor_api_breaker_open{route="mine"} 1.0',
        'cursor_api_breaker_open{route="other"} 0.0',
        'cursor_api_limit_refusals_total{limit="GATEWAY_REQUESTS_MAX"} 4.0',
        "cursor_api_records_spooled 7.0",
        "cursor_api_records_dropped_total 5.0",
        "cursor_api_database_up 0.0",
        'cursor_api_record_write_seconds_bucket{le="0.001"} 1.0',
        'cursor_api_record_write_seconds_bucket{le="0.0025"} 2.0',
        'cursor_api_record_write_seconds_bucket{le="2.5"} 2.0',
        'cursor_api_record_write_seconds_bucket{le="+Inf"} 3.0',
        "cursor_api_record_write_seconds_count 3.0",
        "cursor_api_record_write_seconds_sum 60.003",
        "cursor_api_shared_state_up 1.0",
    ):
        assert line in lines
    assert any(line.startswith("cursor_api_build_info{") for line in lines)


async def test_the_scraper_chooses_the_form() -> None:
    """OpenMetrics ends with its own word; any nonsense gets the older form."""
    open_metrics = await lines_of("application/openmetrics-text; version=1.0.0")
    assert open_metrics[-1] == "# EOF"
    assert (await lines_of(f"{'x,' * 100_000}"))[-1] != "# EOF"


async def test_it_is_looked_at_anew_each_time() -> None:
    """A scrape is of now."""
    count = 0

    def look() -> GatewayStanding:
        nonlocal count
        count += 1
        return STANDING._replace(under_way_count=count)

    metrics = ScrapedMetrics(Instruments(), look)
    for number in (1, 2):
        assert f"cursor_api_inflight {number}.0" in (await metrics.page("")).body.decode()
