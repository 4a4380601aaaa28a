"""Which requests are turns of one conversation, so that they stay with one credential.

What an upstream has cached of a prompt is cached for one account: the same turns through another
one are paid for in full.
"""

from __future__ import annotations

import hashlib
from typing import Final

from cursor_api.domain.chat import Incoming
from cursor_api.domain.content import Message, Role
from cursor_api.domain.features import Feature

# A name is remembered for each of many conversations, and may be as long as a request.
NAME_CHARS_MAX: Final = 256
# The beginning of a system text and of a first question tells conversations apart well enough.
HASHED_CHARS_MAX: Final = 4_096


def name_conversation(incoming: Incoming) -> str:
    """The same for all turns of a conversation; "" where turns need not stay together.

    The caller's own name for it comes first. Agents name none and send the same beginning again
    and again: theirs is known by it.
    """
    chat = incoming.chat
    named = incoming.conversation or chat.origin.conversation
    if named:
        return named if len(named) <= NAME_CHARS_MAX else _digest_of(named)
    features = chat.origin.features
    if not features or not any(one.feature is Feature.TOOLS for one in features):
        return ""
    digest = hashlib.blake2b(digest_size=16)
    for role in (Role.SYSTEM, Role.USER):
        digest.update(_beginning(chat.messages, role) + b"\0")
    return digest.hexdigest()


def _digest_of(name: str) -> str:
    return hashlib.blake2b(name.encode(errors="replace"), digest_size=16).hexdigest()


def _beginning(messages: tuple[Message, ...], role: Role) -> bytes:
    first = next((message for message in messages if message.role is role), None)
    text = first.text[:HASHED_CHARS_MAX] if first else ""
    return text.encode(errors="replace")
