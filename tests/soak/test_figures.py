"""What a soak says of its figures, and when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak import __main__ as program
from tests.soak.figures import FULL, QUICK, TINY, Figure, Size, command, exactly, render
from tests.soak.page import (
    BEGIN,
    END,
    Outcome,
    put_into,
    put_stages_into,
    render_section,
    render_table,
)
from tests.soak.stages import STAGES, Stage

KEPT = Figure("memory", 41.5, "MiB", at_most=64)
MISSED = exactly("streams broken", 2, 0)
TO_READ = Figure("requests a second", 1234.5)


def run(_size: Size) -> list[Figure]:
    """A stage with one of each."""
    return [KEPT, MISSED, TO_READ]


def break_down(_size: Size) -> list[Figure]:
    """A stage that does not come to its end."""
    raise RuntimeError("the gateway is gone")


def test_a_figure_meets_its_bar_or_misses_it() -> None:
    """At the bar is kept; what is no number is missed; without a bar nothing is."""
    assert Figure("x", 5, at_most=5, at_least=5).is_kept
    assert not Figure("x", 5.1, at_most=5).is_kept
    assert not Figure("x", 4.9, at_least=5).is_kept
    assert not Figure("x", float("nan"), at_most=5).is_kept
    assert not Figure("x", float("nan"), at_least=5).is_kept
    assert Figure("x", float("nan")).is_kept


def test_figures_are_written_for_people() -> None:
    """Few digits, units, and in capitals what is missed."""
    assert render([KEPT, MISSED, TO_READ]).splitlines() == [
        "memory             41.50 MiB  at most 64 MiB  kept",
        "streams broken     2          exactly 0       MISSED",
        "requests a second  1,234",
    ]
    assert Figure("x", float("nan"), "s").measured == "nothing s"
    assert Figure("x", 0.01234, "s", at_least=1, at_most=2).bar == "at least 1 s, at most 2 s"


def test_sizes_have_a_floor() -> None:
    """A small run still has enough of everything to say something."""
    assert [size.count(1000, at_least=5) for size in (FULL, QUICK, TINY)] == [1000, 20, 5]
    assert TINY.count(3, at_least=5) == 3
    assert QUICK.seconds(10.0, at_least_s=1.0) == 1.0
    assert FULL.seconds(10.0, at_least_s=1.0) == 10.0


def test_a_stage_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """With the exit status that a missed bar deserves."""
    assert command(run, "A stage.", ["--size", "tiny"]) == 1
    assert "MISSED" in capsys.readouterr().out
    assert command(lambda _size: [KEPT], "A stage.", []) == 0


def test_the_page_keeps_what_stands_around_the_figures() -> None:
    """A second run replaces the first one's section and nothing else."""
    stage = Stage("small", "Nothing breaks", run)
    first = render_section([Outcome(stage, run(TINY), 60.0)], "Measured today.")
    page = put_into(f"# Title\n\n{BEGIN}\nold\n{END}\n\nAfter.\n", first)
    assert page == put_into(page, first)
    assert page.startswith(f"# Title\n\n{BEGIN}\nMeasured today. The whole run took 1 minutes.\n")
    assert page.endswith(f"{END}\n\nAfter.\n")
    assert "old" not in page
    assert put_into("# Title\n", "x\n") == f"# Title\n\n{BEGIN}\nx\n{END}\n"


def test_a_stage_alone_writes_its_own_rows() -> None:
    """In the order of the stages; the others' rows and what stands around them stay."""
    first, second = STAGES[0], STAGES[1]
    section = render_section([Outcome(second, run(TINY), 60.0)], "Measured today.")
    page = f"# Title\n\n{BEGIN}\n{section}{END}\n"
    day = "2026-01-02 (busy machine)"
    both = put_stages_into(page, [Outcome(first, [KEPT], 1.0)], day)
    assert f"Measured alone since then: `{first.name}` on {day}." in both
    assert both.index(first.promise) < both.index(second.promise)
    assert both.count("| streams broken |") == 1
    again = put_stages_into(both, [Outcome(second, [KEPT], 1.0)], "2026-01-03")
    assert "| streams broken |" not in again
    assert f"`{second.name}` on 2026-01-03, `{first.name}` on {day}." in again
    assert put_stages_into(again, [Outcome(second, [KEPT], 1.0)], "2026-01-03") == again


def test_what_is_missed_stands_out() -> None:
    """In the table of the page, also where a stage broke down."""
    stage = Stage("small", "Nothing breaks", run)
    table = render_table(
        [Outcome(stage, run(TINY), 1.0), Outcome(stage, (), 1.0, "broke down: a | b")]
    )
    assert "| Nothing breaks | `small` | memory | 41.50 MiB | at most 64 MiB | kept |" in table
    assert "| streams broken | 2 | exactly 0 | **MISSED** |" in table
    assert "| broke down: a \\| b | | | **MISSED** |" in table


def test_a_run_fails_when_a_stage_misses_or_breaks_down(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The others run all the same, and the page says what happened."""
    stages = (
        Stage("good", "All is well", lambda _size: [KEPT]),
        Stage("gone", "Nothing breaks down", break_down),
        Stage("bad", "Nothing is missed", run),
    )
    monkeypatch.setattr(program, "STAGES", stages)
    page = tmp_path / "page.md"
    assert program.main(["--quick", "--output", str(page)]) == 1
    told = capsys.readouterr()
    assert "missed: gone, bad" in told.out
    assert "RuntimeError: the gateway is gone" in told.err
    assert page.read_text().count("MISSED") == 2
    assert program.main(["--quick", "--stage", "good"]) == 0
    assert "all kept" in capsys.readouterr().out


def test_a_stage_without_its_server_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what is missing, and the others run."""

    def skip(_size: Size) -> list[Figure]:
        pytest.skip("no Redis here")

    stages = (
        Stage("away", "Servers are there", skip),
        Stage("good", "All is well", lambda _: [KEPT]),
    )
    monkeypatch.setattr(program, "STAGES", stages)
    assert program.main(["--quick"]) == 1
    said = capsys.readouterr().out
    assert "not run: no Redis here" in said
    assert "missed: away\n" in said


def test_every_stage_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """By its name, once, with its promise; the promise stands in a table of one language."""
    assert program.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [stage.name for stage in STAGES]
    assert len({stage.name for stage in STAGES}) == len(STAGES)
