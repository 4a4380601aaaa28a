"""What is under way at once has bounds: each is answered with its status, and comes free again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.acceptance.in_process import KEY, Gateway, gateway_before
from tests.chat_stage import hello
from tests.openai_stream import read_answer, read_stream
from tests.scripted_server import ScriptedServer, Turn
from tests.serving import Answer
from tests.waiting import until

CLIENT_KEY = "another-key-for-tests"
CLIENT = {"Authorization": f"Bearer {CLIENT_KEY}"}
WAYS = {"stream": True, "whole": False}


@dataclass
class Far:
    """An upstream that answers when it is told to."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked_count: int = 0

    async def play(self, turn: Turn) -> None:
        """Wait, then answer."""
        self.asked_count += 1
        await self.gate.wait()
        await hello(turn)

    async def asked(self, count: int) -> None:
        """Return when so many requests have come."""
        await until(lambda: self.asked_count >= count)


@asynccontextmanager
async def house(limits: Mapping[str, str]) -> AsyncIterator[tuple[Far, Gateway]]:
    """A gateway with these limits before an upstream that waits."""
    far = Far()
    environment = {"CLIENT_TOKENS": CLIENT_KEY, **limits}
    async with (
        ScriptedServer(far.play) as server,
        gateway_before(server.url, environment=environment) as gateway,
    ):
        try:
            yield far, gateway
        finally:
            far.gate.set()


def error_of(answer: Answer) -> tuple[int, str, str]:
    """Status, code and the wait that is asked for."""
    return answer.status, answer.json()["error"]["code"], answer.headers["retry-after"]


def text_of(answer: Answer, *, is_stream: bool) -> str:
    """The text of a whole answer."""
    assert answer.status == 200, answer
    return (
        read_stream(answer.body).text
        if is_stream
        else read_answer(answer.body).choices[0].message.content or ""
    )


@pytest.mark.parametrize("is_stream", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"GATEWAY_REQUESTS_MAX": "2"}, (503, "overloaded", "1")),
        ({"GATEWAY_CALLER_REQUESTS_MAX": "2"}, (429, "concurrency_exceeded", "1")),
    ],
    ids=["all", "caller"],
)
async def test_who_comes_when_all_places_are_taken_is_told_at_once(
    limits: Mapping[str, str],
    expected: tuple[int, str, str],
    is_stream: bool,  # noqa: FBT001 - a pytest parameter
) -> None:
    """The upstream is not asked for them, those under way are answered, and places come free."""
    async with house(limits) as (far, gateway):
        running = [asyncio.create_task(gateway.chat("x", stream=is_stream)) for _ in range(2)]
        await far.asked(2)
        refused = await gateway.chat("x", stream=is_stream)
        assert error_of(refused) == expected
        assert "x-attempts" not in refused.headers
        assert next(iter(limits)) in refused.json()["error"]["message"]
        assert far.asked_count == 2
        far.gate.set()
        for answer in await asyncio.gather(*running):
            assert text_of(answer, is_stream=is_stream) == "Hello"
        assert (await gateway.chat("x", stream=is_stream)).status == 200


async def test_one_caller_at_its_limit_leaves_the_others_alone() -> None:
    """The operator's key is full; a client's is not."""
    async with house({"GATEWAY_CALLER_REQUESTS_MAX": "1"}) as (far, gateway):
        mine = asyncio.create_task(gateway.chat("x"))
        await far.asked(1)
        assert (await gateway.chat("x")).status == 429
        theirs = asyncio.create_task(gateway.chat("x", headers=CLIENT))
        await far.asked(2)
        far.gate.set()
        assert [(await task).status for task in (mine, theirs)] == [200, 200]


async def test_one_key_leaves_room_for_the_others() -> None:
    """Four of five streams are its own; the fifth is anybody else's."""
    async with house({"GATEWAY_STREAMS_MAX": "5"}) as (far, gateway):
        theirs = [
            asyncio.create_task(gateway.chat("x", stream=True, headers=CLIENT)) for _ in range(4)
        ]
        await far.asked(4)
        refused = await gateway.chat("x", stream=True, headers=CLIENT)
        assert error_of(refused) == (429, "concurrency_exceeded", "1")
        assert "GATEWAY_CALLER_PERCENT" in refused.json()["error"]["message"]
        mine = asyncio.create_task(gateway.chat("x", stream=True))
        await far.asked(5)
        far.gate.set()
        assert [(await task).status for task in (mine, *theirs)] == [200] * 5


