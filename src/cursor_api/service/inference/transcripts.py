"""What is said in requests, taken down where the operator wants that.

Rules of this file:
- Where it is not wanted nothing is done for a request, and nothing for a delta.
- A little more than is kept is taken: a secret at the end of what is kept is recognised whole, and
  hidden, before the text is cut.
- A copy is bounded, so that a request of megabytes is let go as soon as it is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Self

from cursor_api.domain.chat import Incoming
from cursor_api.domain.content import (
    Document,
    Image,
    LinkedImage,
    Message,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.domain.deltas import (
    Delta,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallBegun,
)
from cursor_api.domain.record_content import (
    ANSWER_LENGTH_MAX,
    PART_LENGTH_MAX,
    PROMPT_LENGTH_MAX,
    RecordContent,
    Said,
    SaidKind,
    Transcript,
)
from cursor_api.ports.upstream import DeltaBatches

# No secret is longer.
MARGIN: Final = 4_096
TAKEN_MAX: Final = PART_LENGTH_MAX + MARGIN
# An answer of more parts than this is no text to be read.
PARTS_MAX: Final = 200
ASSISTANT: Final = "assistant"

_KINDS: Final = {
    TextDelta: SaidKind.TEXT,
    ReasoningDelta: SaidKind.THINKING,
    RefusalDelta: SaidKind.REFUSAL,
}


class Transcripts:
    """Takes down requests while `is_on`, which may change at any time.

    `keep` is given each that has ended; `mask` takes the secrets out of a text.
    """

    def __init__(self, keep: Callable[[Transcript], None], mask: Callable[[str], str]) -> None:
        self.is_on = False
        self._keep = keep
        self._mask = mask

    def begin(self, incoming: Incoming) -> Taking | None:
        """One for this request; None where none is wanted."""
        return Taking(incoming, self._keep, self._mask) if self.is_on else None


class Taking:
    """One request being taken down; implements `Transcript`."""

    __slots__ = ("_answer", "_batches", "_is_cut", "_keep", "_mask", "_prompt", "id")

    def __init__(
        self, incoming: Incoming, keep: Callable[[Transcript], None], mask: Callable[[str], str]
    ) -> None:
        self.id = incoming.id
        self._keep = keep
        self._mask = mask
        self._prompt, self._is_cut = _take_prompt(incoming.chat.messages)
        self._answer = _Answer()
        self._batches: DeltaBatches | None = None

    @property
    def length(self) -> int:
        """See Transcript."""
        return sum(len(one.text) for one in self._prompt) + self._answer.length

    def listen(self, first: Sequence[Delta], batches: DeltaBatches) -> DeltaBatches:
        """The same batches, which are heard as they pass; `first` has passed."""
        self._answer.add(first)
        self._batches = batches
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Sequence[Delta]:
        if self._batches is None:
            raise RuntimeError("there is nothing to listen to yet")
        batch = await self._batches.__anext__()
        self._answer.add(batch)
        return batch

    def end(self) -> None:
        """The request has ended: what there is of it is kept."""
        self._batches = None
        self._keep(self)

    def content(self) -> RecordContent:
        """See Transcript."""
        answer = self._answer
        prompt, prompt_is_cut = self._fit(self._prompt[::-1], PROMPT_LENGTH_MAX)
        said, answer_is_cut = self._fit(answer.said(), ANSWER_LENGTH_MAX)
        is_cut = self._is_cut or answer.is_cut or prompt_is_cut or answer_is_cut
        return RecordContent(self.id, prompt[::-1], said, is_cut)

    def _fit(self, parts: Sequence[Said], length_max: int) -> tuple[tuple[Said, ...], bool]:
        """The first of them that there is room for, without secrets; whether there was more."""
        kept: list[Said] = []
        left, is_cut = length_max, False
        for one in parts:
            if left <= 0:
                return tuple(kept), True
            text = self._mask(one.text)
            if len(one.text) >= TAKEN_MAX:
                # At its end there may be half a secret, which nobody can tell from a word.
                text = text[:-MARGIN]
            room = min(PART_LENGTH_MAX, left)
            if len(text) > room or len(one.text) >= TAKEN_MAX:
                text, is_cut = text[: room - 1] + "…", True
            left -= len(text)
            kept.append(one._replace(text=text))
        return tuple(kept), is_cut


class _Part:
    """What is said without a break."""

    __slots__ = ("kind", "length", "pieces")

    def __init__(self, kind: SaidKind) -> None:
        self.kind = kind
        self.pieces: list[str] = []
        self.length = 0

    def append(self, text: str) -> int:
        """As much of it as is taken; gives how much that is."""
        text = text[: TAKEN_MAX - self.length]
        if text:
            self.pieces.append(text)
            self.length += len(text)
        return len(text)


class _Answer:
    """An answer in the making: pieces that belong together are one part."""

    __slots__ = ("_calls", "_parts", "is_cut", "length")

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._calls: dict[int, _Part] = {}
        self.length = 0
        self.is_cut = False

    def add(self, batch: Sequence[Delta]) -> None:
        """What was said next."""
        for delta in batch:
            if isinstance(delta, ToolCallBegun):
                self._calls[delta.call] = part = self._begin(SaidKind.TOOL_CALL)
                self.length += part.append(f"{delta.name} ")
            elif isinstance(delta, ToolArgumentsDelta):
                if delta.call in self._calls:
                    self.length += self._calls[delta.call].append(delta.text)
            elif isinstance(delta, TextDelta | ReasoningDelta | RefusalDelta):
                kind = _KINDS[type(delta)]
                part = self._parts[-1] if self._parts else self._begin(kind)
                if part.kind is not kind:
                    part = self._begin(kind)
                self.length += part.append(delta.text)

    def said(self) -> list[Said]:
        """Its parts, in their order."""
        return [Said(ASSISTANT, one.kind, "".join(one.pieces)) for one in self._parts]

    def _begin(self, kind: SaidKind) -> _Part:
        part = _Part(kind)
        if self.length < ANSWER_LENGTH_MAX and len(self._parts) < PARTS_MAX:
            self._parts.append(part)
        else:
            # Of this one nothing is taken.
            part.length, self.is_cut = TAKEN_MAX, True
        return part


def _take_prompt(messages: Sequence[Message]) -> tuple[Sequence[Said], bool]:
    """The last parts, as far as there is room; whether there were more."""
    taken: list[Said] = []
    left, is_cut = PROMPT_LENGTH_MAX, False
    for said, has_more in _backwards(messages):
        if left <= 0 or len(taken) == PARTS_MAX:
            is_cut = True
            break
        taken.append(said)
        is_cut |= has_more
        left -= min(len(said.text), PART_LENGTH_MAX)
    return taken[::-1], is_cut


def _backwards(messages: Sequence[Message]) -> Iterator[tuple[Said, bool]]:
    """Each part, the last one first; whether it is longer than what is taken of it."""
    for message in reversed(messages):
        pieces: list[Text] = []
        for part in reversed(message.parts):
            # Texts that follow each other are one.
            if isinstance(part, Text):
                pieces.append(part)
                continue
            if pieces:
                yield _said(message, SaidKind.TEXT, pieces[::-1])
                pieces = []
            yield _describe(message, part)
        if pieces:
            yield _said(message, SaidKind.TEXT, pieces[::-1])


def _describe(
    message: Message, part: Thinking | Image | LinkedImage | Document | ToolUse | ToolResult
) -> tuple[Said, bool]:
    match part:
        case Thinking():
            # What is sealed only its upstream can read.
            text = "" if part.is_redacted else part.text
            return _said(message, SaidKind.THINKING, [Text(text)])
        case Image() | LinkedImage():
            return _said(message, SaidKind.IMAGE, [Text(_name_image(part))])
        case Document():
            return _said(message, SaidKind.TEXT, [Text(part.mention)])
        case ToolUse():
            arguments = part.arguments[: TAKEN_MAX * 4].decode("utf-8", "replace")
            return _said(message, SaidKind.TOOL_CALL, [Text(f"{part.name} {arguments}")])
        case ToolResult():
            inner = [one if isinstance(one, Text) else Text(_mention(one)) for one in part.parts]
            return _said(message, SaidKind.TOOL_RESULT, inner)


def _said(message: Message, kind: SaidKind, pieces: Sequence[Text]) -> tuple[Said, bool]:
    text, left = [], TAKEN_MAX
    for piece in pieces:
        text.append(piece.text[:left])
        left -= len(text[-1])
    is_longer = sum(len(piece.text) for piece in pieces) > TAKEN_MAX
    return Said(message.role.value, kind, "".join(text)), is_longer


def _mention(part: Image | LinkedImage | Document) -> str:
    return part.mention if isinstance(part, Document) else f"[{_name_image(part)}]"


def _name_image(image: Image | LinkedImage) -> str:
    if isinstance(image, LinkedImage):
        return image.url[:TAKEN_MAX]
    return f"{image.media_type}, {len(image.data)} bytes"
