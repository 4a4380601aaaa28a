"""Items of an input as the domain's messages.

Rules of this file:
- What the model said in one turn is several items here and one message there; so are the results
  of calls that were made side by side.
- A request may have twenty thousand parts: the work on it stops after so many of them, for
  whoever drives it to let others have their turn.
- Items of unknown types are left out and named: a client replays whatever some other gateway gave
  it, and cannot take it out again. A part that nobody knows is left out of what was said before,
  and refused in a new question, which would be another one without it.
- Where in the request something stands is put into words only for somebody who got it wrong.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import Raw

from cursor_api.dialects.openai.documents import read_document
from cursor_api.dialects.openai.images import read_image
from cursor_api.dialects.openai_responses.namespaces import join_name
from cursor_api.dialects.openai_responses.schema import (
    ID_PREFIX,
    ITEM,
    PART,
    WHOSE,
    ImageUrlIn,
    ItemIn,
    PartIn,
)
from cursor_api.domain.content import (
    PDF,
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
from cursor_api.domain.errors import Fault, invalid_request, quote
from cursor_api.domain.features import Feature
from cursor_api.domain.kept import Reference
from cursor_api.domain.value import replace
from cursor_api.wire.json_decode import decode_checked
from cursor_api.wire.json_lenient import ITEMS, NOTHING, TEXT, find_value
from cursor_api.wire.json_texts import decode_arguments, decode_text
from cursor_api.wire.limits import RequestLimits
from cursor_api.wire.work_units import Step, call_units, image_units

_T = TypeVar("_T")

ROLES: Final = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
}
CALLS: Final = frozenset({"function_call", "custom_tool_call"})
# The number of an item that the model has answered to in any case.
PAST: Final = -1
RESULTS: Final = frozenset({"function_call_output", "custom_tool_call_output"})
TEXT_PARTS: Final = frozenset(
    {"input_text", "output_text", "text", "summary_text", "reasoning_text"}
)
FILE_PARTS: Final = frozenset({"input_file", "file"})
IMAGE_PARTS: Final = frozenset({"input_image", "image_url"})
# In front of what only the upstream can read; base64 has no colon.
REDACTED: Final = "redacted:"
# How OpenAI's own seals begin, in a conversation that began there. No upstream here can open one,
# and Anthropic's API refuses it as a signature.
FOREIGN: Final = "gAAAA"
# In front of a summary of ours in a compaction item; what others sealed has no colon.
SUMMARY: Final = "summary:"
SUMMARY_HEAD: Final = "This is a summary of the conversation so far:\n\n"
COMPACT: Final = (
    "Write a summary of this conversation, from which another model can go on without having seen"
    " it: what was asked, what was done and found out, what was decided and why, the files, names"
    " and texts that matter, and what remains to be done. Write the summary and nothing else."
)
# Places that an answer's header names.
IGNORED_MAX: Final = 20

_QUOTE: Final = ord('"')
_BRACKET: Final = ord("[")


class Conversion:
    """Reads items, and stops after every so many units of work.

    `ignored` are the places of what was left out, `places` those of the first image and the first
    document of each kind, by what they ask for. `references` are the items that are named by their
    ids: what was read has empty messages in their places. `is_compaction`: the input asks for a
    summary of itself.
    """

    __slots__ = (
        "_count",
        "_items",
        "_last_said",
        "_limits",
        "_step",
        "ignored",
        "is_compaction",
        "places",
        "references",
    )

    def __init__(self, items: Sequence[Raw], limits: RequestLimits) -> None:
        self._items = items
        self._limits = limits
        self._step = Step()
        # Of parts.
        self._count = 0
        # Where the model has had the word last, once somebody wants to know.
        self._last_said: int | None = None
        self.ignored: tuple[str, ...] = ()
        self.is_compaction = False
        self.places: dict[Feature, str] = {}
        self.references: dict[str, Reference] = {}

    def messages(self) -> Generator[None, None, list[Message]]:
        """What they say, in their order; raises Fault(INVALID_REQUEST)."""
        found: list[Message] = []
        is_joinable = False
        for index, raw in enumerate(self._items):
            place = f"input[{index}]"
            item = _decode(ITEM, raw, place, self._limits)
            kind = item.type or ("message" if item.role is not None else "")
            role, parts = yield from self._read(item, kind, place, index)
            if role is None:
                self._ignore(place)
                continue
            # A turn of the model's goes on, or further results follow.
            joins = role is Role.ASSISTANT or kind in RESULTS
            if joins and is_joinable and found[-1].role is role:
                found[-1] = Message(role, (*found[-1].parts, *parts))
            else:
                found.append(Message(role, tuple(parts)))
            is_joinable = joins
            if self._step.is_done(call_units(len(memoryview(raw)))):
                yield
        return found

    def _is_past(self, at: int) -> bool:
        """Whether the model has had the word since; asked only of what nobody knows."""
        if self._last_said is None:
            backwards = range(len(self._items) - 1, -1, -1)
            said = (index for index in backwards if _is_models(self._items[index]))
            self._last_said = next(said, PAST)
        return at < self._last_said or at == PAST

    def _read(
        self, item: ItemIn, kind: str, place: str, at: int
    ) -> Generator[None, None, tuple[Role | None, list[Part]]]:
        """Whose it is and what it says; no role for an item of an unknown type."""
        parts: list[Part] = []
        if kind == "message":
            role = ROLES.get(item.role or "")
            if role is None:
                raise _unknown_role(item.role, place)
            yield from self._add_content(item.content, f"{place}.content", parts, at)
            return role, parts
        if kind in CALLS:
            given = item.arguments if item.input is NOTHING else item.input
            arguments = yield from decode_arguments(given)
            name = join_name(item.namespace, item.name or "")
            return Role.ASSISTANT, [ToolUse(item.call_id or "", name, arguments)]
        if kind in RESULTS:
            if item.call_id is None:
                raise _missing(f"{place}.call_id")
            yield from self._add_content(item.output, f"{place}.output", parts, at)
            result = ToolResult(item.call_id, tuple(parts))  # type: ignore[arg-type]  # no other
            return Role.USER, [result]
        if kind == "reasoning":
            return Role.ASSISTANT, [*(yield from self._thinking(item, place))]
        return self._read_rest(item, kind, place)

    def _read_rest(self, item: ItemIn, kind: str, place: str) -> tuple[Role | None, list[Part]]:
        """What is no turn of anybody's."""
        seal = item.encrypted_content or ""
        if kind == "compaction_trigger":
            self.is_compaction = True
            return Role.USER, [Text(COMPACT)]
        if kind == "compaction" and seal.startswith(SUMMARY):
            return Role.USER, [Text(SUMMARY_HEAD + seal.removeprefix(SUMMARY))]
        if kind == "item_reference" or (not kind and item.id is not NOTHING):
            self._note_reference(item, place)
            return Role.ASSISTANT, []
        if not kind:
            raise _missing(f"{place}.type")
        return None, []

    def _note_reference(self, item: ItemIn, place: str) -> None:
        id_ = find_value(TEXT, item.id)
        if not id_:
            raise _missing(f"{place}.id")
        if id_ in self.references:
            raise invalid_request(
                f"'{place}' names an item that is named before it.",
                code="unsupported_value",
                param=place,
            )
        # Of ours: a word for what it is, the request's own id, and its place in the answer.
        answer_id = ID_PREFIX + id_.partition("_")[2].rpartition("_")[0]
        self.references[id_] = Reference(id_, answer_id, place)

    def _thinking(self, item: ItemIn, place: str) -> Generator[None, None, list[Thinking]]:
        """Nothing where neither words nor a seal are there."""
        seal = item.encrypted_content or ""
        if seal.startswith(REDACTED):
            return [Thinking(seal.removeprefix(REDACTED), is_redacted=True)]
        parts: list[Part] = []
        yield from self._add_content(item.summary, f"{place}.summary", parts, PAST)
        if not parts:
            yield from self._add_content(item.content, f"{place}.content", parts, PAST)
        text = "".join(part.text for part in parts if isinstance(part, Text))
        seal = "" if seal.startswith(FOREIGN) else seal
        return [Thinking(text, seal)] if text or seal else []

    def _add_content(
        self, raw: Raw, place: str, parts: list[Part], at: int
    ) -> Generator[None, None, None]:
        """A text or a list of parts; null says nothing. `at` is the number of the item."""
        first = memoryview(raw)[0]
        if first == _QUOTE:
            self._count_parts(1)
            parts += [Text(text) for text in (yield from decode_text(raw)) if text]
            return
        if first != _BRACKET:
            if raw is NOTHING or bytes(memoryview(raw)) == b"null":
                return
            raise invalid_request(
                f"Invalid type for '{place}': expected a string or an array.",
                code="invalid_type",
                param=place,
            )
        given = _decode(ITEMS, raw, place, self._limits)
        self._count_parts(len(given))
        for number, inner in enumerate(given):
            where = f"{place}[{number}]"
            part = _decode(PART, inner, where, self._limits)
            units = yield from self._add_part(part, where, parts)
            if not units and part.type in FILE_PARTS:
                units = self._add_file(part, where, parts, at)
            if not units and not self._is_past(at):
                raise _unknown_part(part, where)
            if not units:
                self._ignore(where)
            if self._step.is_done(units):
                yield

    def _add_part(self, part: PartIn, place: str, parts: list[Part]) -> Generator[None, None, int]:
        """What a part says, if it says anything; gives the units of work, 0 for an unknown type."""
        if part.type in TEXT_PARTS:
            if memoryview(part.text)[0] != _QUOTE:
                raise _missing(f"{place}.text")
            parts += [Text(text) for text in (yield from decode_text(part.text)) if text]
            return 1
        if part.type in IMAGE_PARTS:
            image = self._image(part, place)
            parts.append(image)
            return image_units(image)
        if part.type != "refusal":
            return 0
        if part.refusal is None:
            raise _missing(f"{place}.refusal")
        if part.refusal:
            parts.append(Text(part.refusal, is_refusal=True))
        return 1

    def _add_file(self, part: PartIn, place: str, parts: list[Part], at: int) -> int:
        """A document that is given inline or by its address; 0 for one that was uploaded."""
        name, url = part.filename or "", part.file_url or ""
        found = read_document(part.file_data or "", name)
        if url and not found:
            found = (Document(PDF, url=url, name=name),)
        parts += found
        if not found or not isinstance(found[0], Document):
            return len(found)
        if self._is_past(at):
            self.places.setdefault(Feature.EARLIER_DOCUMENTS, place)
        else:
            self.places.setdefault(Feature.DOCUMENTS, f"{place}.type")
            if found[0].url:
                self.places.setdefault(Feature.DOCUMENT_LINKS, f"{place}.file_url")
        return image_units(found[0])

    def _image(self, part: PartIn, place: str) -> Image | LinkedImage:
        url, path, detail = part.image_url, f"{place}.image_url", part.detail
        if isinstance(url, ImageUrlIn):
            detail = url.detail
            url, path = url.url, f"{path}.url"
        if url is None:
            raise _missing(path)
        image = read_image(url, path, self._limits.image_bytes_max)
        if detail is not NOTHING:
            image = replace(image, detail=find_value(TEXT, detail) or "")
        self.places.setdefault(Feature.IMAGES, place)
        if isinstance(image, LinkedImage):
            self.places.setdefault(Feature.IMAGE_LINKS, path)
        return image

    def _count_parts(self, count: int) -> None:
        self._count += count
        if self._count > self._limits.parts_max:
            raise invalid_request(
                f"'input' holds more than {self._limits.parts_max} content parts, the limit.",
                code="array_above_max_length",
                param="input",
            )

    def _ignore(self, place: str) -> None:
        if len(self.ignored) < IGNORED_MAX:
            self.ignored += (place,)


