"""Random bytes that are drawn for many ids at once."""

from __future__ import annotations

import os

import pytest

from cursor_api.domain.random_bytes import DRAWN_BYTES, RandomBytes, random_bytes


def test_no_byte_is_given_twice_and_few_draws_are_made() -> None:
    """What is left of a draw and too short is not used."""
    drawn: list[bytes] = []

    def draw(count: int) -> bytes:
        drawn.append(os.urandom(count))
        return drawn[-1]

    source = RandomBytes(draw)
    given = [source(10) for _ in range(1000)]
    assert {len(one) for one in given} == {10}
    assert len(set(given)) == 1000
    per_draw = DRAWN_BYTES // 10
    assert b"".join(given[:per_draw]) == drawn[0][: per_draw * 10]
    assert given[per_draw] == drawn[1][:10]
    assert len(drawn) == -(-1000 // per_draw)
    assert len(source(DRAWN_BYTES + 1)) == DRAWN_BYTES + 1
    source.forget()
    assert repr(source) == "RandomBytes(0 left)"
    assert source(10) == drawn[-1][:10]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks there")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_gives_bytes_of_its_own() -> None:
    """Two processes with one buffer would give the same ids."""
    random_bytes(1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, random_bytes(16))
        os._exit(0)
    mine = random_bytes(16)
    os.waitpid(child, 0)
    assert os.read(reading, 16) != mine
    os.close(reading)
    os.close(writing)
