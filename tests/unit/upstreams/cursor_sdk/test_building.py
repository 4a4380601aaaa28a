"""The bridge's services, put together."""

from __future__ import annotations

from cursor_api.domain.credential import Secret
from cursor_api.ports.upstream import UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.upstreams.cursor_sdk.building import build_upstream
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from tests.fake_bridge import SystemTime
from tests.scripted_server import ScriptedServer, Turn


async def test_they_ask_the_bridge_with_a_key_that_they_are_given() -> None:
    """And have ended with the context."""

    async def models(turn: Turn) -> None:
        body = b'{"protocolVersion": "sdk.v1", "items": [{"id": "composer-2.5"}]}'
        await turn.answer(body, content_type="application/json")

    async with ScriptedServer(models) as server:
        options = SdkOptions(bridge_url=server.url, bridge_token=Secret("t"))
        parts = UpstreamParts(
            "cursor-sdk",
            SystemTime(),
            StepRunner(),
            find_api_keys=lambda: (Secret("crsr_a_key_of_mine"),),
        )
        async with build_upstream(options, parts) as upstream:
            assert [model.id for model in await upstream.list_models()] == ["composer-2.5"]
        assert b"crsr_a_key_of_mine" in server.requests[-1].body
