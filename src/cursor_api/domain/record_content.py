"""What was said in a request: kept apart from its record, and only where the operator wants it.

Rules of this file:
- A text is bounded: what is longer is cut, and says so.
- What is kept has no secret in it; whoever makes a `RecordContent` sees to that.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple, Protocol

# Of one part, of all parts of a prompt, and of an answer; characters. A page of a book has 2,000.
PART_LENGTH_MAX: Final = 16_384
PROMPT_LENGTH_MAX: Final = 32_768
ANSWER_LENGTH_MAX: Final = 32_768


class SaidKind(enum.Enum):
    """What a part is. Of an image its kind and size are told, not the image."""

    TEXT = "text"
    THINKING = "thinking"
    REFUSAL = "refusal"
    IMAGE = "image"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"


class Said(NamedTuple):
    """One part of a conversation. `role` is who spoke: system, user or assistant."""

    role: str
    kind: SaidKind
    text: str


class RecordContent(NamedTuple):
    """The texts of the request with this id. `is_cut`: there was more.

    Of a prompt that is too long the last parts are kept, of an answer the first ones.
    """

    id: str
    prompt: tuple[Said, ...]
    answer: tuple[Said, ...]
    is_cut: bool = False


class Transcript(Protocol):
    """The texts of a request that has ended, as they were said. `length` is in characters."""

    @property
    def id(self) -> str:
        """Of the request."""
        ...

    @property
    def length(self) -> int:
        """How much there is of it."""
        ...

    def content(self) -> RecordContent:
        """What may be kept of it; takes milliseconds, so it is asked for beside the requests."""
        ...
