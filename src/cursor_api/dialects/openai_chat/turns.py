"""The domain's messages as this dialect's.

Rules of this file:
- It is written so that the strictest server takes it, for many refuse what OpenAI takes. What is
  nothing but text is one string; content of several parts is for images, and for OpenAI.
- The results of calls come first, and are texts alone: an image of theirs follows as the user's.
- System messages before the first turn are one. A later one keeps its place: as it is where the
  server takes one there, else in the user's turn, between `<system>` tags.
- Cache marks stand where the model has a use for them, and nowhere else.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, TypeGuard

import msgspec
from msgspec import Raw

from cursor_api.dialects.openai_chat.call_ids import write_call_id
from cursor_api.dialects.openai_chat.families import Family
from cursor_api.dialects.openai_chat.tool_names import write_name
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
from cursor_api.domain.value import replace
from cursor_api.wire import cache_marks
from cursor_api.wire.free_text import write_free_text

Object = dict[str, object]
Shown = Text | Image | LinkedImage | Document

# A longer text stays in its pieces: to write it in one go holds everybody up.
TEXT_CHARS_MAX: Final = 1 << 20
# A piece of a long text has more: what follows it may go on in the middle of a word.
WHOLE_CHARS_MAX: Final = 1 << 14
# Between what was said in several messages.
GAP: Final = Text("\n\n")
# In place of thoughts that are owed and that nobody had; an empty text counts as none.
NO_THOUGHTS: Final = " "
# In place of the signature that a server wants with each round of calls: its own word for calls
# that came without. No other client API has a place for one.
UNSIGNED: Final[Object] = {
    "extra_content": {"google": {"thought_signature": "skip_thought_signature_validator"}}
}
# What a result says that is nothing but images, or documents.
IMAGES_FOLLOW: Final = "The image follows."
DOCUMENT_FOLLOWS: Final = "The document follows."
# OpenAI wants a name for each.
DOCUMENT_NAME: Final = "document.pdf"

_ARGUMENTS: Final = msgspec.json.Decoder(dict[str, Raw])

_encode = msgspec.json.Encoder().encode


def write_messages(messages: Sequence[Message], family: Family) -> Iterator[Object]:
    """A conversation as a server like this takes it."""
    if not family.is_openai:
        messages = _place_system(messages)
    for message in messages:
        yield from _write(message, family)


def write_cache_mark(mark: CacheMark | None, family: Family) -> Object:
    """The field of a cache mark; nothing for none, or where the model has no use for it."""
    return cache_marks.write_cache_mark(mark) if family.has_cache_marks else {}


def _place_system(messages: Sequence[Message]) -> list[Message]:
    """One system message at the most, in front; what the user says in a row is one message."""
    placed: list[tuple[Role, list[Part]]] = []
    for message in messages:
        role, parts = message.role, message.parts
        is_late = bool(placed) and placed[-1][0] is not role
        if role is Role.SYSTEM and is_late:
            role, parts = Role.USER, (Text("<system>\n"), *parts, Text("\n</system>"))
        if not placed or placed[-1][0] is not role or role is Role.ASSISTANT:
            placed.append((role, [*parts]))
            continue
        last = placed[-1][1]
        if last and isinstance(last[-1], Text):
            last.append(GAP)
        last += parts
    return [Message(role, tuple(parts)) for role, parts in placed]


def _write(message: Message, family: Family) -> Iterator[Object]:
    """What the domain has in one message: results of tools are messages of their own here."""
    content: list[Shown] = []
    calls: list[Object] = []
    thoughts: list[str] = []
    is_answering = False
    for part in message.parts:
        if type(part) is Text:
            content.append(part)
        elif isinstance(part, ToolResult):
            is_answering = True
            shown = [_shown(one, family) for one in part.parts]
            yield _result(part, shown, family)
            content += [one for one in shown if not isinstance(one, Text)]
        elif isinstance(part, ToolUse):
            calls.append(_call(part, family, is_first=not calls))
        elif isinstance(part, Thinking):
            # For a seal and what is under it this dialect has no place.
            thoughts += [] if part.is_redacted else [part.text]
        else:
            content.append(_shown(part, family))
    if is_answering and not content:
        return
    gap = "" if message.role is Role.ASSISTANT else "\n"
    found: Object = {"role": message.role.value, "content": _content(content, family, gap)}
    thought = "".join(thoughts) or (NO_THOUGHTS if calls and family.owes_thoughts else "")
    if thought and family.thoughts:
        found[family.thoughts] = thought
    if calls:
        found["tool_calls"] = calls
        found["content"] = found["content"] or None
    elif message.role is Role.ASSISTANT and not content and family.thoughts not in found:
        return
    yield found


def _content(parts: Sequence[Part], family: Family, gap: str = "\n") -> object:
    """One string, or parts where there is more than text to it; `gap` is between two texts."""
    if len(parts) == 1 and _is_plain(parts[0], family):
        # Most are.
        return parts[0].text
    joined = parts if family.is_openai else _join_texts(parts, family, gap)
    written = [_part(part, family) for part in joined]
    if not written:
        return ""
    if len(written) == 1 and written[0].keys() == {"type", "text"}:
        return written[0]["text"]
    return written


def _is_plain(part: Part, family: Family) -> TypeGuard[Text]:
    """Whether a text alone says all of it."""
    if type(part) is not Text or _is_refusal(part, family):
        return False
    return part.cache is None or not family.has_cache_marks


def _join_texts(parts: Iterable[Part], family: Family, gap: str) -> list[Part]:
    """Texts that follow each other are one; a mark, where it counts, ends one."""
    found: list[Part] = []
    texts: list[Text] = []
    char_count = 0
    for part in parts:
        if not isinstance(part, Text):
            found += [*_joined(texts, gap), part]
            texts, char_count = [], 0
            continue
        texts.append(part)
        char_count += len(part.text)
        if char_count > TEXT_CHARS_MAX or (part.cache is not None and family.has_cache_marks):
            found += _joined(texts, gap)
            texts, char_count = [], 0
    return found + _joined(texts, gap)


def _joined(texts: Sequence[Text], gap: str) -> list[Part]:
    if len(texts) < 2:  # noqa: PLR2004 - one is what it is
        return [*texts]
    pieces = [texts[0].text]
    for before, text in pairwise([one.text for one in texts]):
        is_spaced = before[-1:].isspace() or text[:1].isspace()
        pieces += [text] if is_spaced or len(before) > WHOLE_CHARS_MAX else [gap, text]
    return [replace(texts[-1], text="".join(pieces))]


def _call(part: ToolUse, family: Family, *, is_first: bool) -> Object:
    return {
        "id": write_call_id(part.id, family),
        "type": "function",
        "function": {"name": write_name(part.name), "arguments": _arguments(part.arguments)},
        # Of several calls of one answer the first one has it.
        **(UNSIGNED if is_first and family.owes_signature else {}),
        **write_cache_mark(part.cache, family),
    }


def _arguments(arguments: bytes) -> str:
    """An object as it was written. What is none (tools may take any text) is put into one."""
    text = arguments.decode()
    if not text.strip():
        return "{}"
    try:
        _ARGUMENTS.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return _encode(write_free_text(text)).decode()
    return text


def _shown(part: Shown, family: Family) -> Shown:
    """A document only where it can be one; it was said in an earlier turn, else it is refused."""
    if isinstance(part, Document) and (part.url or not family.is_openai):
        return Text(part.mention)
    return part


def _result(part: ToolResult, shown: Sequence[Shown], family: Family) -> Object:
    texts = [one for one in shown if isinstance(one, Text)]
    if not texts and shown:
        is_document = isinstance(shown[0], Document)
        texts = [Text(DOCUMENT_FOLLOWS if is_document else IMAGES_FOLLOW)]
    if part.is_error:
        # In words, as this dialect has no field for it.
        texts.insert(0, Text("Error: "))
    return {
        "role": "tool",
        "tool_call_id": write_call_id(part.call_id, family),
        "content": _content(texts, family),
        **write_cache_mark(part.cache, family),
    }


def _is_refusal(part: Text, family: Family) -> bool:
    """Whether it is told as one: elsewhere it is what the model said."""
    return part.is_refusal and family.is_openai


def _part(part: Part, family: Family) -> Object:
    if isinstance(part, Text):
        kind = "refusal" if _is_refusal(part, family) else "text"
        return {"type": kind, kind: part.text, **write_cache_mark(part.cache, family)}
    if isinstance(part, Document):
        data = f"data:{part.media_type};base64,{part.data}"
        file = {"filename": part.name or DOCUMENT_NAME, "file_data": data}
        return {"type": "file", "file": file, **write_cache_mark(part.cache, family)}
    if isinstance(part, LinkedImage):
        url = part.url
    else:
        assert isinstance(part, Image)  # noqa: S101 - all that is left
        url = f"data:{part.media_type};base64,{base64.b64encode(part.data).decode()}"
    # Not every server knows a detail.
    detail = {"detail": part.detail} if part.detail and family.is_openai else {}
    return {
        "type": "image_url",
        "image_url": {"url": url, **detail},
        **write_cache_mark(part.cache, family),
    }
