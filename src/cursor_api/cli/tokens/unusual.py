"""Texts that are taken for tokens and look like none: worth a question, and no more.

Tokens are opaque, and another form of them may come any day: nothing is refused here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.telling import in_words
from cursor_api.domain.credential import find_unusual
from cursor_api.installed import FORMS

# A mistake is in a line or two; where it is in all of them, these are enough to see it.
NAMED_MAX: Final = 5


def describe_unusual(lines: Iterable[tuple[int, str]]) -> str | None:
    """`line 3 is not an API key (…), and not a session token (…)`; None where nothing is odd.

    `lines` are numbers and secrets, which are not shown.
    """
    found = {line: words for line, secret in lines if (words := find_unusual(secret, FORMS))}
    if not found:
        return None
    numbers = [str(line) for line in list(found)[:NAMED_MAX]]
    what = say(", and not ").join(map(in_words, next(iter(found.values()))))
    if len(found) == 1:
        return say("line {line} is not {what}", line=numbers[0], what=what)
    listed = ", ".join(numbers)
    if len(found) > NAMED_MAX:
        listed = say("{names} and {count} more", names=listed, count=len(found) - NAMED_MAX)
    return say("lines {lines} are not {what}", lines=listed, what=what)
