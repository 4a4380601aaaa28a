"""What the OpenAPI document says of OpenAI's API is what the dialect reads and writes."""

from __future__ import annotations

import json

import msgspec

from cursor_api.dialects.openai.models import ModelOut, ModelsOut, render_model, render_models
from cursor_api.dialects.openai_chat.description import (
    DESCRIPTION,
    ChatCompletionRequest,
)
from cursor_api.dialects.openai_chat.request import parse_request
from cursor_api.dialects.openai_chat.schema import ChatIn
from cursor_api.domain.catalog import Model
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish


def test_what_is_described_of_a_request_is_read() -> None:
    """No field is described that the decoder skips; a described request is parsed."""
    described = {field.encode_name for field in msgspec.structs.fields(ChatCompletionRequest)}
    assert described <= {field.encode_name for field in msgspec.structs.fields(ChatIn)}
    body = b'{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}'
    assert msgspec.json.decode(body, type=ChatCompletionRequest).stream is True
    assert finish(parse_request(body, RequestLimits())).chat.is_stream


def test_models_are_as_described() -> None:
    """Each field, and no other."""
    model = Model("gpt-4o", "openai", 1)
    for body, kind in ((render_model(model), ModelOut), (render_models([model]), ModelsOut)):
        fields = {field.encode_name for field in msgspec.structs.fields(kind)}
        assert set(json.loads(body)) == fields
        assert isinstance(msgspec.json.decode(body, type=kind), kind)


def test_a_good_answer_is_streamed_or_not() -> None:
    """Two media types, one address."""
    assert set(DESCRIPTION.answers) == {"application/json", "text/event-stream"}
    assert (DESCRIPTION.request, DESCRIPTION.model, DESCRIPTION.models) == (
        ChatCompletionRequest,
        ModelOut,
        ModelsOut,
    )
