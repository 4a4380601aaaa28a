"""What the API does for most requests, done for the others too."""

from __future__ import annotations

import json

import pytest

from cursor_api.dialects.anthropic_messages.request import NAME
from cursor_api.domain.chat import (
    ChatRequest,
    Native,
    Origin,
    OutputForm,
    Parameters,
    Sampling,
)
from cursor_api.domain.deltas import FinishReason, TextDelta
from cursor_api.domain.features import Feature, RequestedFeature
from cursor_api.service.inference.structured_output import InvalidOutput
from tests.anthropic_stage import END, REQUEST, ask, start, text, upstream
from tests.scripted_server import Turn

CLOSED = b'{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false}'
OPEN = b'{"type":"object","properties":{"a":{"type":"integer","minimum":3}}}'
FEATURES = (
    RequestedFeature(Feature.OUTPUT_FORM, "response_format"),
    RequestedFeature(Feature.STOP, "stop"),
)


def request(
    form: OutputForm | None = None, *stop: str, native: Native | None = None
) -> ChatRequest:
    """What asks for a form, and to be ended at these texts."""
    return ChatRequest(
        "any",
        REQUEST.messages,
        parameters=Parameters(output=form, sampling=Sampling(stop=stop)),
        origin=Origin(native, FEATURES),
    )


async def told(asked: ChatRequest, *pieces: str) -> tuple[str, str]:
    """The text that comes of it, and what was sent for it."""

    async def tell(turn: Turn) -> None:
        await turn.head(content_type="text/event-stream")
        await turn.chunk(start() + text(*pieces) + END)
        await turn.end()

    async with upstream(tell) as (chat, server):
        deltas = [delta for batch in await ask(chat, asked) for delta in batch]
        sent = server.requests[0].body.decode()
    said = "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))
    assert deltas[-1].reason is FinishReason.STOP  # type: ignore[union-attr]
    return said, sent


async def test_a_form_that_the_api_takes_is_left_to_it() -> None:
    """Its answer is given as it comes."""
    said, sent = await told(request(OutputForm(CLOSED)), '{"a": ', "1}")
    assert said == '{"a": 1}'
    assert json.loads(sent)["output_config"]["format"]["schema"] == json.loads(CLOSED)


@pytest.mark.parametrize("form", [OutputForm(OPEN), OutputForm(None)])
async def test_any_other_is_asked_for_in_words_and_checked(form: OutputForm) -> None:
    """Whoever gets an answer gets a valid one."""
    said, sent = await told(request(form), "Sure!\n", '```json\n{"a": 3}\n```')
    assert said == '{"a": 3}'
    assert "output_config" not in json.loads(sent)
    assert "JSON" in sent
    with pytest.raises(InvalidOutput):
        await told(request(form), "I would rather not.")


async def test_an_answer_ends_at_blanks_too() -> None:
    """The API takes no stop text of blanks; it gets the others, and so does the gateway."""
    said, sent = await told(request(None, "\n\n", "END"), "one\n", "\ntwo")
    assert said == "one"
    assert json.loads(sent)["stop_sequences"] == ["END"]
    said, _ = await told(request(None, "END"), "one\n", "\ntwo")
    assert said == "one\n\ntwo"


async def test_what_came_in_this_dialect_is_not_looked_at() -> None:
    """It asks for what the API takes, in its own words."""
    body = b'{"model":"a","max_tokens":5,"stream":true,"messages":[]}'
    said, sent = await told(request(OutputForm(OPEN), "\n", native=Native(NAME, body)), "a\nb")
    assert said == "a\nb"
    assert "JSON" not in sent
