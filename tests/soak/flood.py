"""Wrong keys from one address, as fast as they are answered: other callers go on as before.

Calm and flooded times take turns in one run, with the same callers, so that whatever else the
machine does is in both. `make soak` runs it; by itself it is `python -m tests.soak.flood`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from tests.acceptance.knocking import CHAT, Knocker
from tests.acceptance.programs import environment
from tests.soak.figures import Figure, Size, command, exactly
from tests.soak.stand import KEY, GatewayProcess, gateway, run_fast, simulator

RATIO_MAX = 2.0
ROUND_COUNT = 8
ROUND_S = 5.0
CALLER_COUNT = 3
KNOCKER_COUNT = 64
# What leaves without its answer comes back twenty times a second on each connection.
LEAVER_COUNT = 10
# Of a round nothing is counted before the flood is at its height, calm or not.
BEGIN_S, BEGIN_S_MIN = 1.0, 0.3
WRONG_KEYS_MAX = 10
# In turn: the first ones within two seconds, then one every two.
JUDGED_FIRST_MAX = 6
TURN_S = 2.0
PERCENTILE = 0.99


@dataclass
class Times:
    """What the callers saw, round by round: how long answers took, and how many were none."""

    rounds_s: list[list[float]] = field(default_factory=list)
    failed_count: int = 0

    @property
    def answer_count(self) -> int:
        """Answers that were measured."""
        return sum(map(len, self.rounds_s))

    @property
    def p99_ms(self) -> float:
        """Where the slowest hundredth of a round begins; of all rounds, the middle one's."""
        return median(sorted(one)[int(len(one) * PERCENTILE)] for one in self.rounds_s) * 1000


@dataclass(frozen=True, slots=True)
class Round:
    """How long one lasts before anything is counted, and then."""

    begin_s: float
    counted_s: float

    @property
    def whole_s(self) -> float:
        """Both together."""
        return self.begin_s + self.counted_s


async def call(port: int, times: Times, turn: Round) -> None:
    """One caller at work: a question, a hundredth of a second, the next."""
    counted_from = time.monotonic() + turn.begin_s
    until_at = counted_from + turn.counted_s
    async with Knocker(port, "127.0.0.1") as caller:
        while (began := time.perf_counter()) and time.monotonic() < until_at:
            answer = await caller.knock(KEY, body=CHAT)
            if time.monotonic() >= counted_from:
                times.rounds_s[-1].append(time.perf_counter() - began)
            times.failed_count += answer.status != 200
            await asyncio.sleep(0.01)


async def measure(port: int, times: Times, turn: Round) -> None:
    """All callers at once."""
    times.rounds_s.append([])
    await asyncio.gather(*(call(port, times, turn) for _ in range(CALLER_COUNT)))


async def measure_flooded(port: int, times: Times, turn: Round, *flood: str) -> Counter[str]:
    """The same beside a flood in a process of its own; gives what the flood saw."""
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.soak.knocker", str(port), *flood),
        stdout=subprocess.PIPE,
        env=environment({}),
    )
    assert program.stdout is not None
    try:
        # What a Python needs to start is not the flood.
        await program.stdout.readline()
        await measure(port, times, turn)
        output, _ = await program.communicate()
    finally:
        if program.returncode is None:
            program.kill()
    return Counter(json.loads(output))


@dataclass
class Seen:
    """All rounds together."""

    calm: Times = field(default_factory=Times)
    kept: Times = field(default_factory=Times)
    leaving: Times = field(default_factory=Times)
    answers: Counter[str] = field(default_factory=Counter)
    tries_left_count: int = 0


async def take_turns(process: GatewayProcess, round_count: int, turn: Round) -> Seen:
    """Calm, flooded on kept connections, flooded by callers who leave; again and again."""
    seen, port, seconds = Seen(), process.port, str(turn.whole_s)
    await measure(port, Times(), turn)
    for _ in range(round_count):
        await measure(port, seen.calm, turn)
        seen.answers += await measure_flooded(port, seen.kept, turn, str(KNOCKER_COUNT), seconds)
        leaving = (str(LEAVER_COUNT), seconds, "--leave")
        left = await measure_flooded(port, seen.leaving, turn, *leaving)
        seen.tries_left_count += left["tries"]
    return seen


def run(size: Size) -> list[Figure]:
    """Measure in turns, compare."""
    round_count = size.count(ROUND_COUNT)
    turn = Round(size.seconds(BEGIN_S, BEGIN_S_MIN), size.seconds(ROUND_S, 0.5))
    with simulator() as url, gateway(url) as process:
        seen = run_fast(take_turns(process, round_count, turn))
        exit_code = process.program.stop()
    # With what is left over in each round, and waits for five seconds.
    flooded_s = 2 * round_count * (turn.whole_s + 5.0)
    failed_count = seen.calm.failed_count + seen.kept.failed_count + seen.leaving.failed_count
    calm_ms = seen.calm.p99_ms
    return [
        Figure("others' answers measured, calm", seen.calm.answer_count, at_least=10),
        exactly("others' answers that failed", failed_count, 0),
        Figure("others' p99, calm", calm_ms, "ms"),
        Figure(f"p99 beside {KNOCKER_COUNT} connections that try keys", seen.kept.p99_ms, "ms"),
        ratio("of the calm one", seen.kept.p99_ms / calm_ms),
        Figure("p99 beside 200 tries a second that leave", seen.leaving.p99_ms, "ms"),
        ratio("of the calm one, too", seen.leaving.p99_ms / calm_ms),
        Figure("wrong keys tried", seen.answers["tries"] + seen.tries_left_count),
        Figure(
            "of them judged, as far as answered",
            seen.answers["401"],
            at_most=WRONG_KEYS_MAX + JUDGED_FIRST_MAX + int(flooded_s / TURN_S),
        ),
        Figure("told to wait", seen.answers["429"]),
        exactly("exit status", exit_code, 0),
    ]


def ratio(what: str, value: float) -> Figure:
    """How much slower others were."""
    return Figure(what, value, "times", at_most=RATIO_MAX, is_timing=True)


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
