"""The items of an answer's output, as events while they grow and whole at the end.

Rules of this file:
- An item begins with `added` and ends with `done`, which repeats it whole: some clients look only
  at the one, some only at the other.
- A text is kept once, in pieces of JSON as they were sent: the four events at its end are made
  from them without encoding anything again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from cursor_api.dialects.openai_responses.items import REDACTED
from cursor_api.domain.deltas import Citation
from cursor_api.wire.sse_text import encode_line, escape_line_ends

# A piece of text has some six characters, and as an object of its own six times their size.
PIECES_MAX: Final = 256

_encode = msgspec.json.Encoder().encode


class Events:
    """Writes events; `number` is that of the next one."""

    __slots__ = ("number", "out")

    def __init__(self) -> None:
        self.number = 0
        self.out: list[bytes] = []

    def add(self, kind: bytes, fields: bytes) -> None:
        """One event; `fields` are those of a JSON object, on one line."""
        self.out.append(
            b'event: %b\ndata: {"type":"%b",%b,"sequence_number":%d}\n\n'
            % (kind, kind, fields, self.number)
        )
        self.number += 1

    def take(self) -> bytes:
        """What was written since the last time."""
        out, self.out = self.out, []
        return b"".join(out)


class GrowingText:
    """A JSON string that grows, without its quotes."""

    __slots__ = ("_joined", "_new")

    def __init__(self) -> None:
        self._joined: list[bytes] = []
        self._new: list[bytes] = []

    def add(self, encoded: bytes) -> None:
        """Take in a JSON string."""
        new = self._new
        new.append(encoded[1:-1])
        if len(new) > PIECES_MAX:
            self._joined.append(b"".join(new))
            new.clear()

    def encoded(self) -> bytes:
        """With its quotes."""
        return b'"%b"' % b"".join((*self._joined, *self._new))


class _Item:
    """One item: its id and its place, and what a growing text of it is called."""

    __slots__ = ("_delta_start", "_events", "_place", "_text", "id", "index")

    def __init__(self, events: Events, id_: bytes, index: int) -> None:
        self._events = events
        self.id = id_
        self.index = index
        self._place = b'"item_id":"%b","output_index":%d' % (id_, index)
        self._text = GrowingText()
        self._delta_start = b""

    def _begin_text(self, kind: bytes, fields: bytes) -> None:
        """What follows are deltas of this kind."""
        self._text = GrowingText()
        self._delta_start = b'event: %b\ndata: {"type":"%b",%b%b,"delta":' % (
            kind,
            kind,
            self._place,
            fields,
        )

    def add(self, text: str) -> None:
        """A piece of its text. The hot path: a constant, the escaped text, a number."""
        encoded = encode_line(text)
        events = self._events
        number = events.number
        events.out += (self._delta_start, encoded, b',"sequence_number":%d}\n\n' % number)
        events.number = number + 1
        self._text.add(encoded)

    def _added(self, item: bytes) -> None:
        self._events.add(
            b"response.output_item.added", b'"output_index":%d,"item":%b' % (self.index, item)
        )

    def _done(self, item: bytes) -> bytes:
        self._events.add(
            b"response.output_item.done", b'"output_index":%d,"item":%b' % (self.index, item)
        )
        return item


_TEXT: Final = b"output_text"
_REFUSAL: Final = b"refusal"


class MessageItem(_Item):
    """What the model says: texts and refusals, each a part of its own."""

    __slots__ = ("_annotations", "_kind", "_parts")

    def __init__(self, events: Events, id_: bytes, index: int) -> None:
        super().__init__(events, id_, index)
        self._parts: list[bytes] = []
        self._kind = b""
        self._annotations: list[bytes] = []
        self._added(self._item(b"in_progress"))

    @property
    def is_text(self) -> bool:
        """Whether a piece of text goes on with the part that is open."""
        return self._kind is _TEXT

    def open_text(self) -> None:
        """Say text from here on."""
        self._open(_TEXT)

    def open_refusal(self) -> None:
        """Refuse from here on."""
        self._open(_REFUSAL)

    def cite(self, citations: Iterable[Citation]) -> None:
        """Sources of the text."""
        for citation in citations:
            annotation = escape_line_ends(
                _encode(
                    {
                        "type": "url_citation",
                        "start_index": citation.start,
                        "end_index": citation.end,
                        "url": citation.url,
                        "title": citation.title,
                    }
                )
            )
            self._events.add(
                b"response.output_text.annotation.added",
                b'%b,"content_index":%d,"annotation_index":%d,"annotation":%b'
                % (self._place, len(self._parts), len(self._annotations), annotation),
            )
            self._annotations.append(annotation)

    def end(self, status: bytes) -> bytes:
        """The whole item."""
        self._close()
        return self._done(self._item(status))

    def _open(self, kind: bytes) -> None:
        if self._kind is kind:
            return
        self._close()
        self._kind = kind
        self._events.add(b"response.content_part.added", self._part_fields(self._part(b'""')))
        more = b',"content_index":%d' % len(self._parts)
        if kind is _TEXT:
            self._begin_text(b"response.output_text.delta", more + b',"logprobs":[]')
        else:
            self._begin_text(b"response.refusal.delta", more)

    def _close(self) -> None:
        if not self._kind:
            return
        text = self._text.encoded()
        where = b'%b,"content_index":%d' % (self._place, len(self._parts))
        if self._kind is _TEXT:
            self._events.add(
                b"response.output_text.done", b'%b,"logprobs":[],"text":%b' % (where, text)
            )
        else:
            self._events.add(b"response.refusal.done", b'%b,"refusal":%b' % (where, text))
        part = self._part(text)
        self._events.add(b"response.content_part.done", self._part_fields(part))
        self._parts.append(part)
        self._kind = b""
        self._annotations = []

    def _part(self, text: bytes) -> bytes:
        if self._kind is _REFUSAL:
            return b'{"type":"refusal","refusal":%b}' % text
        return b'{"type":"output_text","annotations":[%b],"logprobs":[],"text":%b}' % (
            b",".join(self._annotations),
            text,
        )

    def _part_fields(self, part: bytes) -> bytes:
        return b'%b,"content_index":%d,"part":%b' % (self._place, len(self._parts), part)

    def _item(self, status: bytes) -> bytes:
        return b'{"id":"%b","type":"message","status":"%b","role":"assistant","content":[%b]}' % (
            self.id,
            status,
            b",".join(self._parts),
        )


class ReasoningItem(_Item):
    """What the model thought, as a summary of one part."""

    __slots__ = ("_has_text",)

    def __init__(self, events: Events, id_: bytes, index: int) -> None:
        super().__init__(events, id_, index)
        self._has_text = False
        self._added(self._item(b"", b""))

    def open_text(self) -> None:
        """What follows is the text of the summary."""
        if self._has_text:
            return
        self._has_text = True
        self._events.add(b"response.reasoning_summary_part.added", self._part_fields(b'""'))
        self._begin_text(b"response.reasoning_summary_text.delta", b',"summary_index":0')

    def end(self, signature: str = "", redacted: str = "") -> bytes:
        """The whole item, with what seals it."""
        part = b""
        if self._has_text:
            text = self._text.encoded()
            self._events.add(
                b"response.reasoning_summary_text.done",
                b'%b,"summary_index":0,"text":%b' % (self._place, text),
            )
            self._events.add(b"response.reasoning_summary_part.done", self._part_fields(text))
            part = b'{"type":"summary_text","text":%b}' % text
        seal = f"{REDACTED}{redacted}" if redacted else signature
        sealed = b',"encrypted_content":%b' % encode_line(seal) if seal else b""
        return self._done(self._item(part, sealed))

    def _part_fields(self, text: bytes) -> bytes:
        return b'%b,"summary_index":0,"part":{"type":"summary_text","text":%b}' % (
            self._place,
            text,
        )

    def _item(self, part: bytes, sealed: bytes) -> bytes:
        return b'{"id":"%b","type":"reasoning","summary":[%b]%b}' % (self.id, part, sealed)


class Called(Struct, frozen=True):
    """What is called: a tool by its name in its namespace, "" for none.

    `is_custom`: it takes any text.
    """

    id: str
    name: str
    namespace: str
    is_custom: bool


class CallItem(_Item):
    """A call of a function, or of a tool that takes any text."""

    __slots__ = ("_call_id", "_is_custom", "_name", "_namespace")

    def __init__(self, events: Events, id_: bytes, index: int, called: Called) -> None:
        super().__init__(events, id_, index)
        self._call_id = encode_line(called.id)
        self._name = encode_line(called.name)
        space = called.namespace
        self._namespace = b',"namespace":%b' % encode_line(space) if space else b""
        self._is_custom = called.is_custom
        self._added(self._item(b"in_progress", b'""'))
        self._begin_text(
            b"response.custom_tool_call_input.delta"
            if called.is_custom
            else b"response.function_call_arguments.delta",
            b"",
        )

    def end(self, status: bytes) -> bytes:
        """The whole item."""
        text = self._text.encoded()
        if self._is_custom:
            self._events.add(
                b"response.custom_tool_call_input.done", b'%b,"input":%b' % (self._place, text)
            )
        else:
            self._events.add(
                b"response.function_call_arguments.done",
                b'%b,"name":%b,"arguments":%b' % (self._place, self._name, text),
            )
        return self._done(self._item(status, text))

    def _item(self, status: bytes, text: bytes) -> bytes:
        kind, field = (
            (b"custom_tool_call", b"input") if self._is_custom else (b"function_call", b"arguments")
        )
        return b'{"id":"%b","type":"%b","status":"%b","call_id":%b,"name":%b%b,"%b":%b}' % (
            self.id,
            kind,
            status,
            self._call_id,
            self._name,
            self._namespace,
            field,
            text,
        )


class CompactionItem(_Item):
    """A summary in place of a conversation. No client looks at it before it is whole."""

    __slots__ = ()

    def add_part(self, text: str) -> None:
        """A piece of the summary, which no event tells."""
        self._text.add(encode_line(text))

    def end(self) -> bytes:
        """The whole item."""
        item = b'{"id":"%b","type":"compaction","encrypted_content":%b}' % (
            self.id,
            self._text.encoded(),
        )
        self._added(item)
        return self._done(item)
