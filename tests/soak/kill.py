"""Kill -9 at any moment: files and request log are whole, and the next start needs no help."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.acceptance.killing import kill_again_and_again
from tests.soak.figures import Figure, Size, command, exactly
from tests.soak.stand import COMMAND, run_fast, simulator

DEATH_COUNT = 50
# The pool's memory is saved every two seconds.
LIFE_S_MAX = 2.5


def run(size: Size) -> list[Figure]:
    """Work, die, start, look, again."""
    death_count = size.count(DEATH_COUNT, at_least=2)
    with simulator() as url, tempfile.TemporaryDirectory(prefix="soak-") as folder:
        kills = run_fast(
            kill_again_and_again([*COMMAND, "serve"], Path(folder), url, death_count, LIFE_S_MAX)
        )
    return [
        exactly("deaths in the middle of streams and saves", kills.death_count, death_count),
        Figure("rounds of add, change and remove before them", kills.save_count, at_least=1),
        Figure("answers that were whole a second before a death", kills.recorded_count, at_least=1),
        exactly("starts that needed help or found something wrong or missing", len(kills.wrong), 0),
    ]


if __name__ == "__main__":
    sys.exit(command(run, __doc__))
