"""Whole gateways on virtual time, thousands of them, each from a seed (tests/simulation).

python -m tests.soak.seeds                        5,000 seeds on two processes
python -m tests.soak.seeds --count 500 --from 900 the seeds 900 to 1399
python -m tests.soak.seeds --seed 4711            one seed; with --trace, all that happened in it
python -m tests.soak.seeds --planted              whether bugs put into the gateway are found
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.examine import Finding, examine
from tests.simulation.planted import BUGS, find
from tests.soak.figures import Figure, Size, exactly, say

SEED_COUNT = 5_000
PROCESS_COUNT = 2
SAY_EVERY_S = 10.0
# As many as the tests have: by then every planted bug has to be found.
PLANTED_SEED_COUNT = 100
# What is shown of a bad run; the first one is as a rule the reason of the others.
SHOWN_MAX = 20


def examine_all(seeds: Iterable[int], process_count: int = PROCESS_COUNT) -> list[Finding]:
    """All of them, with word of the progress; whoever fails is told at once, in one line."""
    began_at = said_at = time.monotonic()
    findings: list[Finding] = []
    failed_count = 0
    # New processes, not forks: nothing of this one can be in there.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(process_count, context) as processes:
        for finding in processes.map(examine, seeds, chunksize=10):
            findings.append(finding)
            if finding.breaches:
                failed_count += 1
                if failed_count <= SHOWN_MAX:
                    say(finding.replay)
            now = time.monotonic()
            if now - said_at >= SAY_EVERY_S:
                said_at = now
                rate = len(findings) / (now - began_at)
                say(f"{len(findings):,} seeds, {rate:.0f} a second, {failed_count} failed")
    return findings


def figures_of(findings: Sequence[Finding], duration_s: float) -> list[Figure]:
    """What a run came to."""
    endings: Counter[str] = Counter()
    for finding in findings:
        endings.update(finding.endings)
    return [
        Figure("seeds", len(findings)),
        Figure("requests", endings.total()),
        *(Figure(f"  {name}", count) for name, count in sorted(endings.items())),
        Figure("tries upstream", sum(finding.attempt_count for finding in findings)),
        Figure("time lived through", sum(one.lived_s for one in findings) / 3600, "h"),
        Figure("seeds a second", len(findings) / duration_s),
        exactly("seeds in which something was wrong", sum(bool(f.breaches) for f in findings), 0),
    ]


def run(size: Size) -> list[Figure]:
    """The stage of `make soak`."""
    began_at = time.monotonic()
    seed_count = size.count(SEED_COUNT, at_least=10)
    figures = figures_of(examine_all(range(seed_count)), time.monotonic() - began_at)
    if seed_count < PLANTED_SEED_COUNT:
        return figures
    found = find_planted()
    return [*figures, exactly("planted bugs found", found, len(BUGS))]


def find_planted() -> int:
    """Put each bug into the gateway and count those that are found, saying by which seed."""
    found_count = 0
    for name in BUGS:
        finding = find(name, range(PLANTED_SEED_COUNT))
        found_count += finding is not None
        say(f"{name}: {f'seed {finding.seed}: {finding.breaches[0]}' if finding else 'NOT FOUND'}")
    return found_count


def show_one(seed: int, *, is_traced: bool) -> int:
    """One seed, twice: it has to tell the same story. Gives the exit status."""
    finding, again = examine(seed), examine(seed)
    if is_traced:
        sys.stdout.write("\n".join(finding.story) + "\n")
    sys.stdout.write(f"{finding}\n")
    if again.digest != finding.digest:
        sys.stdout.write("the same seed gave another story the second time\n")
        return 1
    if finding.breaches:
        sys.stdout.write(finding.replay + "\n")
    return 1 if finding.breaches else 0


def main(arguments: Sequence[str]) -> int:
    """The command line. Gives the exit status: 1 when something was untrue."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.seeds")
    parser.add_argument("--seed", type=int, help="this one only")
    parser.add_argument("--trace", action="store_true", help="with --seed: all that happened")
    parser.add_argument("--planted", action="store_true", help="whether planted bugs are found")
    parser.add_argument("--count", type=int, default=SEED_COUNT)
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--processes", type=int, default=PROCESS_COUNT)
    options = parser.parse_args(arguments)
    if options.seed is not None:
        return show_one(options.seed, is_traced=options.trace)
    if options.planted:
        return 0 if find_planted() == len(BUGS) else 1
    began_at = time.monotonic()
    seeds = range(options.first, options.first + options.count)
    findings = examine_all(seeds, options.processes)
    figures = figures_of(findings, time.monotonic() - began_at)
    for figure in figures:
        sys.stdout.write(f"{figure.what:40} {figure.measured}\n")
    return 0 if all(figure.is_kept for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
