from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.server import simulate
from tests.ports import free_port
from tests.simulation.virtual_loop import run_virtually
from tests.simulation.virtual_network import Link
from tests.unit.simulator.asking import NOW_S, Client, ask_request, hear_one
from tests.unit.simulator.cursor_recording import record_stream, sample_ask

ASK = ask_request(sample_ask("hi"))


def options(**changes: object) -> SimulatorOptions:
    """With a clock that stands still."""
    return SimulatorOptions(now_s=lambda: NOW_S, **changes)  # type: ignore[arg-type]  # passed on


async def test_it_serves_where_it_says() -> None:
    """On its port of the loopback, and no longer than its context."""
    port = free_port()
    async with CursorSimulator(options(port=port)) as simulator:
        assert simulator.url == f"http://127.0.0.1:{port}"
        assert repr(simulator).startswith(f"<Simulator http://127.0.0.1:{port}, 0 connections")
        assert (await hear_one(port, ASK)).body == record_stream(sample_ask("hi"))
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    with pytest.raises(RuntimeError, match="not serving"):
        _ = simulator.url


async def test_it_serves_with_default_options() -> None:
    """And may be left without having been asked anything."""
    async with CursorSimulator() as simulator:
        assert simulator.requests.maxlen == 1000


async def test_a_taken_port_is_an_error_at_once() -> None:
    """Not a simulator that answers nobody."""
    async with CursorSimulator(options()) as simulator:
        with pytest.raises(OSError, match="in use"):
            await CursorSimulator(options(port=simulator.port)).__aenter__()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 on this machine")
async def test_an_ipv6_address_is_written_in_brackets() -> None:
    """As addresses in URLs are."""
    try:
        async with CursorSimulator(options(host="::1")) as simulator:
            assert simulator.url == f"http://[::1]:{simulator.port}"
    except OSError:
        pytest.skip("no IPv6 loopback on this machine")


async def test_leaving_ends_answers_under_way() -> None:
    """Silent ones too, at once; no task is left."""
    before = len(asyncio.all_tasks())
    async with CursorSimulator(options(faults=Faults(silence=1))) as simulator:
        clients = [await Client.connect(simulator.port) for _ in range(5)]
        for client in clients:
            client.send(ASK)
        while simulator.active_count < 5:
            await asyncio.sleep(0.01)
        assert simulator.open_connection_count == 5
    assert len(asyncio.all_tasks()) == before
    for client in clients:
        with suppress(ConnectionError):
            assert await client.reader.read() == b""
        await client.close()


async def test_answers_run_side_by_side() -> None:
    """Twenty at a pace take as long as one."""
    faults = Faults(tokens_per_s=200)
    async with CursorSimulator(options(faults=faults)) as simulator, asyncio.timeout(10):
        heard = await asyncio.gather(*(hear_one(simulator.port, ASK) for _ in range(20)))
    assert {each.body for each in heard} == {
        record_stream(sample_ask("hi"), ordinal=ordinal) for ordinal in range(20)
    }


async def test_connections_are_bounded() -> None:
    """One too many is dropped; it is welcome when another has gone."""
    async with CursorSimulator(options(connections_max=1)) as simulator:
        async with await Client.connect(simulator.port) as first:
            first.send(ASK)
            await first.hear()
            async with await Client.connect(simulator.port) as second:
                with suppress(ConnectionError):
                    assert await second.reader.read() == b""
        while simulator.open_connection_count:
            await asyncio.sleep(0.01)
        assert (await hear_one(simulator.port, ASK)).status == 200


async def test_faults_and_scripts_can_change_while_it_serves() -> None:
    """An upstream that is down for a while, a credential that recovers."""
    down = Faults(http_error=1, http_status=503)
    async with CursorSimulator(options()) as simulator:
        statuses = []
        for faults in (Faults(), down, Faults()):
            simulator.use_faults(faults)
            statuses.append((await hear_one(simulator.port, ASK)).status)
        simulator.script("opaque", down, Faults())
        statuses += [(await hear_one(simulator.port, ASK)).status for _ in range(2)]
        assert statuses == [200, 503, 200, 503, 200]
        assert [request.ordinal for request in simulator.requests] == [0, 1, 2, 3, 4]
        await simulator.wait_idle()
        assert len(simulator.played) == 5


async def test_it_speaks_tls_where_it_is_given_a_certificate() -> None:
    """For tests of certificate checking."""
    server, client = (
        ssl.SSLContext(kind) for kind in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT)
    )
    pem = Path(__file__).parents[2] / "vectors" / "localhost.pem"
    if not pem.exists():
        pytest.skip("no certificate in tests/vectors")
    server.load_cert_chain(pem)
    client.load_verify_locations(pem)
    client.check_hostname = False
    async with CursorSimulator(options(tls=server)) as simulator:
        assert simulator.url.startswith("https://")
        streams = await asyncio.open_connection("127.0.0.1", simulator.port, ssl=client)
        async with Client(*streams) as asking:
            asking.send(ASK)
            assert (await asking.hear()).body == record_stream(sample_ask("hi"))


async def test_simulate_tells_its_address_and_runs_until_cancelled() -> None:
    """What the command line calls."""
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    port = free_port()
    far = CursorSimulator(options(port=port))
    running = asyncio.create_task(simulate(far, told.set_result))
    assert await asyncio.wait_for(told, 5) == f"http://127.0.0.1:{port}"
    assert (await hear_one(port, ASK)).status == 200
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


def test_what_is_left_of_a_closing_connection_leaves_it_in_peace() -> None:
    """Whoever says that he will send no more, and reads late, gets what was written by then."""
    told: list[object] = []

    async def main() -> bytes:
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: told.append(context)
        )
        faults = Faults(frames_per_write=100)
        async with CursorSimulator(options(faults=faults)) as simulator:
            client = await Client.connect(simulator.port)
            client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # reads late
            client.send(ASK)
            client.writer.write_eof()
            await asyncio.sleep(1.0)
            client.reader._transport.resume_reading()  # type: ignore[attr-defined]  # the same
            heard = await client.reader.read()
            await client.close()
            return heard

    assert run_virtually(main(), Link(buffer_bytes=300)).startswith(b"HTTP/1.1 200")
    assert told == []
