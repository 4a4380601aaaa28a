"""A hundred whole gateways on virtual time: faults, callers, credentials and an operator by chance.

Thousands of them: `python -m tests.soak.seeds`, a stage of `make soak`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from tests.simulation.examine import examine


@pytest.mark.parametrize("seed", range(100))
def test_nothing_is_lost_and_nothing_untrue(seed: int) -> None:
    """Whatever happens, requests end once and truthfully, and nothing is left over.

    What fails is told in the line that shows it again.
    """
    finding = examine(seed)
    if finding.breaches:
        pytest.fail(finding.replay, pytrace=False)


def test_a_seed_tells_the_same_story_in_every_process() -> None:
    """So that a failing one can be looked at: nothing hangs on addresses, hashes or the hour."""
    program = (
        "from tests.simulation.examine import examine\n"
        "print([examine(seed).digest for seed in range(2)])"
    )
    command = [sys.executable, "-c", program]
    told = {
        hashlib.sha256(
            subprocess.run(
                command,
                env={**os.environ, "PYTHONHASHSEED": hash_seed},
                check=True,
                capture_output=True,
            ).stdout
        ).hexdigest()
        for hash_seed in ("1", "2")
    }
    assert len(told) == 1
