"""The official way until somebody needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cursor_api.domain.chat import ChatRequest
from cursor_api.domain.deltas import TextDelta
from cursor_api.ports.upstream import Upstream
from cursor_api.upstreams.cursor_sdk.late import LateUpstream
from tests.fakes import ScriptedUpstream
from tests.sdk_stage import CREDENTIAL, KEY, ROUTE, user


class Builder:
    """Builds it slowly, and counts."""

    def __init__(self) -> None:
        self.upstream = ScriptedUpstream({CREDENTIAL.alias: [(TextDelta("Hi."),)]})
        self.begun = self.ended = 0

    @asynccontextmanager
    async def build(self) -> AsyncIterator[Upstream]:
        """One more."""
        self.begun += 1
        await asyncio.sleep(0)
        yield self.upstream
        self.ended += 1


async def test_without_a_key_nothing_is_built() -> None:
    """However often the models are listed."""
    builder = Builder()
    async with LateUpstream(builder.build, tuple) as upstream:
        assert await upstream.list_models() == ()
    assert builder.begun == builder.ended == 0


async def test_whoever_comes_first_has_it_built_and_the_others_use_it() -> None:
    """Also those that come meanwhile. It ends with the context."""
    builder = Builder()
    async with LateUpstream(builder.build, lambda: (KEY,)) as upstream:
        lists = await asyncio.gather(upstream.list_models(), upstream.list_models())
        assert lists[0] == lists[1] == await builder.upstream.list_models() != ()
        async with upstream.open(
            ChatRequest(ROUTE.model, (user("Hello"),)), ROUTE, CREDENTIAL
        ) as batches:
            assert [batch async for batch in batches] == [(TextDelta("Hi."),)]
        assert (builder.begun, builder.ended) == (1, 0)
    assert builder.ended == 1
