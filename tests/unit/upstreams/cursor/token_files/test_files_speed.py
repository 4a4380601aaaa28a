"""Ten thousand credentials."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.upstreams.cursor.token_files.token_folder import Folder, checksum

COUNT = 10_000
# As long as a session token: a header, claims and a signature.
TAIL = "x" * 380
SECONDS_MAX = 0.5
# On a slow or busy machine: a load that checks each character takes 9 to 14 times as long as
# splitting the lines and no more; one that compares each line with each other, thousands of times.
RATIO_MAX = 40


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Both files, a third of the tokens in each spelling."""
    folder = Folder(tmp_path)
    spell = ("alias-{0}::{0}" + TAIL, "user_{0}%3A%3A{0}" + TAIL, "{0}" + TAIL)
    folder.write("".join(spell[n % 3].format(n) + "\n" for n in range(COUNT)))
    return folder


def read_naively(folder: Folder) -> dict[str, str]:
    """What a program does that trusts the files."""
    folder.token.read_text().splitlines()
    pairs = (line.split(",") for line in folder.listed.read_text().splitlines())
    return {token: given_checksum for token, given_checksum in pairs}  # noqa: C416 - lists, not pairs


def best_of(step: Callable[[], object], count: int = 3) -> float:
    """Seconds of CPU time that a step takes when nobody disturbs it."""

    def once() -> float:
        begin = time.process_time()
        step()
        return time.process_time() - begin

    return min(once() for _ in range(count))


def test_ten_thousand_credentials_load_at_once(folder: Folder) -> None:
    """In at most half a second, compared with what reading and splitting the files costs."""
    folder.load()
    load_s, naive_s = best_of(folder.load), best_of(lambda: read_naively(folder))
    credentials = folder.load()
    assert len(credentials) == COUNT
    assert credentials[-1] == (f"{COUNT - 1}{TAIL}", checksum(1000 + COUNT - 1))
    assert load_s <= max(SECONDS_MAX, RATIO_MAX * naive_s)


def test_asking_for_changes_costs_next_to_nothing(folder: Folder) -> None:
    """However large the files are: it looks at their status only."""
    folder.load()
    assert 100 * best_of(folder.files.has_changed, 20) < best_of(folder.load)
