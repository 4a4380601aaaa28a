"""A chat request, free of any client API's spelling and of any upstream's wire.

Named tuples, as several are made for each message of each request: a frozen dataclass takes three
times as long.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from cursor_api.domain.caller import Caller


class Role(enum.Enum):
    """Who speaks. A client's `developer` role is SYSTEM, its `function` role is TOOL."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class TextPart(NamedTuple):
    """A piece of text, exactly as the caller wrote it."""

    text: str


class ImagePart(NamedTuple):
    """An image given inline. `width` and `height` are pixels, 0 when the format hides them."""

    data: bytes
    media_type: str
    width: int = 0
    height: int = 0


Part = TextPart | ImagePart


class ToolCall(NamedTuple):
    """A call the assistant made in an earlier turn; `arguments` is the JSON text it wrote.

    Of a long one it is the beginning, and `more_arguments` are the rest.
    """

    id: str
    name: str
    arguments: str
    more_arguments: tuple[str, ...] = ()


class Message(NamedTuple):
    """One turn. `tool_call_id` is set on TOOL messages, `tool_calls` on ASSISTANT ones."""

    role: Role
    parts: tuple[Part, ...]
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None

    @property
    def only_text(self) -> str | None:
        """Its text where that is all it has, in one part."""
        parts = self.parts
        return parts[0].text if len(parts) == 1 and isinstance(parts[0], TextPart) else None

    @property
    def text(self) -> str:
        """All text parts joined; images are skipped."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


class ChatRequest(NamedTuple):
    """What a caller wants answered. `messages` is never empty."""

    model: str
    messages: tuple[Message, ...]
    is_stream: bool = False


class Incoming(NamedTuple):
    """A request with who asks and how it shall be served.

    `pinned_alias` names the only credential that may serve it; `conversation` ties it to others
    that shall stay with one credential. Both come from headers and may be absent.
    """

    id: str
    chat: ChatRequest
    caller: Caller
    pinned_alias: str | None = None
    conversation: str | None = None
