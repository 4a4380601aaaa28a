"""Work on a request, counted in steps."""

from __future__ import annotations

from cursor_api.domain.content import Image, LinkedImage
from cursor_api.wire.work_units import (
    ARGUMENT_UNIT_BYTES,
    IMAGE_UNIT_BYTES,
    IMAGE_UNITS,
    STEP_UNITS,
    Step,
    call_units,
    image_units,
)


def test_a_step_is_done_after_so_many_units_and_the_next_begins() -> None:
    """One that was more work than a step is one step, too."""
    step = Step()
    assert [step.is_done(STEP_UNITS // 2) for _ in range(4)] == [False, True, False, True]
    assert step.is_done(3 * STEP_UNITS)
    assert repr(step) == f"Step(0 of {STEP_UNITS})"


def test_data_counts_by_its_size() -> None:
    """An address of an image has none."""
    assert image_units(LinkedImage("https://a.example/b.png")) == IMAGE_UNITS
    assert image_units(Image(b"x" * 3 * IMAGE_UNIT_BYTES, "image/png")) == IMAGE_UNITS + 3
    assert [call_units(size) for size in (0, ARGUMENT_UNIT_BYTES)] == [1, 2]
