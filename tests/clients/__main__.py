"""Everybody's clients over every route: `python -m tests.clients` tries them and writes the pages.

Exits with 1 where something was not as the table says; the pages tell it then, too.
"""

from __future__ import annotations

import io
import sys
import time

from cursor_api.telemetry.logs import configure_logging
from tests.clients.house import open_house
from tests.clients.page import FILES, SECTION, Findings, render_section
from tests.clients.run import CLIENTS, ask_client


def main() -> int:
    """Try, write, tell; 0 when all was as it should be."""
    configure_logging("error", "text", io.StringIO())
    began = time.monotonic()
    findings = Findings()
    with open_house() as house:
        for client in CLIENTS:
            for route, feature, told in ask_client(house, client):
                findings.told[client, feature, route] = told
    for language, path in FILES.items():
        page = path.read_text(encoding="utf-8")
        path.write_text(
            SECTION.put_into(page, render_section(findings, language)), encoding="utf-8"
        )
    complaints = list(findings.complaints())
    sys.stdout.write("".join(f"{one}\n" for one in complaints))
    sys.stdout.write(
        f"{len(findings.told) - len(complaints)} of {len(findings.told)} as they should be"
        f" in {time.monotonic() - began:.0f} s; see {FILES['en'].name} in docs\n"
    )
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
