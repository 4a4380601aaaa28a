"""docs/clients.md and its Chinese twin: what was seen of each agent, between two marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from cursor_api.options.said import Words
from tests.agents.agents import AGENTS
from tests.agents.checks import CHECKS
from tests.page_section import PageSection

DOCS: Final = Path(__file__).parents[2] / "docs"
SECTION: Final = PageSection("agents")
WRITTEN: Final = Words(
    "<!-- The table is written by `make agents`, from what it saw. -->",
    "<!-- 下表由 `make agents` 根据实际所见写出。 -->",
)
SEEN: Final = Words("seen", "所见")
FAILED: Final = Words("**FAILED**", "**未通过**")

Language = Literal["en", "zh"]
FILES: Final[dict[Language, Path]] = {
    "en": DOCS / "clients.md",
    "zh": DOCS / "clients.zh-CN.md",
}
# For each agent what each check saw; None where it failed.
Seen = Mapping[str, Sequence[Words | None]]


def heads(language: Language, versions: Mapping[str, str]) -> str:
    """The first line of the table: the agents with their versions."""
    names = [f"{agent.name} {versions[agent.package]}" for agent in AGENTS]
    return f"| {' | '.join((getattr(SEEN, language), *names))} |"


def render_section(seen: Seen, versions: Mapping[str, str], language: Language) -> str:
    """One line for each check, one column for each agent."""
    lines = [getattr(WRITTEN, language), "", heads(language, versions)]
    lines.append("|---" * (1 + len(AGENTS)) + "|")
    for number, check in enumerate(CHECKS):
        cells = [getattr(seen[agent.name][number] or FAILED, language) for agent in AGENTS]
        lines.append(f"| {' | '.join((getattr(check.title, language), *cells))} |")
    return "\n".join([*lines, "", ""])
