"""What is not installed is named by its extra, with what asked for it."""

from __future__ import annotations

from cursor_api.options.extras import missing_extra


def test_it_says_what_needs_which_extra_and_why() -> None:
    """And where to read on."""
    error = missing_extra("REDIS_URL", "redis", ImportError("No module named 'redis'"))
    assert error.message == (
        "REDIS_URL needs the extra `redis` of cursor-api, which is not installed"
        " (No module named 'redis'); docs/install.md says how to install it."
    )
