"""How many examples a property is tried with: some in each run of the tests, all in `make fuzz`."""

from __future__ import annotations

import os

from hypothesis import settings

# The variable that `make fuzz` sets.
ALL = os.environ.get("PROPERTY_EXAMPLES") == "all"
# What a run of everything has time for.
SHARE = 0.4


def examples(all_count: int) -> settings:
    """The settings of a property that is worth so many examples."""
    count = all_count if ALL else round(SHARE * all_count)
    return settings(max_examples=count, deadline=None)
