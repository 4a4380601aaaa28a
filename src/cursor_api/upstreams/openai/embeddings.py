"""Vectors of texts, asked of an OpenAI-compatible endpoint: a body there and a body back."""

from __future__ import annotations

import struct
from collections.abc import Generator, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, Protocol

import msgspec
from msgspec import Meta, Raw, Struct

from cursor_api.domain.catalog import Route
from cursor_api.domain.chat import ChatRequest, Native
from cursor_api.domain.credential import Secret
from cursor_api.domain.deltas import (
    Delta,
    Finished,
    FinishReason,
    NativeBatch,
    Usage,
    UsageSource,
)
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.said import tell
from cursor_api.transport.answer import ERROR_BODY_BYTES_MAX, HttpAnswer
from cursor_api.transport.deltas import DeltaAnswer
from cursor_api.transport.refusals import FaultContext, read_error_json
from cursor_api.upstreams.openai.faults import fault_of_error, read_error
from cursor_api.wire.json_bounds import SLICE_BYTES

EMBEDDINGS_PATH: Final = "/embeddings"
# OpenAI takes 300,000 tokens at once. As 2048 vectors of 1536 numbers in digits that is 70 MB, and
# clients ask for a quarter of it (base64).
ANSWER_BYTES_MAX: Final = 96 << 20


class _UsageOut(Struct):
    prompt_tokens: Annotated[int, Meta(ge=0)] = 0


class _VectorsOut(Struct):
    data: Annotated[list[Raw], Meta(min_length=1)]
    usage: _UsageOut | None = None


class _Asked(Struct):
    encoding_format: Any = None


# Vectors in one step, at a tenth of a millisecond each.
STEP_VECTORS: Final = 32

_ANSWER: Final = msgspec.json.Decoder(_VectorsOut)
_ASKED: Final = msgspec.json.Decoder(_Asked)
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
_VECTOR: Final = msgspec.json.Decoder(list[float])

_encode = msgspec.json.Encoder().encode


def encode_vectors_request(native: Native, model: str) -> Generator[None, None, bytes]:
    """The request as it came, for this model of the endpoint's; in steps."""
    fields = _FIELDS.decode(native.body)
    if len(native.body) > SLICE_BYTES:
        yield
    return msgspec.json.encode({**fields, "model": model})


def wants_packed(native: Native) -> bool:
    """Whether vectors are asked for as base64."""
    return b'"base64"' in native.body and _ASKED.decode(native.body).encoding_format == "base64"


def pack_vectors(body: bytes) -> Generator[None, None, bytes]:
    """The answer with each vector as base64 of little-endian float32; in steps.

    Some servers give numbers whatever is asked for, and clients read them as if they were base64:
    a quarter of the vector, and nobody is told.
    """
    given = _ANSWER.decode(body).data
    yield
    packed = []
    for number, item in enumerate(given, 1):
        packed.append(_pack(item))
        if number % STEP_VECTORS == 0:
            yield
    if all(one is another for one, another in zip(given, packed, strict=True)):
        return body
    return _encode({**_FIELDS.decode(body), "data": packed})


def _pack(item: Raw) -> Raw:
    """Whatever is no list of numbers stays as it is."""
    try:
        fields = _FIELDS.decode(item)
        vector = _VECTOR.decode(fields["embedding"])
        packed = struct.pack(f"<{len(vector)}f", *vector)
    except (msgspec.MsgspecError, KeyError, OverflowError):
        return item
    return Raw(_encode({**fields, "embedding": packed}))


class VectorsApi(Protocol):
    """What asks, and tells what a refusal means."""

    async def ask_vectors(self, request: ChatRequest, model: str, secret: Secret) -> HttpAnswer:
        """The HTTP request, not yet sent. Raises Fault."""
        ...

    async def pack(self, body: bytes) -> bytes:
        """An answer with its vectors as base64."""
        ...

    async def refuse(self, answer: HttpAnswer, secret: Secret) -> Fault:
        """The fault of an answer with any status but 200."""
        ...

    def context(self, secret: Secret) -> FaultContext:
        """What telling a fault of this credential needs."""
        ...


class VectorsAnswer(DeltaAnswer):
    """One answer, in one batch."""

    __slots__ = ("_api", "_is_packed", "_is_read", "_request", "_route", "_secret")

    def __init__(self, api: VectorsApi, request: ChatRequest, route: Route, secret: Secret) -> None:
        super().__init__()
        self._api = api
        self._request = request
        self._route = route
        self._secret = secret
        self._is_read = False

    async def _prepare(self) -> HttpAnswer:
        http = await self._api.ask_vectors(self._request, self._route.model, self._secret)
        native = self._request.origin.native
        self._is_packed = native is not None and wants_packed(native)
        del self._request
        return http

    async def _accept(self) -> None:
        if self._http.status != HTTPStatus.OK:
            raise await self._api.refuse(self._http, self._secret)

    async def __anext__(self) -> Sequence[Delta]:
        if self._is_read:
            raise StopAsyncIteration
        self._is_read = True
        batch = await read_vectors(self._http, self._api.context(self._secret))
        if self._is_packed:
            batch = NativeBatch(batch, await self._api.pack(batch.body))
        self._watch(batch)
        return batch


async def read_vectors(answer: HttpAnswer, context: FaultContext) -> NativeBatch:
    """The whole answer as one batch; raises Fault for what is none."""
    body = await answer.read_whole(ANSWER_BYTES_MAX)
    if body is None:
        raise Fault(FaultKind.PROTOCOL_ERROR, f"{context.name} gave more than can be read.")
    try:
        counted = _ANSWER.decode(body).usage
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise _fault_of_body(body, context) from None
    usage = counted and Usage(counted.prompt_tokens, 0, UsageSource.UPSTREAM)
    return NativeBatch([Finished(FinishReason.STOP, usage or None, is_stated=True)], body)


def _fault_of_body(body: bytes, context: FaultContext) -> Fault:
    """Of a status 200 without vectors: an error in its body, a model that has none, or rubbish."""
    content = read_error_json(body) if len(body) < ERROR_BODY_BYTES_MAX else None
    if content is None:
        return Fault(FaultKind.PROTOCOL_ERROR, f"{context.name} gave no embeddings.")
    if read_error(body) is not None:
        return fault_of_error(body, context)
    return has_no_vectors(context.name, "http_200")


def has_no_vectors(name: str, code: str | None) -> Fault:
    """Who asks there for embeddings does no harm to the chats of others."""
    said = tell("{name} gives no embeddings.", name=name)
    return Fault(FaultKind.INVALID_REQUEST, said, param="model", upstream_code=code)
