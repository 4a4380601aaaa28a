"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

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
