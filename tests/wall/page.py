"""docs/reliability.md and its Chinese twin: the wall as a table between two marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cursor_api.options.said import Words
from tests.page_section import PageSection
from tests.wall.run import ELSEWHERE, FURTHER, SIXTEEN
from tests.wall.scenario import Report, Row

DOCS: Final = Path(__file__).parents[2] / "docs"
COMMAND: Final = "make wall"
SECTION: Final = PageSection("wall")

Language = Literal["en", "zh"]
FILES: Final[dict[Language, Path]] = {
    "en": DOCS / "reliability.md",
    "zh": DOCS / "reliability.zh-CN.md",
}

HEAD: Final = Words(
    "| # | scenario | the client saw, streamed | and not streamed | attempts | verdict |",
    "| # | 场景 | 客户端所见（流式） | 客户端所见（非流式） | 尝试 | 结论 |",
)
RULE: Final = "|---|---|---|---|---|---|"
KEPT: Final = Words("passed", "通过")
BROKEN: Final = Words("**FAILED**", "**未通过**")
COUNT: Final = Words("**{passed} of {all} passed.**", "**{all} 项中 {passed} 项通过。**")
FURTHER_TITLE: Final = Words("### Beyond the sixteen", "### 十六项之外")
ELSEWHERE_TITLE: Final = Words(
    "### The same with other kinds of upstreams", "### 其他种类上游的同样场景"
)
DEEPER: Final = Words("more", "详见")
WRITTEN: Final = Words(
    f"<!-- The rows are written by `{COMMAND}`, from what it saw. -->",
    f"<!-- 以下各行由 `{COMMAND}` 根据实际所见写出。 -->",
)


@dataclass(frozen=True, slots=True)
class Result:
    """A row of the wall and what came of it. `number` counts from 1 through all tables."""

    number: int
    row: Row
    report: Report


def number_of(key: str) -> int:
    """The place of a scenario in the wall."""
    return [*SIXTEEN, *FURTHER, *ELSEWHERE].index(key) + 1


def render_row(result: Result, language: Language) -> str:
    """A line of the table."""
    row, report = result.row, result.report
    name = getattr(row.name, language)
    if row.deeper:
        name += f" ([{getattr(DEEPER, language)}](../{row.deeper}))"
    cells = [getattr(cell, language) for cell in (report.cells.streamed, report.cells.whole)]
    verdict = BROKEN if report.complaints else KEPT
    told = (
        str(result.number),
        name,
        *cells,
        getattr(report.cells.attempts, language),
        getattr(verdict, language),
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in told)} |"


def render_section(reports: Mapping[str, Report], language: Language) -> str:
    """The tables, each with its count."""
    lines = [getattr(WRITTEN, language), ""]
    tables = (
        ("", SIXTEEN),
        (getattr(FURTHER_TITLE, language), FURTHER),
        (getattr(ELSEWHERE_TITLE, language), ELSEWHERE),
    )
    for title, rows in tables:
        results = [Result(number_of(key), row, reports[key]) for key, row in rows.items()]
        passed = sum(not one.report.complaints for one in results)
        count = getattr(COUNT, language).format(passed=passed, all=len(results))
        lines += [title, ""] if title else []
        lines += [getattr(HEAD, language), RULE]
        lines += [render_row(one, language) for one in results]
        lines += ["", count, ""]
    return "\n".join(lines)
