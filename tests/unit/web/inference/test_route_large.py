"""Large bodies at the chat route: in turn, in steps, and nobody else waits for them."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager

import pytest

from tests.house import BEARER, House
from tests.serving import Answer, ask, serve
from tests.waiting import until

CHAT = "/v1/chat/completions"
MESSAGE = {"role": "user", "content": "a" * 1000}
SMALL = json.dumps({"model": "gpt-4o", "messages": [MESSAGE]}).encode()
LARGE = json.dumps({"model": "gpt-4o", "messages": [MESSAGE] * 3000}).encode()


@asynccontextmanager
async def held(house: House) -> AsyncIterator[None]:
    """Other large work that is under way for as long."""
    is_over = False

    def hold() -> Generator[None, None, None]:
        while not is_over:
            yield

    holding = asyncio.create_task(house.steps.run(hold()))
    try:
        yield
    finally:
        is_over = True
        await holding


@pytest.mark.parametrize("is_gzip", [False, True])
async def test_a_large_body_waits_for_its_turn_and_a_small_one_for_nobody(
    is_gzip: bool,  # noqa: FBT001 - a pytest parameter
) -> None:
    """Inflating and parsing alike are in the row of large work."""
    house = House()
    headers = BEARER | ({"Content-Encoding": "gzip"} if is_gzip else {})

    async def post(port: int, body: bytes) -> Answer:
        sent = gzip.compress(body) if is_gzip else body
        return await asyncio.wait_for(ask(port, "POST", CHAT, headers=headers, body=sent), 10)

    async with serve(house.app) as port:
        async with held(house):
            large = asyncio.create_task(post(port, LARGE))
            await until(lambda: "waiting=2" in repr(house.steps))
            assert (await post(port, SMALL)).status == 200
            assert not large.done()
        assert (await large).status == 200
        assert repr(house.steps) == "StepRunner(waiting=0)"


async def test_between_two_steps_of_a_large_body_others_have_their_turn() -> None:
    """The loop comes round once for each step, of which three megabytes have two dozen."""
    house = House()
    rounds = 0

    async def count() -> None:
        nonlocal rounds
        while True:
            if "waiting=1" in repr(house.steps):
                rounds += 1
            await asyncio.sleep(0)

    async with serve(house.app) as port:
        counting = asyncio.create_task(count())
        assert (await ask(port, "POST", CHAT, headers=BEARER, body=LARGE)).status == 200
        counting.cancel()
    assert rounds > len(LARGE) / 131072
