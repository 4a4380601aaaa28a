"""`/livez`, `/readyz`, and what everybody else hears while the process drains."""

from __future__ import annotations

import asyncio
import json

import pytest

from cursor_api.domain.deltas import TextDelta
from cursor_api.domain.record import Status
from cursor_api.web.server.lifecycle import Lifecycle
from tests.fakes import Step
from tests.house import BEARER, House
from tests.openai_stream import read_stream
from tests.serving import ask, serve


@pytest.mark.parametrize("is_stream", [True, False])
async def test_what_is_cut_is_told_in_its_place(*, is_stream: bool) -> None:
    """In the stream after its first text, as a status before; recorded once, as failed."""
    steps: list[Step] = [[TextDelta("Hello")], asyncio.Event()]
    house = House(script={"a": steps if is_stream else steps[1:]})
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "stream": is_stream}
    async with serve(house.app) as port:
        path, body = "/v1/chat/completions", json.dumps(asked).encode()
        task = asyncio.create_task(ask(port, "POST", path, headers=BEARER, body=body))
        while not house.upstream.asked:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert house.lifecycle.cut() == 1
        answer = await asyncio.wait_for(task, 5)
    if is_stream:
        seen = read_stream(answer.body)
        assert (seen.text, seen.is_done) == ("Hello", False)
        assert seen.error is not None
        assert "shutting down" in seen.error["message"]
    else:
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert [record.status for record in house.log.records] == [Status.FAILED]
    assert (house.pool.leased_count, house.upstream.closed) == (0, ["a"])
    assert house.lifecycle.cut() == 0


def test_the_state_can_be_read() -> None:
    """In a debugger and in a test's failure."""
    lifecycle = Lifecycle()
    assert repr(lifecycle) == "Lifecycle(serving)"
    lifecycle.drain()
    assert repr(lifecycle) == "Lifecycle(draining)"
