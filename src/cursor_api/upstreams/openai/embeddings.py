"""Vectors of texts, asked of an OpenAI-compatible endpoint: a body there and a body back."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from http import HTTPStatus
from typing import Annotated, Final, Protocol

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
from cursor_api.transport.answer import HttpAnswer
from cursor_api.transport.deltas import DeltaAnswer
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


_ANSWER: Final = msgspec.json.Decoder(_VectorsOut)
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])


def encode_vectors_request(native: Native, model: str) -> Generator[None, None, bytes]:
    """The request as it came, for this model of the endpoint's; in steps."""
    fields = _FIELDS.decode(native.body)
    if len(native.body) > SLICE_BYTES:
        yield
    return msgspec.json.encode({**fields, "model": model})


class VectorsApi(Protocol):
    """What asks, and tells what a refusal means."""

    async def ask_vectors(self, request: ChatRequest, model: str, secret: Secret) -> HttpAnswer:
        """The HTTP request, not yet sent. Raises Fault."""
        ...

    async def refuse(self, answer: HttpAnswer, secret: Secret) -> Fault:
        """The fault of an answer with any status but 200."""
        ...


class VectorsAnswer(DeltaAnswer):
    """One answer, in one batch."""

    __slots__ = ("_api", "_is_read", "_owner", "_request", "_route", "_secret")

    def __init__(self, api: VectorsApi, request: ChatRequest, route: Route, secret: Secret) -> None:
        super().__init__()
        self._api = api
        self._request = request
        self._route = route
        self._secret = secret
        self._is_read = False

    async def _prepare(self) -> HttpAnswer:
        http = await self._api.ask_vectors(self._request, self._route.model, self._secret)
        del self._request
        return http

    async def _accept(self) -> None:
        if self._http.status != HTTPStatus.OK:
            raise await self._api.refuse(self._http, self._secret)

    async def __anext__(self) -> Sequence[Delta]:
        if self._is_read:
            raise StopAsyncIteration
        self._is_read = True
        deltas = await read_vectors(self._http, self._route.endpoint)
        self._watch(deltas)
        return deltas


async def read_vectors(answer: HttpAnswer, owner: str) -> Sequence[Delta]:
    """The whole answer as one batch; raises Fault for what is none."""
    pieces, size = [], 0
    while data := await answer.read():
        pieces.append(data)
        size += len(data)
        if size > ANSWER_BYTES_MAX:
            raise Fault(FaultKind.PROTOCOL_ERROR, f"{owner} gave more than can be read.")
    body = b"".join(pieces)
    try:
        counted = _ANSWER.decode(body).usage
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Fault(FaultKind.PROTOCOL_ERROR, f"{owner} gave no embeddings.") from None
    usage = counted and Usage(counted.prompt_tokens, 0, UsageSource.UPSTREAM)
    return NativeBatch([Finished(FinishReason.STOP, usage or None, is_stated=True)], body)
