r"""Thinking models on StreamChat: reasoning that arrives inside the text, between two tags.

The wire has no field for it. In the traces the first text frame is `<think>\n` and a later one is
`\n</think>\n\n`, each tag a whole frame. What is done here, and why:

- Only an answer that *begins* with `<think>` and a newline is taken for reasoning. A text that
  mentions the tag later, or goes on in the same line (`<think> is a tag`), stays text.
- How frames cut the tags does not matter: what may still become a tag is held back until it is
  decided. No more than ten characters wait, and none wait once the answer proper has begun.
- The reasoning ends at a line that begins with `</think>`; the newline before the tag and at most
  two after it belong to the tag. To miss the end would hide the whole answer, to find it early
  shows a piece of reasoning; so a line's beginning is enough, but a tag inside a line is not.
- Where the end tag never comes, everything was reasoning: it has been delivered as that already.
"""

from __future__ import annotations

import enum
from typing import Final

from cursor_api.domain.deltas import Delta, ReasoningDelta, TextDelta

START_TAG: Final = "<think>\n"
# The newline in front is what makes it the beginning of a line.
END_TAG: Final = "\n</think>"
NEWLINES_AFTER_MAX: Final = 2


class _State(enum.Enum):
    BEGINNING = "beginning"
    THINKING = "thinking"
    AFTER_TAG = "after the end tag"
    ANSWERING = "answering"


# In its class, Python 3.11 takes long to find a member.
_BEGINNING: Final = _State.BEGINNING
_THINKING: Final = _State.THINKING
_AFTER_TAG: Final = _State.AFTER_TAG
_ANSWERING: Final = _State.ANSWERING


class ThinkingSplitter:
    """Turns pieces of text, cut anywhere, into reasoning and text deltas.

    `is_answering` says that all that follows is text, so that feeding it here is needless.
    """

    __slots__ = ("_held", "_newlines_left", "_skip_count", "_state", "is_answering")

    def __init__(self) -> None:
        self._state = _BEGINNING
        self._held = ""
        # How many of the held characters are the start tag's own and not part of the reasoning.
        self._skip_count = 0
        self._newlines_left = NEWLINES_AFTER_MAX
        self.is_answering = False

    def __repr__(self) -> str:
        return f"<ThinkingSplitter {self._state.value}, holds {self._held!r}>"

    def feed(self, text: str) -> list[Delta]:
        """What is decided now that `text` has come; may be nothing."""
        deltas: list[Delta] = []
        if self._state is _BEGINNING:
            text = self._begin(text)
        if self._state is _THINKING:
            text = self._think(text, deltas)
        if self._state is _AFTER_TAG and text:
            text = self._skip_newlines(text)
        if text:
            deltas.append(TextDelta(text))
        return deltas

    def close(self) -> list[Delta]:
        """What was held back, now that nothing follows."""
        held, self._held = self._held, ""
        if self._state is _BEGINNING and held:
            return [TextDelta(held)]
        reasoning = held[self._skip_count :]
        return [ReasoningDelta(reasoning)] if reasoning else []

    def _begin(self, text: str) -> str:
        text, self._held = self._held + text, ""
        if text.startswith(START_TAG):
            self._state = _THINKING
            # The start tag's newline may be the one in front of the end tag: nothing was thought.
            self._held, self._skip_count = "\n", 1
            return text[len(START_TAG) :]
        if START_TAG.startswith(text):
            self._held = text
            return ""
        self._answer()
        return text

    def _think(self, text: str, deltas: list[Delta]) -> str:
        text = self._held + text
        end = text.find(END_TAG)
        if end < 0:
            # Only from the last newline on can the end tag still be on its way.
            newline = text.rfind("\n")
            end = newline if newline >= 0 and END_TAG.startswith(text[newline:]) else len(text)
            self._held, rest = text[end:], ""
        else:
            self._state = _AFTER_TAG
            self._held, rest = "", text[end + len(END_TAG) :]
        if reasoning := text[self._skip_count : end]:
            deltas.append(ReasoningDelta(reasoning))
        if end:
            self._skip_count = 0
        return rest

    def _skip_newlines(self, text: str) -> str:
        while text.startswith("\n") and self._newlines_left:
            text = text[1:]
            self._newlines_left -= 1
        if text:
            self._answer()
        return text

    def _answer(self) -> None:
        self._state = _ANSWERING
        self.is_answering = True
