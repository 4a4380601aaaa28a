"""What holds for every test."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

# The commands speak the language of whoever runs them; the tests read English.
os.environ["LC_ALL"] = "C.UTF-8"

# Where one file takes the longest.
SLOW_FOLDERS = tuple(Path(__file__).parent / name for name in ("acceptance", "soak", "wall"))

# New objects between two looks of the garbage collector: at 700, as Python begins, a fifth of a
# property's time is the collector's.
GC_EVERY = 10_000

# A busy machine is not a defect: pytest-timeout bounds each test, not each of its examples. What
# fails tells how to run it again.
settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a parameter of binary data by its size.

    Compressed data has the time in it: with the bytes themselves in a test's name, two workers
    that collect in different seconds would not agree on what there is to run.
    """
    if isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable()):
        return f"{len(val)}-bytes"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow files, so that several workers end at the same time."""
    items.sort(key=lambda item: item.path.parent not in SLOW_FOLDERS)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is collected out of the garbage collector's sight: it lasts as long as the run.

    Eight thousand tests are a million objects, which each full collection would go through again.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(GC_EVERY)
        gc.enable()
