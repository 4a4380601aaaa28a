"""Cursor by session token as a kind of upstream."""

from __future__ import annotations

from cursor_api.ports.upstream import UpstreamKind, UpstreamParts
from cursor_api.service.steps import StepRunner
from cursor_api.upstreams.cursor.kind import CursorKind
from cursor_api.upstreams.cursor.models import MODELS
from cursor_api.upstreams.cursor.options import CursorOptions
from tests.fakes import TickingClock

KIND: UpstreamKind = CursorKind()


async def test_it_is_built_from_its_options() -> None:
    """With connections of its own, closed with it; its list of models is fixed."""
    parts = UpstreamParts("cursor", TickingClock(), StepRunner())
    options = CursorOptions(base_url="http://127.0.0.1:9")
    async with KIND.build(options, parts) as upstream:
        assert await upstream.list_models() == MODELS
        assert "127.0.0.1:9" in repr(upstream)


def test_its_credentials_are_session_tokens() -> None:
    """Which belong to the endpoint of its own name; an API key is known, and for another one."""
    forms = [(form.endpoint, form.is_bound) for form in KIND.forms]
    assert forms == [("cursor-sdk", False), ("cursor", True)]
    assert KIND.name == "cursor"
