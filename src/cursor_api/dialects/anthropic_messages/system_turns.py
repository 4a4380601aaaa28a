"""System turns of a request that goes on as it came, for whoever takes none among the turns.

Claude Code reminds the model of something in the middle of a conversation in such a turn. As in
what is written anew (turns.py), it becomes text between `<system>` tags in the user's turn.

Rules of this file:
- It is said at the end of the user's turn beside it, for the results of calls come first in one.
- Everything else stays as it came, to the byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct

BEGIN: Final = Raw(b'{"type":"text","text":"<system>"}')
END: Final = Raw(b'{"type":"text","text":"</system>"}')

_SYSTEM: Final = "system"
_USER: Final = "user"


class _TurnIn(Struct):
    role: str
    content: Raw


class _TextOut(Struct, tag_field="type", tag="text"):
    text: str


class _UserTurn(Struct, tag_field="role", tag="user"):
    content: list[Raw]


_TURNS: Final = msgspec.json.Decoder(list[Raw])
_TURN: Final = msgspec.json.Decoder(_TurnIn)
_CONTENT: Final = msgspec.json.Decoder(str | list[Raw])
_encode: Final = msgspec.json.Encoder().encode


def place_system(messages: Raw) -> Sequence[Raw | _UserTurn]:
    """The turns, with the system's in the user's."""
    placed: list[Raw | _UserTurn] = []
    # What was told, as long as no turn of the user's has it.
    told: list[Raw] = []
    is_users = False
    for raw in _TURNS.decode(messages):
        turn = _TURN.decode(raw)
        if turn.role == _SYSTEM:
            told += (BEGIN, *_blocks(turn.content), END)
            if is_users:
                _tell(placed, told)
            continue
        if told and turn.role != _USER:
            placed.append(_UserTurn(told))
            told = []
        placed.append(raw)
        is_users = turn.role == _USER
        if told:
            _tell(placed, told)
    if told:
        placed.append(_UserTurn(told))
    return placed


def _tell(placed: list[Raw | _UserTurn], told: list[Raw]) -> None:
    """Say it at the end of the last turn, which is the user's."""
    last = placed[-1]
    if isinstance(last, Raw):
        last = placed[-1] = _UserTurn(_blocks(_TURN.decode(last).content))
    last.content += told
    told.clear()


def _blocks(content: Raw) -> list[Raw]:
    found = _CONTENT.decode(content)
    return [Raw(_encode(_TextOut(found)))] if isinstance(found, str) else found
