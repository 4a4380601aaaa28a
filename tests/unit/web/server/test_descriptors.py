"""How the process's descriptors are shared out."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from cursor_api.web.server.descriptors import (
    RESERVED_COUNT,
    count_needed,
    find_limit,
    raise_limit,
    share,
)

SOFT, HARD = resource.getrlimit(resource.RLIMIT_NOFILE)


def test_callers_get_half_of_what_the_reserve_leaves() -> None:
    """Each of them may need a connection upstream; never more than was asked for, never none."""
    assert share(100, RESERVED_COUNT + 200) == 100
    assert share(100, RESERVED_COUNT + 199) == 99
    assert share(100, 1_000_000) == 100
    assert share(100, None) == 100
    assert share(100, 20) == 1


@pytest.mark.parametrize(("callers", "upstream"), [(100, 10), (10, 100), (50, 50)])
def test_what_is_needed_is_enough(callers: int, upstream: int) -> None:
    """With as many descriptors as are needed nobody gets less than was configured."""
    assert share(callers, count_needed(callers, upstream)) == callers


def test_the_limit_is_the_systems() -> None:
    """What the process may have open now."""
    assert find_limit() == (None if SOFT == resource.RLIM_INFINITY else SOFT)


@pytest.mark.skipif(HARD == resource.RLIM_INFINITY or HARD < 300, reason="needs a hard limit")
def test_the_soft_limit_goes_up_to_the_hard_one() -> None:
    """In a process of its own."""
    program = "from cursor_api.web.server.descriptors import raise_limit; print(raise_limit(9))"
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -Sn 256; exec "$0" -c "$1"', sys.executable, program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == HARD


def test_where_the_hard_limit_is_refused_the_wanted_one_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """MacOS names no upper limit and takes no large number."""
    taken: list[int] = []

    def refuse_large(_which: int, limits: tuple[int, int]) -> None:
        if limits[0] != 12_345:
            raise ValueError("current limit exceeds maximum limit")
        taken.append(limits[0])

    monkeypatch.setattr(resource, "setrlimit", refuse_large)
    raise_limit(12_345)
    assert taken == [12_345]
