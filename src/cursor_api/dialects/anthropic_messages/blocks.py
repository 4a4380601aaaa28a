"""Content blocks to the domain's parts: text, images, documents, thinking, calls and results.

Rules of this file:
- A request may have twenty thousand blocks: the work on it stops after so many of them, for
  whoever drives it to let others have their turn.
- Where in the request something stands is put into words only for somebody who got it wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from typing import Final

import msgspec
from msgspec import Raw

from cursor_api.dialects.anthropic_messages.decode import decode_content
from cursor_api.dialects.anthropic_messages.schema import (
    BlockIn,
    Content,
    LongBlockIn,
    SourceIn,
)
from cursor_api.domain.content import (
    PDF,
    Document,
    Image,
    LinkedImage,
    Part,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from cursor_api.domain.errors import Fault, invalid_request, quote
from cursor_api.domain.features import Feature
from cursor_api.domain.value import replace
from cursor_api.wire.cache_marks import mark_last
from cursor_api.wire.images import LINK_CHARS_MAX, ImageError, decode_image, is_link
from cursor_api.wire.json_lenient import NOTHING, find_value
from cursor_api.wire.json_texts import decode_arguments
from cursor_api.wire.limits import RequestLimits
from cursor_api.wire.work_units import Step, call_units, image_units

# What there is in a result, and in a message. Of what Anthropic's servers do themselves
# (`server_tool_use` and its like) nothing is known here.
IN_RESULTS: Final = frozenset({"text", "image", "document", "search_result", "tool_reference"})
IN_MESSAGES: Final = IN_RESULTS | {"thinking", "redacted_thinking", "tool_use", "tool_result"}
IN_SYSTEM: Final = frozenset({"text"})
# Others, such as a file that was uploaded, mean something to upstreams of this dialect alone.
IMAGE_SOURCES: Final = frozenset({"base64", "url"})
# Places of blocks that an answer's header names.
IGNORED_MAX: Final = 20

# ("messages", 3, "content", 0) is messages.3.content.0.
Place = tuple[str | int, ...]

_SOURCE: Final = msgspec.json.Decoder(SourceIn)
_TEXT: Final = msgspec.json.Decoder(str)


class Blocks:
    """Turns blocks into parts, and stops after each `step`.

    `is_past` is whether the model has answered to them. `ignored` are the places of those that were
    left out, `places` those of the first block that asks for something that not every upstream has.
    """

    __slots__ = ("_block_count", "_limits", "ignored", "is_past", "places", "step")

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits
        self._block_count = 0
        self.step = Step()
        self.is_past = False
        self.ignored: tuple[str, ...] = ()
        self.places: dict[Feature, str] = {}

    def add(
        self, given: Sequence[BlockIn], known: Collection[str], place: Place, parts: list[Part]
    ) -> Generator[None, None, None]:
        """Add what blocks say to `parts`; raises Fault. `known` are the types there are here."""
        self._count(len(given), place)
        for number, block in enumerate(given):
            before = len(parts)
            units = 1
            if block.type not in known:
                self._pass_over((*place, number))
            elif type(block) is LongBlockIn:
                _add_long(block, parts)
            elif block.type == "text":
                if block.text is None:
                    raise missing((*place, number, "text"))
                if block.text:
                    parts.append(Text(block.text))
            else:
                units = yield from self._add_other(block, (*place, number), parts)
            if block.cache_control is not NOTHING and len(parts) > before:
                mark_last(parts, block.cache_control)
            if self.step.is_done(units):
                yield

    def _count(self, count: int, place: Place) -> None:
        self._block_count += count
        if self._block_count > self._limits.parts_max:
            raise invalid_request(
                f"The messages hold more than {self._limits.parts_max} content blocks.",
                code="array_above_max_length",
                param=show(place[:1]),
            )

    def _pass_over(self, place: Place) -> None:
        """Leave out a block of an unknown type, which only an upstream of this dialect gets.

        A question without it would be another one, so that it needs such an upstream. In what was
        said before it may come from another gateway, and no client takes it out again.
        """
        if not self.is_past:
            self.places.setdefault(Feature.OTHER_CONTENT, show(place))
        elif len(self.ignored) < IGNORED_MAX:
            self.ignored += (show(place),)

    def _add_other(
        self, block: BlockIn, place: Place, parts: list[Part]
    ) -> Generator[None, None, int]:
        """Whatever is no plain text; gives the units of work."""
        match block.type:
            case "image":
                return self._add_image(block.source, place, parts)
            case "tool_use":
                arguments = yield from decode_arguments(block.input)
                parts.append(ToolUse(block.id or "", block.name or "", arguments))
                return call_units(len(arguments))
            case "tool_result":
                inner: list[Part] = []
                yield from self._add_content(block.content, (*place, "content"), inner)
                found: tuple[Text | Image | LinkedImage | Document, ...] = tuple(inner)  # type: ignore[arg-type]  # no other
                is_error = bool(block.is_error)
                parts.append(ToolResult(block.tool_use_id or "", found, is_error))
            case "thinking":
                if block.thinking is None:
                    raise missing((*place, "thinking"))
                if block.thinking or block.signature:
                    parts.append(Thinking(block.thinking, block.signature or ""))
            case "redacted_thinking":
                if not block.data:
                    raise missing((*place, "data"))
                parts.append(Thinking(block.data, is_redacted=True))
            case "search_result" | "tool_reference":
                # A tool that was found is told by its name: upstream all are known from the start.
                source = find_value(_TEXT, block.source)
                _begin_source(parts, block.tool_name, block.title, source)
                yield from self._add_content(block.content, (*place, "content"), parts)
                _set_apart(parts)
            case _:
                yield from self._add_document(block, place, parts)
        return 1

    def _add_content(
        self, raw: Raw, place: Place, parts: list[Part]
    ) -> Generator[None, None, None]:
        try:
            content: Content | None = yield from decode_content(raw)
        except msgspec.ValidationError as error:
            raise invalid_request(
                "A string or a list of content blocks is expected.",
                code="invalid_type",
                param=show(place),
            ) from error
        if isinstance(content, str):
            parts += [Text(content)] if content else []
        elif content is not None:
            yield from self.add(content, IN_RESULTS, place, parts)

    def _add_document(
        self, block: BlockIn, place: Place, parts: list[Part]
    ) -> Generator[None, None, None]:
        """Plain text is text; what was uploaded only an upstream of this dialect can read."""
        source_place = (*place, "source")
        source = _get_source(block.source, source_place)
        if source.type == "text":
            _begin_source(parts, block.title)
            parts += [Text(source.data)] if source.data else []
            _set_apart(parts)
        elif source.type == "content":
            _begin_source(parts, block.title)
            yield from self._add_content(source.content, (*source_place, "content"), parts)
            _set_apart(parts)
        elif (found := _document(source)) is not None:
            document = replace(found, name=block.title or "")
            parts.append(document)
            self._note_document(document, place)
        else:
            self._pass_over(place)

    def _note_document(self, document: Document, place: Place) -> None:
        if self.is_past:
            self.places.setdefault(Feature.EARLIER_DOCUMENTS, show(place))
            return
        self.places.setdefault(Feature.DOCUMENTS, show(place))
        if document.url:
            self.places.setdefault(Feature.DOCUMENT_LINKS, show((*place, "source", "url")))

    def _add_image(self, raw: Raw, place: Place, parts: list[Part]) -> int:
        source_place = (*place, "source")
        source = _get_source(raw, source_place)
        if source.type not in IMAGE_SOURCES:
            self._pass_over(place)
            return 1
        image = self._image(source, source_place)
        parts.append(image)
        if Feature.IMAGES not in self.places:
            self.places[Feature.IMAGES] = show(place)
        if isinstance(image, LinkedImage):
            self.places.setdefault(Feature.IMAGE_LINKS, show(source_place))
        return image_units(image)

    def _image(self, source: SourceIn, place: Place) -> Image | LinkedImage:
        if source.type == "url":
            return _linked_image(source.url, (*place, "url"))
        if source.data is None:
            raise missing((*place, "data"))
        media_type = (source.media_type or "").strip().lower()
        if not media_type.startswith("image/"):
            raise invalid_request(
                f"An image has a media type such as image/png, not {quote(media_type)}.",
                code="invalid_value",
                param=show((*place, "media_type")),
            )
        try:
            return decode_image(media_type, source.data, self._limits.image_bytes_max)
        except ImageError as error:
            raise invalid_request(
                f"The image {error}.", code="invalid_image", param=show((*place, "data"))
            ) from error


def _document(source: SourceIn) -> Document | None:
    if source.type == "base64" and source.data:
        return Document(source.media_type or PDF, source.data)
    return Document(PDF, url=source.url) if source.type == "url" and source.url else None


def _linked_image(url: str | None, place: Place) -> LinkedImage:
    if url is None:
        raise missing(place)
    if len(url) > LINK_CHARS_MAX or not is_link(url):
        raise invalid_request(
            f"A web address of at most {LINK_CHARS_MAX} characters is expected.",
            code="invalid_image_url",
            param=show(place),
        )
    return LinkedImage(url)


def show(place: Place) -> str:
    """A place as Anthropic spells it."""
    return ".".join(map(str, place))


def missing(place: Place) -> Fault:
    """For a field that has to be there."""
    return invalid_request("Field required.", code="missing_required_parameter", param=show(place))


def _get_source(raw: Raw, place: Place) -> SourceIn:
    if raw is NOTHING:
        raise missing(place)
    source = find_value(_SOURCE, raw)
    if source is None:
        raise invalid_request(
            'An object such as {"type": "base64", "media_type": …, "data": …} is expected.',
            code="invalid_type",
            param=show(place),
        )
    return source


def _begin_source(parts: list[Part], *lines: str | None) -> None:
    _set_apart(parts)
    parts += [Text(f"{line}\n") for line in lines if line]


def _set_apart(parts: list[Part]) -> None:
    """A document's text has lines of its own, whatever is said before it and after."""
    if parts and isinstance(parts[-1], Text) and not parts[-1].text.endswith("\n"):
        parts.append(Text("\n"))


def _add_long(block: LongBlockIn, parts: list[Part]) -> None:
    if block.type == "text":
        parts += map(Text, block.pieces)
        return
    *others, last = block.pieces
    parts += map(Thinking, others)
    parts.append(Thinking(last, block.signature or ""))
