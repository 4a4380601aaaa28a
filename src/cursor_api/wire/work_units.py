"""How much work on a request is done in one step, before others have their turn."""

from __future__ import annotations

from typing import Final

from cursor_api.domain.content import Document, Image, LinkedImage

# Messages, parts and calls in one step, at about two microseconds each.
STEP_UNITS: Final = 500
# An image counts as ten, for its size may come after many segments, and as one more for every so
# many bytes of data.
IMAGE_UNITS: Final = 10
IMAGE_UNIT_BYTES: Final = 1_024
# The arguments of a call are decoded apart.
ARGUMENT_UNIT_BYTES: Final = 4_096


def image_units(image: Image | LinkedImage | Document) -> int:
    """The work that an image is, or a document."""
    size_bytes = 0 if isinstance(image, LinkedImage) else len(image.data)
    return IMAGE_UNITS + size_bytes // IMAGE_UNIT_BYTES


def call_units(arguments_bytes: int) -> int:
    """The work that a call is, with so many bytes of arguments."""
    return 1 + arguments_bytes // ARGUMENT_UNIT_BYTES


class Step:
    """Counts the work until it is enough for one step."""

    __slots__ = ("_units",)

    def __init__(self) -> None:
        self._units = 0

    def __repr__(self) -> str:
        return f"Step({self._units} of {STEP_UNITS})"

    def is_done(self, units: int) -> bool:
        """Whether others shall have their turn after so much more; the next step begins then."""
        self._units += units
        if self._units < STEP_UNITS:
            return False
        self._units = 0
        return True
