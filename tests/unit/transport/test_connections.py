"""Connections to a raw server that misbehaves on purpose."""

from __future__ import annotations

import asyncio
import gc
import time

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import FaultKind
from cursor_api.options.proxies import NamedProxy, SharedProxies
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.transport.connections import LINGER_S, Connections
from tests.http_stage import fault_of, fetch, greet, reach
from tests.scripted_server import ScriptedServer, Turn
from tests.simulation.virtual_loop import run_virtually


async def test_one_connection_serves_one_request_after_another() -> None:
    """An answer read to its end leaves its connection to the next request."""
    async with reach(greet) as (client, server):
        for _ in range(5):
            await fetch(client, server.url)
        assert server.connection_count == 1
        assert client.open_count == 0


async def test_a_finished_answer_keeps_its_connection_when_its_end_comes_late() -> None:
    """Leaving does not wait for the end of the HTTP body, and does not throw the line away."""
    may_end = asyncio.Event()

    async def late_end(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(b"x")
        await may_end.wait()
        await turn.end()

    async with reach(late_end) as (client, server):
        for _ in range(2):
            async with client.open_post(server.url, {}, b"") as answer:
                assert await answer.read() == b"x"
                answer.mark_finished()
            may_end.set()
            await asyncio.sleep(0.1)
            may_end.clear()
        assert server.connection_count == 1


async def test_a_body_that_never_ends_is_given_up_behind_the_callers_back() -> None:
    """A finished answer whose body stays open loses its connection after the linger time."""

    async def no_end(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(b"x")

    async with reach(no_end) as (client, server):
        async with client.open_post(server.url, {}, b"") as answer:
            await answer.read()
            answer.mark_finished()
        async with asyncio.timeout(LINGER_S + 2):
            await server.closed_by_peer.wait()


async def test_a_client_that_closes_takes_what_lingers_with_it() -> None:
    """Nothing is left for the garbage collector to complain about."""

    async def no_end(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(b"x")

    async with reach(no_end) as (client, server):
        async with client.open_post(server.url, {}, b"") as answer:
            await answer.read()
            answer.mark_finished()
        del answer
    gc.collect()


async def test_a_client_that_closes_ends_the_connections_that_nobody_uses() -> None:
    """A reload makes a new client, and the old one's connections are nobody's."""
    async with ScriptedServer(greet) as server:
        async with HttpClient(HttpOptions()) as client:
            await fetch(client, server.url)
            assert not server.closed_by_peer.is_set()
        async with asyncio.timeout(5):
            await server.closed_by_peer.wait()


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    """Where an upstream points elsewhere, nothing goes there."""

    async def elsewhere(turn: Turn) -> None:
        await turn.answer(b"", 302, location="/other")

    async with reach(elsewhere) as (client, server):
        async with client.open_post(server.url, {}, b"") as answer:
            assert answer.status == 302
        assert len(server.requests) == 1


async def test_a_compressed_body_is_left_as_it_is() -> None:
    """Inflating is the business of a decoder with a limit, not of the HTTP client."""

    async def compressed(turn: Turn) -> None:
        await turn.answer(b"not gzip at all", content_encoding="gzip")

    async with reach(compressed) as (client, server):
        assert await fetch(client, server.url) == b"not gzip at all"


async def test_more_than_the_allowed_number_of_answers_is_refused_at_once() -> None:
    """Above the limit nothing queues: the gateway is overloaded and says so."""
    async with reach(greet, HttpOptions(connections_max=1)) as (client, server):
        async with client.open_post(server.url, {}, b""):
            fault = await fault_of(fetch(client, server.url))
            assert fault.kind is FaultKind.OVERLOADED
        assert await fetch(client, server.url) == b"hello"


async def test_a_client_that_is_not_open_is_a_fault_of_ours() -> None:
    """Asking outside `async with` is a mistake in the gateway, told as one."""
    fault = await fault_of(fetch(HttpClient(HttpOptions()), "http://127.0.0.1:1"))
    assert fault.kind is FaultKind.INTERNAL


async def test_a_proxy_of_the_machine_is_used_where_it_leads() -> None:
    """By the address; what is on this machine is asked directly on the same client."""
    async with reach(greet) as (_, proxy), reach(greet) as (_, near):
        named = NamedProxy("HTTP_PROXY", Secret(proxy.url))
        shared = SharedProxies((("http", named),), ("excepted.invalid",))
        async with HttpClient(HttpOptions(proxy=shared)) as client:
            assert await fetch(client, "http://upstream.invalid/path") == b"hello"
            assert await fetch(client, near.url) == b"hello"
            fault = await fault_of(fetch(client, "http://excepted.invalid/path"))
            assert "excepted.invalid has no address" in fault.message
        lines = [turn.line for turn in proxy.requests]
        assert lines == ["POST http://upstream.invalid/path HTTP/1.1"]


async def test_a_proxy_is_used_when_one_is_named() -> None:
    """With a proxy the request goes there, in absolute form; without its reach it is a fault."""
    async with reach(greet) as (_, proxy):
        async with HttpClient(HttpOptions(proxy=Secret(proxy.url))) as client:
            assert await fetch(client, "http://upstream.invalid/path") == b"hello"
        assert proxy.requests[0].line == "POST http://upstream.invalid/path HTTP/1.1"
    async with HttpClient(HttpOptions(proxy=Secret("http://127.0.0.1:1"))) as client:
        fault = await fault_of(fetch(client, "http://upstream.invalid/path"))
        assert fault.kind is FaultKind.UNREACHABLE
        assert "proxy" in fault.message


@pytest.mark.parametrize("silence_s", [0.0, 1.0, 3.0])
def test_a_kept_connection_that_breaks_is_a_fault_however_late(silence_s: float) -> None:
    """Nothing is asked for behind failover's back."""

    async def brood(turn: Turn) -> None:
        if turn.connection == 1 and turn.body == b"again":
            await asyncio.sleep(silence_s)
            turn.reset()
        else:
            await greet(turn)

    async def main() -> int:
        async with reach(brood) as (client, server):
            await fetch(client, server.url)
            fault = await fault_of(fetch(client, server.url, b"again"))
            assert fault.kind is FaultKind.UNREACHABLE
            return len(server.requests)

    assert run_virtually(main()) == 2


async def test_the_connection_that_was_used_last_is_used_first() -> None:
    """So that those that nobody needs grow old."""
    async with reach(greet) as (client, server):
        async with client.open_post(server.url, {}, b"") as first:
            await fetch(client, server.url)
            assert await first.read() == b"hello"
            assert await first.read() == b""
        for _ in range(2):
            await fetch(client, server.url)
        assert [turn.connection for turn in server.requests] == [1, 2, 1, 1]


async def test_a_connection_that_has_grown_old_is_not_used() -> None:
    """Not even where the loop was kept from closing it in time."""
    async with reach(greet, HttpOptions(keepalive_s=0.05)) as (client, server):
        await fetch(client, server.url)
        time.sleep(0.1)  # noqa: ASYNC251 - what keeps the loop
        await fetch(client, server.url)
        assert server.connection_count == 2


def test_each_connection_is_closed_when_it_has_grown_old() -> None:
    """Though nobody asks any more, and not with the first of them."""
    ended: list[float] = []

    async def stay(turn: Turn) -> None:
        await greet(turn)
        await turn.reader.read()
        ended.append(asyncio.get_running_loop().time())
        turn.close()

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        async with reach(stay, HttpOptions(keepalive_s=10)) as (client, server):
            async with client.open_post(server.url, {}, b"") as first:
                await fetch(client, server.url)
                await asyncio.sleep(5)
                while await first.read():
                    pass
            await asyncio.sleep(30)
        return [round(at - began_at) for at in ended]

    assert run_virtually(main()) == [10, 15]


async def test_a_new_connection_that_breaks_says_nothing_of_those_that_are_kept() -> None:
    """A server that ends one at a request still has the others."""
    arrived, may_break = asyncio.Event(), asyncio.Event()

    async def greet_or_break(turn: Turn) -> None:
        if turn.body != b"break":
            await greet(turn)
            return
        arrived.set()
        await may_break.wait()
        turn.reset()

    async with reach(greet_or_break) as (client, server):
        async with client.open_post(server.url, {}, b"") as first:
            breaking = asyncio.create_task(fault_of(fetch(client, server.url, b"break")))
            await arrived.wait()
            while await first.read():
                pass
        may_break.set()
        assert (await breaking).kind is FaultKind.UNREACHABLE
        await fetch(client, server.url)
        assert server.connection_count == 2


def test_the_repr_tells_how_many_answers_are_open() -> None:
    """Tests and operators read it."""
    assert repr(Connections(HttpOptions(connections_max=7))) == "Connections(open=0 of 7)"
