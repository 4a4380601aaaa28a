"""A flood of wrong keys as a program: `python -m tests.soak.knocker PORT CONNECTIONS SECONDS`.

Each connection tries one key after another as fast as it is answered, all from one address. With
`--leave` none waits for its answer: connect, try, reset, twenty times a second each. Prints a line
when it begins, and at the end how many tries were made and which statuses came back, as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections import Counter
from contextlib import suppress

from tests.acceptance.knocking import Knocker
from tests.soak.stand import run_fast

SOURCE = "127.0.0.2"
LEAVE_PAUSE_S = 0.05
# No key comes twice, or it would be no guess.
GUESS = f"guess-{os.getpid()}"


async def wait_for_answers(port: int, number: int, seen: Counter[str]) -> None:
    """One connection, kept."""
    async with Knocker(port, SOURCE) as knocker:
        turn = 0
        while True:
            turn += 1
            seen["tries"] += 1
            answer = await knocker.knock(f"{GUESS}-{number}-{turn}", body=b"{}")
            seen[str(answer.status)] += 1


async def leave_at_once(port: int, number: int, seen: Counter[str]) -> None:
    """A new connection for each try."""
    turn = 0
    while True:
        turn += 1
        async with Knocker(port, SOURCE) as knocker:
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_PAUSE_S):
                    seen["tries"] += 1
                    await knocker.knock(f"{GUESS}-{number}-{turn}", body=b"{}")


async def flood(options: argparse.Namespace) -> Counter[str]:
    """Until the time is over."""
    seen: Counter[str] = Counter()
    way = leave_at_once if options.leave else wait_for_answers
    tries = [way(options.port, number, seen) for number in range(options.connections)]
    tasks = [asyncio.create_task(one) for one in tries]
    ended, under_way = await asyncio.wait(tasks, timeout=options.seconds)
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
    # None ends by itself, unless something went wrong.
    for task in ended:
        task.result()
    return seen


def main() -> int:
    """Flood, print, end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("connections", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--leave", action="store_true")
    options = parser.parse_args()
    sys.stdout.write("begins\n")
    sys.stdout.flush()
    sys.stdout.write(json.dumps(run_fast(flood(options))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
