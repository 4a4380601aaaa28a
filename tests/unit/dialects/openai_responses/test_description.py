"""What the OpenAPI document says of responses."""

from __future__ import annotations

import msgspec

from cursor_api.dialects.openai_responses.description import DESCRIPTION
from tests.unit.dialects.openai_responses.response_stage import END, events, parse, stream


def test_it_fits_what_is_taken_and_given() -> None:
    """A request that is described is parsed, and an answer has what is promised of it."""
    body = {"model": "m", "input": [{"role": "user", "content": "hi"}], "store": False}
    msgspec.convert(body, DESCRIPTION.request)
    assert parse(**body).chat.messages
    required = DESCRIPTION.answers["application/json"]["required"]
    response = events(stream(END))[-1]["response"]
    assert isinstance(required, list)
    assert set(required) <= response.keys()
