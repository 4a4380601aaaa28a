"""More stop texts than servers of this dialect take."""

from __future__ import annotations

import json

import pytest

from cursor_api.dialects.openai_chat.request import NAME
from cursor_api.domain.chat import ChatRequest, Native, Origin, Parameters, Sampling
from cursor_api.domain.deltas import TextDelta
from cursor_api.domain.features import Feature, RequestedFeature
from tests.openai_stage import DONE, REQUEST, STOP, ask, chunk, stream, upstream
from tests.scripted_server import Turn

FEATURES = (RequestedFeature(Feature.STOP, "stop_sequences"),)


async def told(stop: tuple[str, ...], native: Native | None = None) -> tuple[str, list[str]]:
    """The text that comes of it, and the stop texts that were sent."""

    async def tell(turn: Turn) -> None:
        await stream(turn, chunk({"content": "one EN"}) + chunk({"content": "D two"}) + STOP + DONE)

    asked = ChatRequest(
        "any",
        REQUEST.messages,
        parameters=Parameters(sampling=Sampling(stop=stop)),
        is_stream=True,
        origin=Origin(native, FEATURES),
    )
    async with upstream(tell) as (chat, server):
        deltas = [delta for batch in await ask(chat, asked) for delta in batch]
        sent = json.loads(server.requests[0].body)
    return "".join(one.text for one in deltas if isinstance(one, TextDelta)), sent.get("stop")


async def test_an_answer_ends_at_any_of_them() -> None:
    """The server is asked for those that it takes."""
    assert await told(("a", "b", "c", "d", "END")) == ("one ", ["a", "b", "c", "d"])


@pytest.mark.parametrize("is_native", [False, True])
async def test_a_few_are_left_to_the_server(*, is_native: bool) -> None:
    """So are those of a request that goes on as it came."""
    native = None
    stop = ["END"]
    if is_native:
        stop = [*"abcd", "END"]
        body = {"model": "m", "messages": [], "stream": True, "stop": stop}
        native = Native(NAME, json.dumps(body).encode())
    assert await told(tuple(stop), native) == ("one END two", stop)
