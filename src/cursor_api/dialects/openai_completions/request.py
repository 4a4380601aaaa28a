"""The body of POST /v1/completions: one text, asked as a question.

What only a model of plain texts can do is refused rather than left out, as the answer would be
another one: a suffix, several prompts or answers, log probabilities, tokens in place of a text.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Final

import msgspec
from msgspec import Raw, Struct

from cursor_api.domain.chat import ChatRequest, Origin, Parameters, Sampling
from cursor_api.domain.content import Message, Role, Text
from cursor_api.domain.errors import invalid_request
from cursor_api.domain.features import Feature, RequestedFeature
from cursor_api.ports.dialect import ParsedRequest
from cursor_api.wire.json_bounds import SLICE_BYTES
from cursor_api.wire.json_decode import check_json, decode_checked, without_mark
from cursor_api.wire.json_lenient import (
    COUNT,
    ITEMS,
    NOTHING,
    NUMBER,
    TEXT,
    TEXTS,
    WHOLE,
    find_value,
)
from cursor_api.wire.json_texts import decode_text
from cursor_api.wire.limits import RequestLimits
from cursor_api.wire.surrogates import LONE_SURROGATES, decode_mended

# Fields that would make another answer of it, with the values that ask for nothing.
REFUSED: Final = {
    "suffix": frozenset({b"null", b'""'}),
    "logprobs": frozenset({b"null", b"0", b"false"}),
    "n": frozenset({b"null", b"1"}),
    "best_of": frozenset({b"null", b"1"}),
}


class StreamOptionsIn(Struct, gc=False):
    """`{"include_usage": true}`."""

    include_usage: bool | None = None


class CompletionsIn(Struct, gc=False):
    """The body; what is not named is skipped."""

    model: str
    prompt: Raw = NOTHING
    stream: bool | None = None
    stream_options: StreamOptionsIn | None = None
    echo: bool | None = None
    suffix: Raw = NOTHING
    logprobs: Raw = NOTHING
    n: Raw = NOTHING
    best_of: Raw = NOTHING
    max_tokens: Raw = NOTHING
    temperature: Raw = NOTHING
    top_p: Raw = NOTHING
    frequency_penalty: Raw = NOTHING
    presence_penalty: Raw = NOTHING
    seed: Raw = NOTHING
    logit_bias: Raw = NOTHING
    stop: Raw = NOTHING
    user: Raw = NOTHING


class Style(Struct, frozen=True):
    """What only the spelling of the answer needs; `echoed` are the prompt's pieces, if asked."""

    include_usage: bool = False
    echoed: tuple[str, ...] = ()


_BODY: Final = msgspec.json.Decoder(CompletionsIn)

FEATURES: Final = {
    "max_tokens": Feature.OUTPUT_MAX,
    "stop": Feature.STOP,
    "temperature": Feature.TEMPERATURE,
    "top_p": Feature.TOP_P,
    "frequency_penalty": Feature.PENALTIES,
    "presence_penalty": Feature.PENALTIES,
    "seed": Feature.SEED,
    "logit_bias": Feature.LOGIT_BIAS,
}


def parse_request(body: bytes, limits: RequestLimits) -> Generator[None, None, ParsedRequest]:
    """Parse a body; raises Fault(INVALID_REQUEST) and nothing else, whatever the bytes."""
    given = without_mark(body)
    asked, body = yield from decode_mended(given, partial(_decode, limits=limits))
    if len(body) > SLICE_BYTES:
        yield
    _check(asked, limits)
    prompt = yield from decode_text(_one_prompt(asked.prompt))
    features = tuple(
        RequestedFeature(feature, name)
        for name, feature in FEATURES.items()
        if bytes(getattr(asked, name)) not in {b"null", b"[]", b"{}"}
    )
    chat = ChatRequest(
        asked.model,
        (Message(Role.USER, tuple([Text(piece) for piece in prompt if piece])),),
        is_stream=bool(asked.stream),
        parameters=partial(_read_parameters, asked),
        origin=Origin(features=features),
    )
    options = asked.stream_options
    style = Style(
        include_usage=options is not None and bool(options.include_usage),
        echoed=tuple(prompt) if asked.echo else (),
    )
    return ParsedRequest(chat, style, () if body is given else (LONE_SURROGATES,))


def _decode(body: bytes, limits: RequestLimits) -> Generator[None, None, CompletionsIn]:
    yield from check_json(body, limits.json)
    return decode_checked(_BODY, body, limits.json)


def _check(asked: CompletionsIn, limits: RequestLimits) -> None:
    if not 0 < len(asked.model) <= limits.model_chars_max:
        raise invalid_request(
            f"'model' has 1 to {limits.model_chars_max} characters; GET /v1/models lists the"
            " names.",
            code="invalid_value",
            param="model",
        )
    for name, values in REFUSED.items():
        if bytes(getattr(asked, name)) not in values:
            raise invalid_request(
                f"'{name}' is not possible here: completions are asked of chat models. Leave it"
                " out.",
                code="unsupported_value",
                param=name,
            )


def _one_prompt(raw: Raw) -> Raw:
    """The JSON string that the prompt is, or holds."""
    if raw is NOTHING:
        raise invalid_request(
            "Missing required parameter: 'prompt'. Messages belong to /v1/chat/completions.",
            code="missing_required_parameter",
            param="prompt",
        )
    written = memoryview(raw)
    if written[0] == ord("["):
        items = ITEMS.decode(raw)
        if len(items) == 1:
            raw = items[0]
            written = memoryview(raw)
    if written[0] != ord('"'):
        raise invalid_request(
            "'prompt' is one text here, or a list of one: several prompts would be several"
            " requests, and numbers of tokens mean nothing to a chat model.",
            code="unsupported_value",
            param="prompt",
        )
    return raw


def _read_parameters(asked: CompletionsIn) -> Parameters:
    stop = find_value(TEXT, asked.stop)
    return Parameters(
        sampling=Sampling(
            temperature=find_value(NUMBER, asked.temperature),
            top_p=find_value(NUMBER, asked.top_p),
            frequency_penalty=find_value(NUMBER, asked.frequency_penalty),
            presence_penalty=find_value(NUMBER, asked.presence_penalty),
            seed=find_value(WHOLE, asked.seed),
            output_count_max=find_value(COUNT, asked.max_tokens),
            stop=(stop,) if stop is not None else find_value(TEXTS, asked.stop) or (),
        ),
        user=find_value(TEXT, asked.user),
    )
