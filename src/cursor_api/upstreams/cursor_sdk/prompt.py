"""Messages as the one text of a Send; pure, in steps.

An agent has no system text and no past of its own, so that both come as text: what the system says
first, then what was said before, then what is asked.
"""

from __future__ import annotations

import base64
from collections.abc import Generator, Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from cursor_api.domain.chat import Choice, ToolChoice
from cursor_api.domain.content import (
    Document,
    Image,
    LinkedImage,
    Message,
    Part,
    Role,
    Text,
    ToolResult,
    ToolUse,
)
from cursor_api.wire.work_units import STEP_UNITS

# So many characters, of text or of an image, are written in a few milliseconds.
STEP_CHARS: Final = 1 << 20
_encode = msgspec.json.Encoder().encode

GO_ON: Final = "Go on from where the conversation above ends."
ANY_TOOL: Final = "You must call one of the tools that you are given, before you say anything."
ONE_TOOL: Final = "You must call the tool `{name}`, before you say anything."


class Prompt(Struct, frozen=True):
    """What a Send says."""

    text: str
    images: tuple[Image, ...] = ()


def write_prompt(
    messages: Sequence[Message], choice: ToolChoice | None = None
) -> Generator[None, None, Prompt]:
    """The whole conversation for an agent that knows nothing of it."""
    if len(messages) > STEP_UNITS:
        # A first step is taken at once, beside others'; what is large waits for its turn.
        yield
    draft = _Draft()
    for message in messages:
        if message.role is Role.SYSTEM:
            draft.add_paragraph()
            yield from draft.add_parts(message.parts)
    rest = [message for message in messages if message.role is not Role.SYSTEM]
    asked_at = len(rest)
    while (
        asked_at and rest[asked_at - 1].role is Role.USER and not _has_results(rest[asked_at - 1])
    ):
        asked_at -= 1
    if asked_at:
        draft.add_paragraph("<conversation>\n")
        for message in rest[:asked_at]:
            draft.pieces.append(f"<{message.role.value}>\n")
            yield from draft.add_parts(message.parts)
            draft.pieces.append(f"\n</{message.role.value}>\n")
        draft.pieces.append("</conversation>")
    for message in rest[asked_at:]:
        draft.add_paragraph()
        yield from draft.add_parts(message.parts)
    if asked_at == len(rest):
        draft.add_paragraph(GO_ON)
    return draft.close(choice)


def write_turn(
    messages: Sequence[Message], choice: ToolChoice | None = None
) -> Generator[None, None, Prompt]:
    """What is new, for an agent that was there before."""
    draft = _Draft()
    for message in messages:
        draft.add_paragraph()
        yield from draft.add_parts(message.parts)
    return draft.close(choice)


def encode_text(text: str) -> Generator[None, None, Raw]:
    """As JSON; raises UnicodeEncodeError for half a pair of surrogates."""
    if len(text) <= STEP_CHARS:
        return Raw(_encode(text))
    pieces = [b'"']
    for at in range(0, len(text), STEP_CHARS):
        # Without its quotes: what is between them is the same in one go.
        pieces.append(_encode(text[at : at + STEP_CHARS])[1:-1])
        yield
    pieces.append(b'"')
    return Raw(b"".join(pieces))


def encode_images(images: Iterable[Image]) -> Generator[None, None, list[dict[str, Any]]]:
    """As the bridge takes them, inline: a local agent refuses addresses."""
    encoded = []
    for image in images:
        data = {"data": base64.b64encode(image.data).decode(), "mimeType": image.media_type}
        one: dict[str, Any] = {"data": data}
        if image.width and image.height:
            one["dimension"] = {"width": image.width, "height": image.height}
        encoded.append(one)
        yield
    return encoded


class _Draft:
    """A text that grows, and images."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._images: list[Image] = []
        self._names: dict[str, str] = {}
        self._size = 0

    def add_paragraph(self, text: str = "") -> None:
        """After a blank line."""
        if self.pieces:
            self.pieces.append("\n\n")
        if text:
            self.pieces.append(text)

    def add_parts(self, parts: Iterable[Part]) -> Generator[None, None, None]:
        """Say what they say; thoughts stay with who thought them."""
        for part in parts:
            if isinstance(part, Text):
                self.pieces.append(part.text)
                self._size += len(part.text)
            elif isinstance(part, Image):
                self._images.append(part)
                self.pieces.append(f"[image {len(self._images)}]")
            elif isinstance(part, LinkedImage):
                # Fetched before it comes here, or refused; if neither, the model knows of it.
                self.pieces.append(f"[image at {part.url}]")
            elif isinstance(part, Document):
                # Of an earlier turn: in a question it is refused.
                self.pieces.append(part.mention)
            elif isinstance(part, ToolUse):
                self._names[part.id] = part.name
                arguments = part.arguments.decode(errors="replace")
                self.pieces.append(f'\n<tool_call name="{part.name}">\n{arguments}\n</tool_call>')
                self._size += len(arguments)
            elif isinstance(part, ToolResult):
                name = self._names.get(part.call_id, "")
                mark = ' failed="true"' if part.is_error else ""
                self.pieces.append(f'<tool_result name="{name}"{mark}>\n')
                yield from self.add_parts(part.parts)
                self.pieces.append("\n</tool_result>\n")
            if self._size >= STEP_CHARS:
                self._size = 0
                yield

    def close(self, choice: ToolChoice | None) -> Prompt:
        """All of it, with what is asked of tools at the end."""
        if choice is not None and choice.kind is Choice.ANY:
            self.add_paragraph(ANY_TOOL)
        elif choice is not None and choice.kind is Choice.NAMED:
            self.add_paragraph(ONE_TOOL.format(name=choice.name))
        return Prompt("".join(self.pieces), tuple(self._images))


def _has_results(message: Message) -> bool:
    return any(isinstance(part, ToolResult) for part in message.parts)
