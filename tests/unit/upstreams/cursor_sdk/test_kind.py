"""Cursor's official route as a kind of upstream."""

from __future__ import annotations

from cursor_api.domain.credential import Secret
from cursor_api.installed import FORMS, KINDS
from cursor_api.ports.upstream import UpstreamKind, UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.upstreams.cursor_sdk.kind import CursorSdkKind
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from tests.fake_bridge import SystemTime
from tests.scripted_server import ScriptedServer, Turn

KIND: UpstreamKind = CursorSdkKind()


async def test_it_is_built_from_its_options_and_asks_with_what_it_is_given() -> None:
    """The bridge's address, and a key."""

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
        async with KIND.build(options, parts) as upstream:
            assert [model.id for model in await upstream.list_models()] == ["composer-2.5"]
        assert b"crsr_a_key_of_mine" in server.requests[-1].body


def test_it_is_installed_and_the_token_files_api_keys_are_its_own() -> None:
    """Both spellings of the dashboard's keys, and nothing else."""
    assert isinstance(KINDS["cursor-sdk"], CursorSdkKind)
    for key in ("crsr_0123456789abcdef", "key_0123456789abcdef"):
        form = next(form for form in FORMS if form.is_form_of(key))
        assert (form.endpoint, form.is_bound) == ("cursor-sdk", False)
    other = next(form for form in FORMS if form.is_form_of("eyJhbGciOi.J9.x"))
    assert other.endpoint == "cursor"
