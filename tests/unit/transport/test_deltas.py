"""An answer whose form is a byte for each delta, and what holds of every form."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from cursor_api.domain.deltas import Delta, Finished, FinishReason, StatusDelta, TextDelta
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.answer import HttpAnswer
from cursor_api.transport.client import HttpClient, HttpOptions, Timeouts
from cursor_api.transport.deltas import DeltaAnswer
from tests.scripted_server import Handler, ScriptedServer, Turn

MEANINGS: dict[str, Delta] = {
    "s": StatusDelta("thinking"),
    "t": TextDelta("text"),
    ".": Finished(FinishReason.STOP),
}


class ByteAnswer(DeltaAnswer):
    """Accepts what has the status 200."""

    def __init__(self, client: HttpClient, url: str, timeouts: Timeouts) -> None:
        super().__init__()
        self._request = client.open_post(url, {}, b"?", timeouts)

    async def _prepare(self) -> HttpAnswer:
        return self._request

    async def _accept(self) -> None:
        if self._http.status != 200:
            raise Fault(FaultKind.UPSTREAM_ERROR, "no")

    async def __anext__(self) -> Sequence[Delta]:
        data = await self._http.read()
        if not data:
            raise StopAsyncIteration
        deltas = [MEANINGS[letter] for letter in data.decode()]
        self._watch(deltas)
        return deltas


async def read_all(handler: Handler, timeouts: Timeouts) -> list[Delta]:
    """The deltas up to the end; whatever that is, no request stays open."""
    async with ScriptedServer(handler) as server, HttpClient(HttpOptions()) as client:
        try:
            async with ByteAnswer(client, server.url, timeouts) as batches:
                return [delta async for batch in batches for delta in batch]
        finally:
            assert client.open_count == 0


async def test_its_deltas_are_given_in_order() -> None:
    """And leaving it leaves nothing open."""

    async def say(turn: Turn) -> None:
        await turn.answer(b"st.")

    assert await read_all(say, Timeouts()) == list(MEANINGS.values())


async def test_what_is_not_accepted_is_closed() -> None:
    """Nobody leaves what was never entered."""

    async def refuse(turn: Turn) -> None:
        await turn.answer(b"no", status=500)

    with pytest.raises(Fault) as caught:
        await read_all(refuse, Timeouts())
    assert caught.value.kind is FaultKind.UPSTREAM_ERROR


@pytest.mark.parametrize(("first", "message"), [(b"s", "gave no word"), (b"t", "fell silent")])
async def test_the_first_content_ends_the_wait_for_it(first: bytes, message: str) -> None:
    """A status does not: until then the limit of the first text holds, then that of silence."""

    async def stall(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(first)
        await asyncio.sleep(5)

    with pytest.raises(Fault, match=message) as caught:
        await read_all(stall, Timeouts(0.3, 0.3))
    assert caught.value.kind is FaultKind.UPSTREAM_TIMEOUT


async def test_a_whole_answer_keeps_its_connection() -> None:
    """Left at its end; one that is left before takes its connection with it."""

    async def say(turn: Turn) -> None:
        await turn.answer(b"t.")

    async with ScriptedServer(say) as server, HttpClient(HttpOptions()) as client:
        for _ in range(3):
            async with ByteAnswer(client, server.url, Timeouts()) as batches:
                async for batch in batches:
                    if isinstance(batch[-1], Finished):
                        break
            await asyncio.sleep(0.01)
        assert {turn.connection for turn in server.requests} == {1}
