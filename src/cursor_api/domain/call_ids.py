"""Ids of tool calls that wait at one of several nodes: they say at which one, and until when; pure.

40 characters, the most that OpenAI takes: clients bring one conversation to several providers.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MINUTE_S: Final = 60
# Of 20 characters, 120 random bits.
RANDOM_BYTES: Final = 15
BEGINS: Final = "call_"
_FORM: Final = re.compile(r"call_([0-9a-f]{6})_([0-9a-f]{7})_[\w-]{20}", re.ASCII)
_IN_BODY: Final = re.compile(rb'"call_([0-9a-f]{6})_[0-9a-f]{7}_[\w-]{20}"')
_BODY_BEGINS: Final = b'"call_'
# Of other makers' ids so many are looked at.
LOOKED_AT_MAX: Final = 64


class NamedCall(NamedTuple):
    """`until` is unix seconds, of a whole minute."""

    node: str
    until: int

    def spell(self, random: str) -> str:
        """With something that nobody guesses."""
        return f"{BEGINS}{self.node}_{self.until // MINUTE_S:07x}_{random}"


def read_call_id(call_id: str) -> NamedCall | None:
    """What an id says; None for one of another form."""
    found = _FORM.fullmatch(call_id)
    return NamedCall(found[1], int(found[2], 16) * MINUTE_S) if found else None


def find_last_node(body: bytes) -> str | None:
    """The node of the last such id in a request's JSON: that which its conversation was with last.

    It is looked for from the end, where the latest results are; most bodies have none.
    """
    end = len(body)
    for _ in range(LOOKED_AT_MAX):
        at = body.rfind(_BODY_BEGINS, 0, end)
        if at < 0:
            return None
        found = _IN_BODY.match(body, at)
        if found:
            return found[1].decode()
        end = at
    return None
