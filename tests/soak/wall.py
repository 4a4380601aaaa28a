"""The wall of faults with its one slow scenario in real time: an endpoint that flaps for 60 s."""

from __future__ import annotations

import asyncio
import io
import math
import sys

from cursor_api.telemetry.logs import configure_logging
from tests.soak.figures import Figure, Size, command, exactly, say
from tests.wall.flapping import BREAKER_OPEN_S, FLAPPING, FLAPPING_S, Flapped, flap, judge_flapping
from tests.wall.run import FURTHER, SIXTEEN
from tests.wall.run import run as run_row
from tests.wall.scenario import Row
from tests.wall.ways import RAW

# The gateway's minute is never shorter than this, in real seconds.
FLAPPING_S_MIN = 3.0


def run(size: Size) -> list[Figure]:
    """All scenarios as the tests have them, then the endpoint that comes and goes."""
    # A line for each request that fails would drown what is to be told.
    configure_logging("error", "text", io.StringIO())
    sixteen = {key: row for key, row in SIXTEEN.items() if key != FLAPPING.key}
    passed = asyncio.run(_count_passed(sixteen))
    further = asyncio.run(_count_passed(FURTHER))
    speed = FLAPPING_S / size.seconds(FLAPPING_S, FLAPPING_S_MIN)
    flapped = asyncio.run(_flap(speed))
    complaints = [one for each in flapped for one in judge_flapping(each)]
    for complaint in complaints:
        say(complaint)
    request_count = sum(len(each.got) for each in flapped)
    attempt_count = sum(each.attempt_count for each in flapped)
    return [
        exactly("scenarios passed", passed + (not complaints), len(SIXTEEN), f"of {len(SIXTEEN)}"),
        exactly("further scenarios passed", further, len(FURTHER), f"of {len(FURTHER)}"),
        Figure("flapping: requests", request_count),
        Figure("flapping: whole answers", sum(each.whole_count for each in flapped)),
        Figure("flapping: attempts per request", attempt_count / request_count, at_most=1.2),
        Figure(
            "flapping: attempts that failed", sum(each.failed_attempt_count for each in flapped)
        ),
        Figure(
            "flapping: whole again after it was back",
            max(each.recovered_after_s or math.inf for each in flapped),
            "s",
            at_most=BREAKER_OPEN_S * size.seconds(FLAPPING_S, FLAPPING_S_MIN) / FLAPPING_S + 1.0,
            is_timing=True,
        ),
    ]


async def _count_passed(rows: dict[str, Row]) -> int:
    passed = 0
    for key, row in rows.items():
        report = await run_row(row)
        for complaint in report.complaints:
            say(f"{key}: {complaint}")
        passed += not report.complaints
    return passed


async def _flap(speed: float) -> list[Flapped]:
    return await asyncio.gather(*(flap(way, speed) for way in RAW))


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
