"""A client API that asks with a model and one text, and is answered with plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Mapping, Sequence

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from cursor_api.domain.catalog import Model
from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.deltas import Delta, Finished, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.standing import Standing
from cursor_api.ports.dialect import AnswerHead, DialectDescription, ParsedRequest, RenderedFault
from cursor_api.wire.limits import RequestLimits


class Question(Struct, forbid_unknown_fields=True):
    """A request."""

    model: str
    ask: str
    stream: bool = False


class ToyModel(Struct):
    """A model in a list."""

    name: str


class ToyModels(Struct):
    """A list of models."""

    names: list[ToyModel]


ANSWER: Mapping[str, object] = {"type": "object", "required": ["said"]}
_decode = Decoder(Question).decode


class Words:
    """Streamed, an event per batch; or all of it as one object."""

    def __init__(self) -> None:
        self.is_finished = False
        self._said: list[str] = []

    def render(self, deltas: Sequence[Delta]) -> bytes:
        """One event."""
        before = len(self._said)
        self.feed(deltas)
        text = "".join(self._said[before:])
        return _event("word", text) if text else b""

    def finish(self) -> bytes:
        """The last event."""
        self._require_end()
        return _event("end", "")

    def fault(self, fault: Fault, *, is_passthrough: bool = False) -> bytes:
        """The event that says what went wrong."""
        del is_passthrough
        return _event("wrong", fault.kind.value)

    def feed(self, deltas: Sequence[Delta]) -> None:
        """Take in a batch."""
        if self.is_finished:
            raise Fault(FaultKind.PROTOCOL_ERROR, "Something follows the answer's end.")
        self._said += [delta.text for delta in deltas if isinstance(delta, TextDelta)]
        self.is_finished = any(isinstance(delta, Finished) for delta in deltas)

    def body(self) -> bytes:
        """The whole."""
        self._require_end()
        return json.dumps({"said": "".join(self._said)}).encode()

    def _require_end(self) -> None:
        if not self.is_finished:
            raise Fault(FaultKind.INCOMPLETE, "The answer has no end.")


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()


class ToyDialect:
    """Implements `ports.Dialect`."""

    name = "toy"
    paths = ("/toy/ask",)
    description = DialectDescription(
        summary="The toy's questions",
        request=Question,
        answers={"application/json": ANSWER, "text/event-stream": {"type": "string"}},
        model=ToyModel,
        models=ToyModels,
    )
    passed_headers: Mapping[bytes, re.Pattern[bytes]] = {}
    ping = b"event: still here\n\n"

    def parse(self, body: bytes, limits: RequestLimits) -> Generator[None, None, ParsedRequest]:
        """A model and one text."""
        del limits
        yield
        try:
            asked = _decode(body)
        except DecodeError as error:
            raise Fault(FaultKind.INVALID_REQUEST, f"This is no question: {error}.") from error
        message = Message(Role.USER, (Text(asked.ask),))
        return ParsedRequest(ChatRequest(asked.model, (message,), is_stream=asked.stream))

    def renderer(self, parsed: ParsedRequest, head: AnswerHead) -> Words:
        """Events."""
        del parsed, head
        return Words()

    def folder(self, parsed: ParsedRequest, head: AnswerHead) -> Words:
        """One object."""
        del parsed, head
        return Words()

    def fault(self, fault: Fault, *, is_passthrough: bool = False) -> RenderedFault:
        """In one word, with a status of its own."""
        del is_passthrough
        body = json.dumps({"wrong": fault.kind.value}).encode()
        return RenderedFault(420, (("content-type", "application/json"),), body)

    def models(self, models: Sequence[Model]) -> bytes:
        """Their names."""
        return json.dumps({"names": [{"name": model.id} for model in models]}).encode()

    def model(self, model: Model) -> bytes:
        """Its name."""
        return json.dumps({"name": model.id}).encode()

    def limit_headers(self, standing: Standing) -> Iterable[tuple[bytes, bytes]]:
        """None: its clients look for none."""
        del standing
        return ()
