"""Anthropic-compatible endpoints as a kind of upstream."""

from __future__ import annotations

from cursor_api.domain.catalog import Model
from cursor_api.domain.credential import Secret
from cursor_api.domain.features import Feature
from cursor_api.installed import KINDS
from cursor_api.ports.upstream import UpstreamKind, UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.upstreams.anthropic.kind import AnthropicKind
from cursor_api.upstreams.anthropic.options import AnthropicOptions
from tests.fakes import TickingClock
from tests.scripted_server import ScriptedServer, Turn

KIND: UpstreamKind = AnthropicKind()


async def test_it_is_built_from_its_options_and_asks_with_what_it_is_given() -> None:
    """Its address, its key, and the operator's headers."""

    async def models(turn: Turn) -> None:
        await turn.answer(b'{"data": [{"id": "a"}]}', content_type="application/json")

    async with ScriptedServer(models) as server:
        parts = UpstreamParts(
            "somewhere",
            TickingClock(),
            StepRunner(),
            headers=(("anthropic-beta", Secret("x-2026")), ("X-Api-Key", Secret("not mine"))),
            find_api_keys=lambda: (Secret("a-key"),),
        )
        async with KIND.build(AnthropicOptions(server.url), parts) as upstream:
            assert await upstream.list_models() == [Model("a", "somewhere", 0)]
            assert server.url in repr(upstream)
        turn = server.requests[0]
    assert turn.headers["anthropic-beta"] == "x-2026"
    assert (turn.headers["x-api-key"], turn.names.count("x-api-key")) == ("a-key", 1)


def test_it_is_installed_by_its_name() -> None:
    """What it cannot do in another dialect's request is not said to be done."""
    assert isinstance(KINDS["anthropic"], AnthropicKind)
    assert KIND.forms == ()
    assert KIND.features.isdisjoint({Feature.SEED, Feature.PENALTIES, Feature.MANY_ANSWERS})
    assert KIND.dialect == "anthropic_messages"
