"""Ids of calls in the form that a server takes, the same for a call and its result.

A conversation may have begun with another model: OpenAI takes no id of more than 40 characters,
and Mistral's servers none but of their own form. Such an id becomes another one that follows from
it, so that the next request begins with the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from cursor_api.dialects.openai_chat.families import Family

CALL_ID_CHARS_MAX: Final = 40
_SHORT_CHARS: Final = 9
_SHORT: Final = re.compile(r"[a-zA-Z0-9]{9}")
_DIGEST_CHARS: Final = 32


def write_call_id(given: str, family: Family) -> str:
    """The id as it was given, or one in its place."""
    if family.has_short_call_ids:
        return given if _SHORT.fullmatch(given) else _digest(given)[:_SHORT_CHARS]
    if len(given) <= CALL_ID_CHARS_MAX:
        return given
    return f"call_{_digest(given)[:_DIGEST_CHARS]}"


def _digest(given: str) -> str:
    return hashlib.sha256(given.encode()).hexdigest()
