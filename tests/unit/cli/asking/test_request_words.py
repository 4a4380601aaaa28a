"""One request in a line, or in full."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from cursor_api.cli.asking.request_words import Attempt, Request, Usage, describe, head, line
from cursor_api.settings.report import display_width

BEGAN = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
ENDED = Request(
    "0a",
    BEGAN,
    "success",
    "anna",
    "gpt-5",
    client="cli/1",
    dialect="openai_chat",
    route="openai/gpt-5",
    credential="me",
    finish="stop",
    first_ms=420.0,
    total_ms=2100.0,
    usage=Usage(9, 57, "upstream"),
    attempts=[Attempt("old", "rate_limited", 10.0), Attempt("me", None, 410.0)],
)
REFUSED = Request("0b", BEGAN, "refused", "", "安" * 300 + "\x1b", fault="model_not_found")


def test_a_line_has_what_is_looked_for_first() -> None:
    """In columns under their names; whole, and nothing a terminal would act upon."""
    told = line(ENDED)
    assert told.split()[2:] == ["answered", "0.42", "s", "2.10", "s", "anna", "me", "gpt-5"]
    assert told.index("anna") == head().index("CALLER")
    refused = line(REFUSED)
    assert refused.split()[2:6] == ["refused", "-", "-", "-"]
    assert refused.endswith("…  model_not_found")
    assert "\x1b" not in refused


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_line_keeps_to_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are cut for it; Chinese takes two columns a sign."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    for told in (head(), line(ENDED), line(REFUSED)):
        assert display_width(told) <= columns


def test_in_full_it_tells_each_attempt() -> None:
    """And leaves out what there is not."""
    told = list(describe(ENDED))
    assert "tokens      9 in, 57 out (upstream)" in told
    assert told[-2:] == [
        "attempt 1   old: rate_limited after 0.01 s",
        "attempt 2   me: answered after 0.41 s",
    ]
    assert not any(one.startswith(("error", "fault")) for one in told)
    assert any(one.startswith("fault       model_not_found") for one in describe(REFUSED))


def test_a_reader_of_chinese_reads_no_names_of_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the columns, among the attempts and as advice."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    refused = replace(REFUSED, model="gpt-9")
    told = "\n".join((line(refused), *describe(ENDED), *describe(refused)))
    assert "rate_limited" not in told
    assert "model_not_found" not in told
    assert "没有上游提供模型 gpt-9" in told
