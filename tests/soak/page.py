"""The figures as a section of docs/reliability.md, between two marks."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.soak.figures import Figure
from tests.soak.stages import STAGES, Stage

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- soak figures: begin -->", "<!-- soak figures: end -->"
HEAD = ("| promise | stage | figure | measured | bar | verdict |", "|---|---|---|---|---|---|")
ALONE = "Measured alone since then: "
# More than this, and what is timed says little.
BYSTANDERS_SHARE_MAX = 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """A stage that was run; `failure` says why it has no figures."""

    stage: Stage
    figures: Sequence[Figure]
    duration_s: float
    failure: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether it ran to its end and every figure meets its bar."""
        return not self.failure and all(figure.is_kept for figure in self.figures)


def facts(bystanders_share: float) -> str:
    """The machine and the day, in a sentence; no names of hosts or people."""
    kernel = ".".join(platform.release().split("-")[0].split(".")[:2])
    words = (
        f"Measured on {dt.datetime.now(dt.UTC).date().isoformat()}: {os.cpu_count()} cores,"
        f" {platform.system()} {kernel} ({platform.machine()}),"
        f" {platform.python_implementation()} {platform.python_version()}."
    )
    if bystanders_share > BYSTANDERS_SHARE_MAX:
        words += (
            f" The machine was not quiet: other programs used {bystanders_share:.0%} of its"
            " processors, so read the times with care."
        )
    return words


def day_of(bystanders_share: float) -> str:
    """Today, and whether the machine was quiet."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return today + (" (busy machine)" if bystanders_share > BYSTANDERS_SHARE_MAX else "")


def render_table(outcomes: Sequence[Outcome]) -> str:
    """One row per figure; a stage's promise stands in the first of its rows."""
    lines = list(HEAD)
    for outcome in outcomes:
        stage = outcome.stage
        lead = f"{stage.promise} | `{stage.name}`"
        if outcome.failure:
            lines.append(f"| {lead} | {_cell(outcome.failure)} | | | **MISSED** |")
        for figure in outcome.figures:
            verdict = figure.verdict if figure.is_kept else f"**{figure.verdict}**"
            cells = (lead, _cell(figure.what), figure.measured, figure.bar, verdict)
            lines.append(f"| {' | '.join(cells)} |")
            lead = " | "
    return "\n".join(lines) + "\n"


def render_section(outcomes: Sequence[Outcome], facts_words: str) -> str:
    """What stands between the marks."""
    minutes = sum(outcome.duration_s for outcome in outcomes) / 60
    return f"{facts_words} The whole run took {minutes:.0f} minutes.\n\n{render_table(outcomes)}"


def put_into(page: str, section: str) -> str:
    """The page with a new section between its marks; a page without marks gets them at its end."""
    block = f"{BEGIN}\n{section}{END}"
    before, begin, rest = page.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        return f"{page.rstrip()}\n\n{block}\n"
    return f"{before}{block}{after}"


def put_stages_into(page: str, outcomes: Sequence[Outcome], day: str) -> str:
    """The page with the rows of these stages as they are now, and the others' as they were.

    `day` has no comma and no full stop.
    """
    section = page.partition(BEGIN)[2].partition(END)[0]
    words, _, table = section.partition("\n".join(HEAD))
    rows: dict[str, list[str]] = {}
    for line in (*table.splitlines(), *render_table(outcomes).splitlines()[len(HEAD) :]):
        if not line.startswith("|"):
            continue
        found = re.match(r"\|[^|]+\| `(\w+)` \|", line)
        if found:
            name = found[1]
            rows[name] = []
        rows[name].append(line)
    days = dict(re.findall(r"`(\w+)` on ([^,.]+)", words))
    days |= {outcome.stage.name: day for outcome in outcomes}
    alone = ", ".join(f"`{name}` on {days[name]}" for name in sorted(days))
    words = words.partition(ALONE)[0].strip()
    lines = [line for stage in STAGES for line in rows.get(stage.name, ())]
    text = "\n".join([words, "", f"{ALONE}{alone}.", "", *HEAD, *lines])
    return put_into(page, f"{text}\n")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
