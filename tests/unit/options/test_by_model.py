"""A time span that may differ by model."""

from __future__ import annotations

import pytest

from cursor_api.options.by_model import ROWS_MAX, durations_by_model

KIND = durations_by_model("60s")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("60", (("*", 60.0),)),
        ("1m, o1*=5m", (("o1*", 300.0), ("*", 60.0))),
        ("o1-mini = 90s ,o1*=300, *=1m", (("o1-mini", 90.0), ("o1*", 300.0), ("*", 60.0))),
    ],
)
def test_rows_keep_their_order_and_the_rest_comes_last(
    text: str, rows: tuple[tuple[str, float], ...]
) -> None:
    """However it is written."""
    assert KIND.parse(text) == rows


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a duration"),
        ("o1*=300", "no value for all other models"),
        ("60, 70", "two values"),
        ("60, o1=1, o1=2", "twice"),
        ("60, =5", "model=duration"),
        ("60, a b=5", "model=duration"),
        ("60, o1=0", "not a duration from"),
        ("60, o1=forever", "not a duration from"),
        ("60," + ",".join(f"m{n}=1" for n in range(ROWS_MAX)), "more than 50"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, words: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValueError, match=words):
        KIND.parse(text)


def test_it_is_shown_as_people_read_it() -> None:
    """The value of most models first."""
    assert KIND.show(KIND.parse("60, o1*=300")) == "60 s, o1*=300 s"
