"""The wall, all of it: `python -m tests.wall` plays every scenario and writes the pages.

Exits with 1 where a scenario failed; the pages tell it then, too.
"""

from __future__ import annotations

import asyncio
import io
import sys
import time

from cursor_api.telemetry.logs import configure_logging
from tests.wall.page import FILES, SECTION, render_section
from tests.wall.run import ELSEWHERE, FURTHER, SIXTEEN, run
from tests.wall.scenario import Report


def main() -> int:
    """Play, write, tell; 0 when all passed."""
    configure_logging("error", "text", io.StringIO())
    began = time.monotonic()
    reports = asyncio.run(_play())
    for language, path in FILES.items():
        page = path.read_text(encoding="utf-8")
        path.write_text(SECTION.put_into(page, render_section(reports, language)), encoding="utf-8")
    failed = {key: report.complaints for key, report in reports.items() if report.complaints}
    for key, complaints in failed.items():
        sys.stdout.write("".join(f"{key}: {one}\n" for one in complaints))
    sys.stdout.write(
        f"{len(reports) - len(failed)} of {len(reports)} scenarios passed"
        f" in {time.monotonic() - began:.0f} s; see {FILES['en'].name} in docs\n"
    )
    return 1 if failed else 0


async def _play() -> dict[str, Report]:
    # One after another: what is timed must not wait for another scenario's work.
    return {key: await run(row) for key, row in (SIXTEEN | FURTHER | ELSEWHERE).items()}


if __name__ == "__main__":
    sys.exit(main())
