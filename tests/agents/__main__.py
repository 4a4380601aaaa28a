"""Real agents before the gateway, all of it: `python -m tests.agents [NAME ...]`.

Without names every agent is run and the pages are written; with names those alone, and no page.
Exits with 1 where something failed; the pages tell it then, too.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from cursor_api.options.said import Words
from tests.agents.agents import AGENTS, Agent
from tests.agents.checks import CHECKS, Failed
from tests.agents.house import House, open_house
from tests.agents.page import FILES, SECTION, Seen, render_section
from tests.agents.versions import pinned_versions


def main(names: Sequence[str]) -> int:
    """Run, write, tell; 0 when all passed."""
    unknown = set(names) - {agent.client.name for agent in AGENTS}
    if unknown:
        sys.stderr.write(f"there is no agent {', '.join(sorted(unknown))}\n")
        return 2
    began = time.monotonic()
    with open_house() as house:
        # One after another: they are timed, and the trouble is one for all.
        agents = [agent for agent in AGENTS if not names or agent.client.name in names]
        seen = {agent.name: _see_all(house, agent) for agent in agents}
    if not names:
        _write(seen)
    failed = sum(cell is None for cells in seen.values() for cell in cells)
    count = len(agents) * len(CHECKS)
    seconds = time.monotonic() - began
    sys.stdout.write(f"{count - failed} of {count} checks passed in {seconds:.0f} s\n")
    return 1 if failed else 0


def _see_all(house: House, agent: Agent) -> list[Words | None]:
    seen: list[Words | None] = []
    for check in CHECKS:
        began = time.monotonic()
        try:
            cell: Words | None = check.see(house, agent)
            told = cell.en if cell else ""
        except Failed as failure:
            cell, told = None, f"FAILED: {failure}"
        seen.append(cell)
        spent = time.monotonic() - began
        sys.stdout.write(f"{agent.name}, {check.title.en} ({spent:.1f} s): {told}\n")
        sys.stdout.flush()
    return seen


def _write(seen: Seen) -> None:
    for language, path in FILES.items():
        section = render_section(seen, pinned_versions(), language)
        page = path.read_text(encoding="utf-8")
        path.write_text(SECTION.put_into(page, section), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
