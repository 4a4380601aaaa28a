"""`make soak`: every promise that takes longer than a test, measured on the running process.

python -m tests.soak                  all stages at full size; writes docs/reliability.md
python -m tests.soak --quick          all stages in about three minutes; writes nothing
python -m tests.soak --stage readers  one stage; may be given several times
                     --write          and its rows in docs/reliability.md are written anew
python -m tests.soak --list           the stages and their promises
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.machine import Bystanders
from bench.processes import end_tidily
from tests.soak.figures import FULL, QUICK, SIZES, Size, render, say
from tests.soak.page import PAGE, Outcome, day_of, facts, put_into, put_stages_into, render_section
from tests.soak.stages import STAGES, Stage


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    names = [stage.name for stage in STAGES]
    parser.add_argument("--stage", action="append", choices=names, help="only this one")
    parser.add_argument("--list", action="store_true", help="the stages and their promises")
    parser.add_argument("--quick", action="store_true", help="small sizes, about three minutes")
    parser.add_argument("--size", choices=SIZES, default=FULL.name)
    parser.add_argument("--share", type=float, help="any other size; 1 is the promises' own")
    parser.add_argument("--write", action="store_true", help="write the rows of these stages")
    parser.add_argument(
        "--output", type=Path, help="write the section here (docs/reliability.md after a full run)"
    )
    return parser.parse_args(arguments)


def run_stage(stage: Stage, size: Size) -> Outcome:
    """One stage; whatever goes wrong in it is its finding and ends no other."""
    say(f"{stage.name}: {stage.promise}")
    began = time.monotonic()
    try:
        figures = stage.run(size)
    except pytest.skip.Exception as error:
        # A server that it needs is not here: a promise not shown, too.
        return Outcome(stage, (), time.monotonic() - began, f"not run: {error}")
    except Exception as error:  # noqa: BLE001 - a stage that breaks down is a promise not shown
        sys.stderr.write(traceback.format_exc())
        failure = f"broke down: {type(error).__name__}: {str(error)[:200]}"
        return Outcome(stage, (), time.monotonic() - began, failure)
    return Outcome(stage, figures, time.monotonic() - began)


def chosen_size(options: argparse.Namespace) -> Size:
    """What the command line asks for."""
    if options.share is not None:
        return Size(f"{options.share:g}", options.share)
    return QUICK if options.quick else SIZES[options.size]


def main(arguments: Sequence[str]) -> int:
    """Gives the exit status: 0 when every figure meets its bar."""
    options = parse_arguments(arguments)
    if options.list:
        for stage in STAGES:
            sys.stdout.write(f"{stage.name:12} {stage.promise}\n")
        return 0
    size, bystanders = chosen_size(options), Bystanders()
    outcomes = []
    for stage in STAGES:
        if options.stage and stage.name not in options.stage:
            continue
        outcome = run_stage(stage, size)
        outcomes.append(outcome)
        sys.stdout.write(
            f"\n{stage.name} ({outcome.duration_s:.0f} s): {stage.promise}\n"
            f"{outcome.failure or render(outcome.figures)}\n"
        )
        sys.stdout.flush()
    missed = [outcome.stage.name for outcome in outcomes if not outcome.is_kept]
    sys.stdout.write(f"missed: {', '.join(missed)}\n" if missed else "all kept\n")
    if options.write:
        page, day = PAGE.read_text(encoding="utf-8"), day_of(bystanders.share())
        PAGE.write_text(put_stages_into(page, outcomes, day), encoding="utf-8")
        say(f"written to {PAGE}")
    output = options.output or (PAGE if size is FULL and not options.stage else None)
    if output:
        page = output.read_text(encoding="utf-8") if output.exists() else ""
        section = render_section(outcomes, facts(bystanders.share()))
        output.write_text(put_into(page, section), encoding="utf-8")
        say(f"written to {output}")
    return 1 if missed else 0


if __name__ == "__main__":
    end_tidily()
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("stopped")
