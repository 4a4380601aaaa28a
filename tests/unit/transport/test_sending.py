"""What aiohttp does not do by itself."""

from __future__ import annotations

import asyncio
import socket

import pytest

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.transport.sending import ATTEMPT, INTERIM_MAX, Attempt, make_socket
from tests.scripted_server import ScriptedServer, Turn

ADDRESS = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 1))


async def test_only_the_task_that_asked_learns_of_it() -> None:
    """Requests run side by side; one that took an old connection must not think it was new."""
    mine, other = Attempt(), Attempt()

    async def connect() -> None:
        make_socket(ADDRESS).close()

    ATTEMPT.set(other)
    token = ATTEMPT.set(mine)
    task = asyncio.create_task(connect())
    ATTEMPT.reset(token)
    await task
    assert (mine.has_new_socket, other.has_new_socket) == (True, False)


def test_a_socket_can_be_made_for_nobody() -> None:
    """Outside of a request nobody wants to know."""
    with make_socket(ADDRESS) as made:
        assert made.type == socket.SOCK_STREAM


INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("head", [INTERIM, b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"])
async def test_an_answer_may_have_a_few_interim_ones_in_front(head: bytes) -> None:
    """On one connection time after time."""

    async def polite(turn: Turn) -> None:
        await turn.write(head * INTERIM_MAX)
        await turn.answer(b"fine")

    async with ScriptedServer(polite) as server, HttpClient(HttpOptions()) as client:
        for _ in range(3):
            assert await fetch(client, server.url) == b"fine"
        assert {turn.connection for turn in server.requests} == {1}


@pytest.mark.parametrize("pause_s", [0.0, 0.01])
async def test_a_flood_of_interim_answers_is_a_fault_at_once(pause_s: float) -> None:
    """In one read or bit by bit: it costs no memory, and nobody else's time."""

    async def flood(turn: Turn) -> None:
        while True:
            await turn.write(INTERIM * (1 if pause_s else 10_000))
            await asyncio.sleep(pause_s)

    async with ScriptedServer(flood) as server, HttpClient(HttpOptions()) as client:
        with pytest.raises(Fault) as caught:
            await asyncio.wait_for(fetch(client, server.url), 5)
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR


async def fetch(client: HttpClient, url: str) -> bytes:
    """One question and its whole answer."""
    async with client.open_post(url, {}, b"question") as answer:
        body = b""
        while data := await answer.read():
            body += data
        answer.finish()
        return body
