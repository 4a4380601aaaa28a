"""Ids of calls in the form that Anthropic's API takes, the same for a call and its result.

Clients bring ids from other models, with other characters in them, or none. One that is made up
follows from its place in the conversation alone: the next request begins with the same bytes, so
that the upstream's prompt cache knows them again.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Final

_VALID: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")


class ConversationCallIds:
    """The ids of one conversation, asked for in its order."""

    def __init__(self) -> None:
        self._made: dict[str, str] = {}
        self._count = 0
        # Calls that have no result yet, the oldest first.
        self._open: deque[str] = deque()

    def __repr__(self) -> str:
        return f"ConversationCallIds({self._count} made, {len(self._open)} open)"

    def begin(self, given: str) -> str:
        """The id of a call."""
        found = self._find(given)
        self._open.append(found)
        return found

    def answer(self, given: str) -> str:
        """The id of the call that this is the result of; without one, of the oldest open."""
        if not given and self._open:
            return self._open.popleft()
        found = self._find(given)
        if found in self._open:
            self._open.remove(found)
        return found

    def _find(self, given: str) -> str:
        if _VALID.fullmatch(given):
            return given
        found = self._made.get(given)
        if found is None:
            self._count += 1
            found = f"toolu_made_{self._count}"
            if given:
                self._made[given] = found
        return found
