"""One upstream without a gateway around it."""

from __future__ import annotations

import pytest

from cursor_api.cli.upstreams.one import ask, open_upstream
from cursor_api.domain.catalog import Route
from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.installed import KINDS
from cursor_api.options.upstreams import UpstreamSettings
from tests.openai_stage import DONE, HELLO, STOP
from tests.scripted_server import ScriptedServer, Turn

KEY = Secret("a-key-of-somebody-0123456789")


@pytest.mark.parametrize(("events", "text"), [(HELLO, "Hello"), (b"", None)])
async def test_a_short_question(events: bytes, text: str | None) -> None:
    """Its answer, or the fault of one that says nothing."""

    async def handler(turn: Turn) -> None:
        await turn.answer(events + STOP + DONE, content_type="text/event-stream")

    async with ScriptedServer(handler) as server:
        options = KINDS["openai"].options(base_url=server.url)
        settings = UpstreamSettings("mine", "openai", options, (KEY,))
        async with open_upstream(settings) as upstream:
            if text is None:
                with pytest.raises(Fault) as raised:
                    await ask(upstream, Route("mine", "m"), KEY)
                assert raised.value.kind is FaultKind.INCOMPLETE
            else:
                assert (await ask(upstream, Route("mine", "m"), KEY)).text == text
