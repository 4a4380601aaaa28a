"""docs/routes.md says what the table says, and names every client in the version that is locked."""

from __future__ import annotations

import pytest

from tests.clients.page import (
    APIS,
    COMMAND,
    FILES,
    NOTHING,
    ROOT,
    SECTION,
    WORKS,
    Findings,
    Language,
    client_label,
    render_routes,
    render_section,
    versions,
)
from tests.clients.programs.client import FEATURES
from tests.clients.run import CLIENTS, Told
from tests.clients.table import EXPECTED


@pytest.mark.parametrize("language", FILES)
def test_the_page_has_every_row_and_no_failure(language: Language) -> None:
    """Whoever changes a row, a client or its version has to try again."""
    section = SECTION.find(FILES[language].read_text(encoding="utf-8"))
    assert "\n".join(render_routes(language)) in section, f"run: {COMMAND}"
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if "✓" in line]
    shown = {(row[0], row[1]): row[2:] for row in rows[-len(CLIENTS) :]}
    known = versions()
    assert list(shown) == [(client_label(one, known), APIS[one.api]) for one in CLIENTS]
    for cells in shown.values():
        assert set(cells) <= {WORKS, NOTHING}, f"run: {COMMAND}"
        assert len(cells) == len(FEATURES)


def test_what_is_not_as_expected_is_told() -> None:
    """By the run, and on the page."""
    client = CLIENTS[0]
    findings = Findings(
        {
            (client, "chat", "openai"): Told("failed", "no answer"),
            (client, "seed", "cursor"): Told("lacking", EXPECTED["seed", "cursor"].said),
            (client, "many", "cursor"): Told("refused", "Error code: 400 - no"),
        }
    )
    assert list(findings.complaints()) == [
        "OpenAI SDK chat openai chat: failed no answer",
        "cursor many: other words: Error code: 400 - no",
    ]
    page = SECTION.put_into(FILES["en"].read_text(encoding="utf-8"), render_section(findings, "en"))
    assert "**FAILED** (openai)" in page


def test_the_set_up_page_names_who_was_tried() -> None:
    """The same clients, in both languages."""
    for name in ("clients.md", "clients.zh-CN.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert not [one.name for one in CLIENTS if one.name.partition(",")[0] not in text]