def _decode(decoder: msgspec.json.Decoder[_T], raw: Raw, place: str, limits: RequestLimits) -> _T:
    """A piece of the body; what is wrong with it is told with its place."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        pass
    try:
        return decode_checked(decoder, bytes(raw), limits.json)
    except Fault as fault:
        inner = fault.param
        path = f"{place}.{inner}" if inner and inner[0] != "[" else f"{place}{inner or ''}"
        message = fault.message
        message = (
            message.replace(f"'{inner}'", f"'{path}'")
            if inner
            else message.replace("request body", f"type for '{path}'")
        )
        raise invalid_request(message, code=fault.code or "invalid_type", param=path) from fault


def _is_models(raw: Raw) -> bool:
    """Whether an item is the model's own word, call or thought."""
    try:
        item = WHOSE.decode(raw)
    except msgspec.ValidationError:
        return False
    return item.role == "assistant" or item.type == "reasoning" or item.type in CALLS


def _missing(path: str) -> Fault:
    return invalid_request(
        f"Missing required parameter: '{path}'.", code="missing_required_parameter", param=path
    )


def _unknown_role(role: str | None, place: str) -> Fault:
    path = f"{place}.role"
    if role is None:
        return _missing(path)
    return invalid_request(
        f"Invalid value for '{path}': {quote(role)}. Supported values are {', '.join(ROLES)}.",
        code="invalid_value",
        param=path,
    )


def _unknown_part(part: PartIn, place: str) -> Fault:
    path = f"{place}.type"
    if not part.type:
        return _missing(path)
    if part.type in FILE_PARTS:
        return invalid_request(
            f"'{path}' is a file that cannot be read here: give it inline as 'file_data', by its"
            " web address as 'file_url', or its text as 'input_text'.",
            code="unsupported_value",
            param=path,
        )
    return invalid_request(
        f"Invalid value for '{path}': {quote(part.type)}. This gateway takes text (input_text,"
        " output_text, refusal), images (input_image) and documents (input_file).",
        code="unsupported_value",
        param=path,
    )
