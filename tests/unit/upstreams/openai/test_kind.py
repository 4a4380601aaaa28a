"""OpenAI-compatible endpoints as a kind of upstream."""

from __future__ import annotations

import pytest

from cursor_api.domain.catalog import Model
from cursor_api.domain.credential import Secret
from cursor_api.domain.features import Feature
from cursor_api.installed import KINDS
from cursor_api.ports.upstream import UpstreamKind, UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.upstreams.openai.chat import DOCUMENTS
from cursor_api.upstreams.openai.kind import OpenAiKind
from cursor_api.upstreams.openai.options import OpenAiOptions
from tests.fakes import TickingClock
from tests.scripted_server import ScriptedServer, Turn

KIND: UpstreamKind = OpenAiKind()
PARTS = UpstreamParts("somewhere", TickingClock(), StepRunner())
DRAWN = {Feature.TEMPERATURE, Feature.TOP_P, Feature.PENALTIES}


async def test_it_is_built_from_its_options_and_asks_with_what_it_is_given() -> None:
    """Its address, its key, and the operator's headers."""

    async def models(turn: Turn) -> None:
        await turn.answer(b'{"data": [{"id": "a"}]}', content_type="application/json")

    async with ScriptedServer(models) as server:
        parts = UpstreamParts(
            "somewhere",
            TickingClock(),
            StepRunner(),
            headers=(("x-team", Secret("red")), ("Authorization", Secret("not mine"))),
            find_api_keys=lambda: (Secret("a-key"),),
        )
        async with KIND.build(OpenAiOptions(server.url), parts) as upstream:
            assert await upstream.list_models() == [Model("a", "somewhere", 0)]
            assert server.url in repr(upstream)
        turn = server.requests[0]
    assert (turn.headers["x-team"], turn.headers["authorization"]) == ("red", "Bearer a-key")


def test_it_is_installed_by_its_name() -> None:
    """No line of the token file is taken for one of its keys."""
    assert isinstance(KINDS["openai"], OpenAiKind)
    assert KIND.forms == ()


@pytest.mark.parametrize(
    ("url", "lacks"),
    [
        (
            "https://api.openai.com/v1",
            {
                "gpt-5": {*DRAWN, Feature.STOP, Feature.TOP_K},
                "gpt-4o": {Feature.REASONING, Feature.TOP_K, Feature.VERBOSITY},
            },
        ),
        # Whoever serves a model there names it; others' models are there, too.
        (
            "https://mine.openai.azure.com/openai/v1",
            {
                "chatbot": {Feature.REASONING, Feature.TOP_K, Feature.VERBOSITY},
                "deepseek-v4": {Feature.VERBOSITY, *DOCUMENTS},
            },
        ),
        (
            "https://api.mistral.ai/v1",
            {"chatbot": {Feature.REASONING, Feature.VERBOSITY, *DOCUMENTS}},
        ),
        (
            "http://127.0.0.1:1/v1",
            {
                "chatbot": {Feature.VERBOSITY, *DOCUMENTS},
                "mistral-large": {Feature.REASONING, Feature.VERBOSITY, *DOCUMENTS},
                "deepseek-chat": {Feature.VERBOSITY, *DOCUMENTS},
            },
        ),
    ],
)
async def test_its_models_lack_what_they_refuse_where_they_are_served(
    url: str, lacks: dict[str, set[Feature]]
) -> None:
    """What the gateway can do in their place, or what the caller is told of."""
    async with KIND.build(OpenAiOptions(url), PARTS) as upstream:
        assert {model: upstream.find_lacks(model) for model in lacks} == lacks
