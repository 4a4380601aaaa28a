"""What every test of a scenario asks: whether it has passed, and whether the pages say so."""

from __future__ import annotations

from tests.wall.page import COMMAND, FILES, SECTION, Result, number_of, render_row
from tests.wall.run import run
from tests.wall.scenario import Row


async def check(row: Row) -> None:
    """Play it; an AssertionError names what was not as it must be."""
    report = await run(row)
    assert not report.complaints, "\n".join(report.complaints)
    result = Result(number_of(row.key), row, report)
    for language, path in FILES.items():
        line = render_row(result, language)
        lines = SECTION.find(path.read_text(encoding="utf-8")).splitlines()
        assert line in lines, f"docs/{path.name} tells another story; `{COMMAND}` writes it again"