async def test_bodies_that_are_only_announced_take_no_room() -> None:
    """Seven clients state more than there is, and send nothing; another one is served."""
    limits = {"GATEWAY_BODIES_BYTES_MAX": "1MiB", "GATEWAY_BODY_BYTES_MAX": "1MiB"}
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {CLIENT_KEY}\r\n"
        f"Content-Length: 1000000\r\n\r\n{{"
    ).encode()
    async with house(limits) as (far, gateway), AsyncExitStack() as stack:
        far.gate.set()
        for _ in range(7):
            _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
            stack.callback(writer.close)
            writer.write(head)
            await writer.drain()
        await asyncio.sleep(0.05)
        assert (await gateway.chat("x" * 100_000)).status == 200


async def test_streams_have_a_bound_of_their_own() -> None:
    """They last; what is answered in one piece still finds a place."""
    async with house({"GATEWAY_STREAMS_MAX": "1"}) as (far, gateway):
        stream = asyncio.create_task(gateway.chat("x", stream=True))
        await far.asked(1)
        assert error_of(await gateway.chat("x", stream=True)) == (503, "overloaded", "1")
        whole = asyncio.create_task(gateway.chat("x"))
        await far.asked(2)
        far.gate.set()
        assert [(await task).status for task in (stream, whole)] == [200, 200]


async def test_bodies_are_bounded_together_and_let_go_of_when_the_answer_begins() -> None:
    """Two of 0.6 MB do not fit into 1 MB; one after the other they do."""
    limits = {"GATEWAY_BODIES_BYTES_MAX": "1MiB", "GATEWAY_BODY_BYTES_MAX": "1MiB"}
    long = "x" * 600_000
    async with house(limits) as (far, gateway):
        first = asyncio.create_task(gateway.chat(long))
        await far.asked(1)
        assert error_of(await gateway.chat(long)) == (503, "overloaded", "1")
        far.gate.set()
        assert (await first).status == 200
        assert (await gateway.chat(long)).status == 200


async def test_a_place_is_given_back_however_a_request_ends() -> None:
    """Refused for its body, its model or its headers, or left: one place is enough."""
    async with house({"GATEWAY_REQUESTS_MAX": "1"}) as (far, gateway):
        for _ in range(3):
            assert (await gateway.post(b"{")).status == 400
            assert (await gateway.chat("x", model="nobody")).status == 404
            assert (await gateway.chat("x", headers={"x-credential": "nobody"})).status == 400
        leaver = asyncio.create_task(gateway.chat("x", stream=True))
        await far.asked(1)
        leaver.cancel()
        async with asyncio.timeout(5):
            while (await gateway.chat("x", model="nobody")).status == 503:
                await asyncio.sleep(0.01)


async def test_requests_wait_for_a_credential_at_its_limit() -> None:
    """The owner allows one at once: the second waits, the third finds the queue full."""
    async with house({"GATEWAY_QUEUE_MAX": "1"}) as (far, gateway):
        await allow_one(gateway)
        first = asyncio.create_task(gateway.chat("x"))
        await far.asked(1)
        second = asyncio.create_task(gateway.chat("x", stream=True))
        await asyncio.sleep(0.05)
        assert error_of(await gateway.chat("x")) == (503, "overloaded", "1")
        assert far.asked_count == 1
        far.gate.set()
        assert text_of(await first, is_stream=False) == "Hello"
        assert text_of(await second, is_stream=True) == "Hello"


async def test_a_wait_has_an_end() -> None:
    """With the setting that lengthens it."""
    async with house({"GATEWAY_QUEUE_WAIT_S": "0.1"}) as (far, gateway):
        await allow_one(gateway)
        first = asyncio.create_task(gateway.chat("x"))
        await far.asked(1)
        waited = await gateway.chat("x")
        assert error_of(waited) == (503, "overloaded", "1")
        assert "GATEWAY_QUEUE_WAIT_S" in waited.json()["error"]["message"]
        far.gate.set()
        assert (await first).status == 200


async def allow_one(gateway: Gateway) -> None:
    """Limit the only credential to one request at once."""
    answer = await gateway.ask(
        "PATCH",
        "/api/credentials/credential-0",
        body=b'{"concurrency_max": 1}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status == 200, answer


def test_the_two_keys_differ() -> None:
    """Or the test of two callers would be one of one."""
    assert CLIENT_KEY != KEY
