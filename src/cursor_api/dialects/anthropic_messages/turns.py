"""The domain's messages as Anthropic's turns.

Rules of this file:
- Turns alternate: what one side says in several messages is one turn.
- In a turn of the user's, the results of calls come first.
- System messages before the first turn are the system prompt. A later one keeps its place: as a
  system turn where the model takes one there, else in the user's turn, between `<system>` tags.
- A text that says nothing is left out: the API refuses it. So is thinking without the signature
  that proves where it comes from.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import Final, assert_never

import msgspec
from msgspec import Raw, Struct

from cursor_api.dialects.anthropic_messages.call_ids import ConversationCallIds
from cursor_api.domain.content import (
    CacheMark,
    Document,
    Image,
    LinkedImage,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.wire.cache_marks import write_cache_mark
from cursor_api.wire.free_text import write_free_text

Object = dict[str, object]

# Texts that follow each other are one text; so much of it is one block.
BLOCK_CHARS: Final = 1 << 16
# Messages in one step, at some ten microseconds each.
STEP_MESSAGES: Final = 200
# The first turn is the user's; a conversation that begins with the model's words has none.
NO_QUESTION: Final = "(no message)"

_INPUT: Final = msgspec.json.Decoder(dict[str, Raw])


class Turn(Struct, frozen=True):
    """What one side says. `results` are those of calls."""

    role: Role
    results: list[Object]
    blocks: list[Object]

    @property
    def content(self) -> list[Object]:
        """All of it, in the order in which it is sent."""
        return [*self.results, *self.blocks]


class Written(Struct, frozen=True):
    """A conversation as it is sent."""

    system: list[Object]
    turns: list[Turn]


def write_turns(
    messages: Sequence[Message], *, has_system_turns: bool
) -> Generator[None, None, Written]:
    """Write a conversation, in steps; there is at least one turn."""
    ids = ConversationCallIds()
    system: list[Object] = []
    turns: list[Turn] = []
    for number, message in enumerate(messages, 1):
        turn = _write(message, ids)
        if message.role is Role.SYSTEM and not turns:
            system += turn.blocks
        elif turn.blocks or turn.results:
            _join(turns, turn)
        if number % STEP_MESSAGES == 0:
            yield
    turns = _place_system(turns, has_system_turns=has_system_turns)
    if not turns:
        # Nothing but a system prompt: it is the question.
        question = system or [{"type": "text", "text": NO_QUESTION}]
        return Written([], [Turn(Role.USER, [], question)])
    if turns[0].role is not Role.USER:
        turns.insert(0, Turn(Role.USER, [], [{"type": "text", "text": NO_QUESTION}]))
    return Written(system, turns)


def _join(turns: list[Turn], turn: Turn) -> None:
    if turns and turns[-1].role is turn.role:
        turns[-1].results.extend(turn.results)
        turns[-1].blocks.extend(turn.blocks)
    else:
        turns.append(turn)


def _place_system(turns: list[Turn], *, has_system_turns: bool) -> list[Turn]:
    """System turns stay where the API takes them: behind the user's, before the model's."""
    placed: list[Turn] = []
    for number, turn in enumerate(turns):
        if turn.role is Role.SYSTEM:
            follows_user = bool(placed) and placed[-1].role is Role.USER
            is_last = number + 1 == len(turns)
            stays = follows_user and (is_last or turns[number + 1].role is Role.ASSISTANT)
            if not (has_system_turns and stays):
                told = [_text("<system>"), *turn.blocks, _text("</system>")]
                _join(placed, Turn(Role.USER, [], told))
                continue
        _join(placed, turn)
    return placed


def _write(message: Message, ids: ConversationCallIds) -> Turn:
    turn = Turn(message.role, [], [])
    texts = _Texts(turn.blocks)
    thoughts: list[str] = []
    for part in message.parts:
        if not isinstance(part, Thinking):
            thoughts.clear()
        if isinstance(part, Text):
            texts.add(part)
            continue
        texts.end(None)
        match part:
            case Image() | LinkedImage():
                turn.blocks.append(_image(part))
            case Document():
                turn.blocks.append(_document(part))
            case ToolUse():
                turn.blocks.append(_call(part, ids))
            case ToolResult():
                turn.results.append(_result(part, ids))
            case Thinking():
                _add_thinking(part, thoughts, turn.blocks)
            case _:
                assert_never(part)
    texts.end(None)
    return turn


class _Texts:
    """Joins texts that follow each other into blocks of a good size."""

    def __init__(self, blocks: list[Object]) -> None:
        self._blocks = blocks
        self._pieces: list[str] = []
        self._char_count = 0

    def add(self, part: Text) -> None:
        self._pieces.append(part.text)
        self._char_count += len(part.text)
        if part.cache is not None or self._char_count >= BLOCK_CHARS:
            self.end(part.cache)

    def end(self, mark: CacheMark | None) -> None:
        text = "".join(self._pieces)
        self._pieces.clear()
        self._char_count = 0
        if text and not text.isspace():
            self._blocks.append(_text(text, mark))
        elif mark is not None and self._blocks:
            self._blocks[-1] |= write_cache_mark(mark)


def _text(text: str, mark: CacheMark | None = None) -> Object:
    return {"type": "text", "text": text, **write_cache_mark(mark)}


def _image(part: Image | LinkedImage) -> Object:
    source: Object = (
        {"type": "url", "url": part.url}
        if isinstance(part, LinkedImage)
        else {
            "type": "base64",
            "media_type": part.media_type,
            # Bytes are written as base64.
            "data": part.data,
        }
    )
    return {"type": "image", "source": source, **write_cache_mark(part.cache)}


def _document(part: Document) -> Object:
    source: Object = (
        {"type": "url", "url": part.url}
        if part.url
        else {"type": "base64", "media_type": part.media_type, "data": part.data}
    )
    title = {"title": part.name} if part.name else {}
    return {"type": "document", "source": source, **title, **write_cache_mark(part.cache)}


def _call(part: ToolUse, ids: ConversationCallIds) -> Object:
    return {
        "type": "tool_use",
        "id": ids.begin(part.id),
        "name": part.name,
        "input": _input(part.arguments),
        **write_cache_mark(part.cache),
    }


def _input(arguments: bytes) -> object:
    """An object as it was written. What is none (tools may take any text) is put into one."""
    if not arguments.strip():
        return {}
    try:
        _INPUT.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return write_free_text(arguments.decode(errors="replace"))
    return Raw(arguments)


def _result(part: ToolResult, ids: ConversationCallIds) -> Object:
    found: Object = {"type": "tool_result", "tool_use_id": ids.answer(part.call_id)}
    content = _content(part.parts)
    if content:
        found["content"] = content
    if part.is_error:
        found["is_error"] = True
    return found | write_cache_mark(part.cache)


def _content(parts: Iterable[Part]) -> list[Object]:
    blocks: list[Object] = []
    texts = _Texts(blocks)
    for part in parts:
        if isinstance(part, Text):
            texts.add(part)
        elif isinstance(part, Image | LinkedImage):
            texts.end(None)
            blocks.append(_image(part))
        elif isinstance(part, Document):
            texts.end(None)
            blocks.append(_document(part))
    texts.end(None)
    return blocks


def _add_thinking(part: Thinking, thoughts: list[str], blocks: list[Object]) -> None:
    """A long thought comes in pieces, the last of which is signed."""
    if part.is_redacted:
        thoughts.clear()
        blocks.append({"type": "redacted_thinking", "data": part.text})
        return
    thoughts.append(part.text)
    if part.signature:
        text = "".join(thoughts)
        thoughts.clear()
        blocks.append({"type": "thinking", "thinking": text, "signature": part.signature})
