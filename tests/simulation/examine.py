"""One seed, from its plan to its verdict."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.simulation.judge import judge
from tests.simulation.life import live
from tests.simulation.plan import draw_plan


@dataclass(frozen=True, slots=True)
class Finding:
    """What a seed's world came to. `lived_s` are seconds of its own time."""

    seed: int
    breaches: tuple[str, ...]
    # How the requests ended, and how many tries the upstream got.
    endings: Mapping[str, int]
    attempt_count: int
    lived_s: float
    digest: str
    story: tuple[str, ...] = field(repr=False)

    @property
    def replay(self) -> str:
        """The one line that shows a failing seed again."""
        breaches = f"{self.breaches[0]}" + (
            f" (and {len(self.breaches) - 1} more)" if len(self.breaches) > 1 else ""
        )
        return f"python -m tests.soak.seeds --trace --seed {self.seed}  # {breaches}"


def examine(seed: int) -> Finding:
    """Live through a seed's world and judge it."""
    world = live(draw_plan(seed))
    breaches = judge(world)
    endings = Counter(
        entries[-1][1].status.value for tag, entries in world.records.items() if tag is not None
    )
    endings["refused at the door"] = len(world.seen) - endings.total()
    return Finding(
        seed=seed,
        breaches=tuple(breaches),
        endings=endings,
        attempt_count=len(world.attempts),
        lived_s=world.network.now,
        # At the end of a drain connections are cut in the order of a set: by addresses.
        digest=hashlib.sha256("\n".join(sorted(world.story)).encode()).hexdigest(),
        story=(*world.story, *(f"{'BREACH':>10}  {breach}" for breach in breaches)),
    )
