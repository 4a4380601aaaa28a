"""What holds for every test of what the operator sees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.log_lines import restored_logging


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    """What a test sets holds for itself."""
    with restored_logging():
        yield
