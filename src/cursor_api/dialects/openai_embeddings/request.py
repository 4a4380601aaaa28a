"""The body of POST /v1/embeddings, which goes on as it came.

What makes vectors knows best what it takes: texts or tokens, one or many, of which length and in
which encoding. Only the model is read, as it decides who is asked.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from cursor_api.domain.chat import ChatRequest, Native, Origin
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.errors import invalid_request
from cursor_api.domain.features import Feature, RequestedFeature
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.json_bounds import SLICE_BYTES
from cursor_api.wire.json_decode import check_json, decode_checked, without_mark
from cursor_api.wire.limits import RequestLimits
from cursor_api.wire.surrogates import LONE_SURROGATES, decode_mended

NAME: Final = "openai_embeddings"
FEATURES: Final = (RequestedFeature(Feature.EMBEDDINGS, "input"),)


class EmbeddingsIn(Struct, gc=False):
    """The body; what is not named goes on unread."""

    model: str
    input: Raw
    stream: bool | None = None


_BODY: Final = msgspec.json.Decoder(EmbeddingsIn)


def parse_request(body: bytes, limits: RequestLimits) -> Generator[None, None, ParsedRequest]:
    """Parse a body; raises Fault(INVALID_REQUEST) and nothing else, whatever the bytes."""
    given = without_mark(body)
    asked, body = yield from decode_mended(given, partial(_decode, limits=limits))
    if len(body) > SLICE_BYTES:
        yield
    if not 0 < len(asked.model) <= limits.model_chars_max:
        raise invalid_request(
            f"'model' must be 1 to {limits.model_chars_max} characters long.",
            code="invalid_value",
            param="model",
        )
    if bytes(asked.input) in {b"null", b'""', b"[]"}:
        raise invalid_request(
            "'input' must be a text, a list of texts, or their tokens.",
            code="invalid_value",
            param="input",
        )
    if asked.stream:
        raise invalid_request(
            "Embeddings are not streamed: leave 'stream' out.",
            code="unsupported_value",
            param="stream",
        )
    # As it stands in the body, for an estimate of its tokens where the upstream counts none.
    message = Message(Role.USER, (Text(bytes(asked.input).decode()),))
    origin = Origin(native=Native(NAME, body), features=FEATURES)
    ignored = () if body is given else (LONE_SURROGATES,)
    return ParsedRequest(ChatRequest(asked.model, (message,), origin=origin), ignored=ignored)


def _decode(body: bytes, limits: RequestLimits) -> Generator[None, None, EmbeddingsIn]:
    # Tokens are many values, and nobody looks at one of them.
    yield from check_json(body, replace(limits.json, values_max=len(body)))
    return decode_checked(_BODY, body, limits.json)
