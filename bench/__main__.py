"""`python -m bench`: measure, print, and write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import datetime as dt
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import machine, native
from bench.measure import (
    QUICK,
    Bench,
    Durations,
    Round,
    SubjectFailedError,
    measure,
    measure_direct,
)
from bench.page_parts import PAGE, keep_parts
from bench.peers import PeerMissingError, litellm, portkey
from bench.processes import Cores, run_tidily, share_out_cores
from bench.report import DIRECT, Results, render
from bench.subjects import SUBJECTS, Subject

INSTALLERS = {"litellm": litellm, "portkey": portkey}
NOTE_DIRECT = "The load generator on the upstream with nothing in between."


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=None, help="5, or 2 with --quick")
    parser.add_argument("--quick", action="store_true", help="short parts, 2 rounds")
    parser.add_argument("--only", default="", help="names with commas: gateway,floor")
    parser.add_argument("--no-peers", action="store_true", help="gateway and floor only")
    parser.add_argument(
        "--output", type=Path, default=None, help="docs/benchmarks.md unless --quick or --only"
    )
    return parser.parse_args(arguments)


def choose(options: argparse.Namespace) -> list[Subject]:
    """The subjects asked for; exits with a message when a name is unknown."""
    names = [name.strip() for name in options.only.split(",") if name.strip()]
    known = [subject.name for subject in SUBJECTS]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise SystemExit(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    chosen = [subject for subject in SUBJECTS if not names or subject.name in names]
    if options.no_peers:
        chosen = [subject for subject in chosen if subject.name not in INSTALLERS]
    return chosen


class Progress:
    """One line per part on standard error, with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.prefix = ""

    def __call__(self, what: str) -> None:
        """Say it."""
        elapsed = time.monotonic() - self._began
        print(f"[{elapsed:6.1f} s] {self.prefix}{what}", file=sys.stderr, flush=True)


def install(subjects: Sequence[Subject], results: Results, say: Progress) -> list[Subject]:
    """Those that can be measured; the others are noted as missing."""
    ready = []
    for subject in subjects:
        try:
            if subject.name in INSTALLERS:
                say(f"{subject.title}: installing unless there already")
                INSTALLERS[subject.name]()
        except PeerMissingError as error:
            results.missing[subject.name] = str(error)
            say(f"{subject.title}: not measured: {error}")
        else:
            ready.append(subject)
    return ready


def run_rounds(bench: Bench, subjects: list[Subject], results: Results, count: int) -> None:
    """A B C D, A B C D, ...; a subject that fails to start is left out of later rounds."""
    say = bench.say
    for number in range(1, count + 1):
        for name in [*(subject.name for subject in subjects), DIRECT]:
            if isinstance(say, Progress):
                say.prefix = f"round {number}/{count}, {name}: "
            subject = next((s for s in subjects if s.name == name), None)
            if name in results.missing:
                continue
            try:
                outcome = measure(subject, bench) if subject else measure_direct(bench)
            except SubjectFailedError as error:
                say(str(error))
                results.missing[name] = str(error).splitlines()[0]
                continue
            results.rounds.setdefault(name, []).append(outcome)
            say(summary(outcome))


def summary(outcome: Round) -> str:
    """The round's figures on one line, its problems on lines of their own."""
    figures = "  ".join(f"{name} {value:,.4g}" for name, value in outcome.values.items())
    return "\n    ".join([f"done\n    {figures}", *outcome.problems])


def main(arguments: Sequence[str]) -> int:
    """Gives the exit status: 0 when the gateway (or all that was asked for) was measured."""
    options = parse_arguments(arguments)
    subjects = choose(options)
    say = Progress()
    try:
        native.build()
    except native.ToolsMissingError as error:
        print(error, file=sys.stderr)
        return 1
    results = Results(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        facts=machine.facts(),
        durations=QUICK if options.quick else Durations(),
        titles={**{s.name: s.title for s in subjects}, DIRECT: "(nothing between)"},
        notes={**{s.name: s.note for s in subjects}, DIRECT: NOTE_DIRECT},
    )
    ready = install(subjects, results, say)
    cores, bystanders = share_out_cores(), machine.Bystanders()
    if cores == Cores(None, None):
        say("programs cannot be tied to cores here: expect noise")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder_name:
        folder = Path(folder_name)
        with native.upstream(folder, cores.others) as port:
            key = f"sk-{secrets.token_hex(32)}"
            bench = Bench(folder, port, key, results.durations, cores, say)
            run_rounds(bench, ready, results, options.rounds or (2 if options.quick else 5))
    results.bystanders_share = bystanders.share()
    page = render(results)
    print(page)
    is_whole = not (options.quick or options.only or options.no_peers)
    output = options.output or (PAGE if is_whole else None)
    if output:
        # Other commands write their own parts of the page.
        old = output.read_text("utf-8") if output.exists() else ""
        output.write_text(keep_parts(page, old), "utf-8")
        say.prefix = ""
        say(f"written to {output}")
    return 1 if set(results.missing) - set(INSTALLERS) else 0


if __name__ == "__main__":
    run_tidily(main)
