from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

import pytest

from cursor_api.simulator.connection import Connection
from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.cursor.responder import CursorResponder
from cursor_api.simulator.faults import Faults, Mishap
from cursor_api.simulator.framing import HEADERS_BYTES_MAX
from cursor_api.simulator.ledger import Ledger, PlayOutcome
from cursor_api.simulator.options import SimulatorOptions
from tests.unit.simulator.asking import (
    NOW_S,
    PATH,
    Client,
    Close,
    Heard,
    ask_request,
    good_headers,
    hear_one,
    raw_request,
)
from tests.unit.simulator.cursor_recording import record_stream, sample_ask

ASK = ask_request(sample_ask("hi"))
WHOLE = record_stream(sample_ask("hi"))


def serve(faults: Faults | None = None, **options: object) -> CursorSimulator:
    """One whose clock stands still."""
    settings = SimulatorOptions(faults=faults or Faults(), now_s=lambda: NOW_S, **options)  # type: ignore[arg-type]  # passed on
    return CursorSimulator(settings)


async def hear(faults: Faults) -> Heard:
    """One answer of a simulator with these faults."""
    async with serve(faults) as simulator:
        return await hear_one(simulator.port, ASK)


async def test_a_healthy_answer_is_chunked_http() -> None:
    """Status, headers, the whole body, a connection that is kept."""
    heard = await hear(Faults())
    assert heard.status == 200
    assert heard.headers == {
        "content-type": "application/connect+proto",
        "connect-content-encoding": "gzip",
        "connect-accept-encoding": "gzip",
        "transfer-encoding": "chunked",
    }
    assert (heard.body, heard.close) == (WHOLE, Close.KEPT)


async def test_a_connection_serves_one_request_after_another() -> None:
    """Also those that are sent ahead, in their order, and after plain errors."""
    async with serve() as simulator, await Client.connect(simulator.port) as client:
        client.send(ASK)
        assert (await client.hear()).body == WHOLE
        for request in (raw_request(target="/"), raw_request(method="PUT"), ASK):
            client.send(request)
            await client.hear()
        # A client may see the end before the server has written it down.
        await simulator.wait_idle()
        assert [exchange.ordinal for exchange in simulator.played] == [0, 1, 2, 3]
        assert simulator.connection_count == 1


async def test_a_request_sent_ahead_is_answered_in_its_turn() -> None:
    """Pipelined: the second waits for the first."""
    async with serve(Faults(tokens_per_s=400)) as simulator:
        async with await Client.connect(simulator.port) as client:
            client.send(ASK)
            await asyncio.sleep(0.05)
            client.send(raw_request(target="/"))
            raw = await asyncio.wait_for(client.reader.readuntil(b"HTTP/1.1 404"), 10)
        assert raw.count(b"HTTP/1.1 ") == 2


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_chunked_requests_are_accepted(size: int) -> None:
    """In chunks of any size, as connect-es sends them."""
    async with serve() as simulator, await Client.connect(simulator.port) as client:
        body = b"".join(
            f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
            for piece in (ASK.body[at : at + size] for at in range(0, len(ASK.body), size))
        )
        changes = {"transfer-encoding": "chunked"}
        client.send(raw_request(body + b"0\r\n\r\n", changes=changes))
        assert (await client.hear()).body == WHOLE


async def test_a_request_may_arrive_byte_by_byte() -> None:
    """Headers too."""
    async with serve() as simulator, await Client.connect(simulator.port) as client:
        head = [f"POST {PATH} HTTP/1.1", *(f"{k}: {v}" for k, v in good_headers().items())]
        head.append(f"content-length: {len(ASK.body)}")
        for byte in "\r\n".join([*head, "", ""]).encode() + ASK.body:
            client.writer.write(bytes((byte,)))
            await asyncio.sleep(0)
        assert (await client.hear()).body == WHOLE


async def test_whoever_waits_for_100_is_told_to_go_on() -> None:
    """`Expect: 100-continue`."""
    async with serve() as simulator, await Client.connect(simulator.port) as client:
        request = raw_request(b"", changes={"expect": "100-continue", "content-length": "168"})
        head = [f"POST {PATH} HTTP/1.1", *(f"{k}: {v}" for k, v in request.headers.items())]
        client.writer.write("\r\n".join([*head, "", ""]).encode())
        line = await asyncio.wait_for(client.reader.readline(), 5)
        assert line.startswith(b"HTTP/1.1 100 ")
        await client.reader.readline()
        client.writer.write(raw_request().body)
        assert (await client.hear()).status == 200


async def test_a_reset_before_the_headers_sends_nothing() -> None:
    """RST, not FIN."""
    heard = await hear(Faults(reset_before_headers=1))
    assert (heard.raw, heard.close) == (b"", Close.RST)


async def test_a_reset_in_the_middle_comes_after_what_was_sent() -> None:
    """Every byte before it arrives."""
    faults = Faults(reset_mid_stream=1, cut_at_bytes=900)
    heard = await hear(faults)
    assert (heard.body, heard.close) == (WHOLE[:900], Close.RST)


async def test_a_half_close_leaves_the_http_body_open() -> None:
    """FIN without the last chunk."""
    heard = await hear(Faults(half_close_mid_stream=1, cut_at_bytes=900))
    assert (heard.body, heard.close) == (WHOLE[:900], Close.FIN)


async def test_a_short_body_ends_cleanly() -> None:
    """HTTP sees nothing wrong; only the frames know."""
    heard = await hear(Faults(body_ends_mid_stream=1, cut_at_bytes=900))
    assert (heard.body, heard.close) == (WHOLE[:900], Close.KEPT)


async def test_plain_errors_have_their_headers() -> None:
    """Retry-After among them."""
    heard = await hear(Faults(http_error=1, http_status=429, retry_after_s=2))
    assert (heard.status, heard.headers["retry-after"]) == (429, "2")
    assert b"resource_exhausted" in heard.body


async def test_silence_lasts_and_then_resets() -> None:
    """Not a byte until then."""
    started_at = time.monotonic()
    heard = await hear(Faults(silence=1, silence_s=0.2))
    assert (heard.raw, heard.close) == (b"", Close.RST)
    assert time.monotonic() - started_at >= 0.2


async def test_delays_and_stalls_take_their_time() -> None:
    """Headers late, text late, a stall: together at least their sum, and nothing is lost."""
    faults = Faults(headers_delay_s=0.1, first_text_delay_s=0.1, stall_mid_stream=1, stall_s=0.1)
    started_at = time.monotonic()
    heard = await hear(faults)
    assert heard.body == WHOLE
    assert time.monotonic() - started_at >= 0.3


async def test_text_comes_at_the_pace_asked_for() -> None:
    """Fifty frames at 250 a second take a fifth of a second, however the timer wakes."""
    started_at = time.monotonic()
    heard = await hear(Faults(tokens_per_s=250))
    assert heard.body == WHOLE
    assert 0.15 < time.monotonic() - started_at < 20


async def test_one_byte_mode_is_a_chunk_a_byte() -> None:
    """The body is the same."""
    heard = await hear(Faults(split_bytes_max=1))
    # Another seed draw cuts the text elsewhere; its end is the same.
    assert heard.body.endswith(bytes.fromhex("02000000027b7d"))
    assert heard.raw.count(b"\r\n1\r\n") == len(heard.body)


Break = Callable[[Client], Awaitable[None]]


async def leave(client: Client) -> None:
    """Close."""
    await client.close()


async def abort(client: Client) -> None:
    """Reset."""
    client.writer.transport.abort()


async def flood(client: Client) -> None:
    """Send ahead more than anybody may."""
    client.writer.write(b"x" * (HEADERS_BYTES_MAX + 1))


@pytest.mark.parametrize("how", [leave, abort, flood])
@pytest.mark.parametrize("mishap", [Mishap.SILENCE, Mishap.STALL_MID_STREAM])
async def test_a_client_that_leaves_ends_its_answer_at_once(how: Break, mishap: Mishap) -> None:
    """Also one that is waiting for an hour."""
    faults = Faults(**{mishap.value: 1.0})  # type: ignore[arg-type]  # the enum's names
    async with serve(faults) as simulator:
        client = await Client.connect(simulator.port)
        client.send(ASK)
        while not simulator.active_count:
            await asyncio.sleep(0.01)
        await how(client)
        await asyncio.wait_for(simulator.wait_idle(), 10)
        (exchange,) = simulator.played
        assert exchange.outcome is PlayOutcome.CLIENT_LEFT
        assert exchange.mishaps == {mishap}
        await client.close()


async def test_a_reader_that_stands_still_holds_the_writer() -> None:
    """What is written is bounded by the sockets' buffers, not by the answer's length."""
    async with serve(Faults(answer_bytes=50_000_000, frames_per_write=200)) as simulator:
        client = await Client.connect(simulator.port)
        client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(ASK)
        await asyncio.sleep(0.5)
        await client.close()
        await asyncio.wait_for(simulator.wait_idle(), 10)
        (exchange,) = simulator.played
        assert exchange.outcome is PlayOutcome.CLIENT_LEFT
        assert exchange.body_bytes < 20_000_000


@pytest.mark.parametrize(
    "junk",
    [
        b"NOT HTTP\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nbig: " + b"x" * 2 * HEADERS_BYTES_MAX,
    ],
)
async def test_what_is_not_http_is_answered_and_closed(junk: bytes) -> None:
    """400 or 431, with the reason."""
    async with serve() as simulator, await Client.connect(simulator.port) as client:
        client.writer.write(junk)
        raw = await asyncio.wait_for(client.reader.read(), 5)
        assert raw.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
        assert b"connection: close" in raw.lower()


async def test_a_body_over_the_limit_is_refused_in_the_stream() -> None:
    """It is read to its end and thrown away, so that the answer can be read."""
    async with serve(request_bytes_max=1000) as simulator:
        heard = await hear_one(simulator.port, raw_request(bytes(100_000)))
        assert heard.status == 200
        assert b"resource_exhausted" in heard.body
        assert "larger than 1000 bytes" in simulator.requests[-1].refusal


async def test_idle_and_unfinished_connections_are_closed() -> None:
    """After their time."""
    async with serve(idle_timeout_s=0.05, request_timeout_s=0.05) as simulator:
        for sent in (b"", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc"):
            async with await Client.connect(simulator.port) as client:
                client.writer.write(sent)
                assert await asyncio.wait_for(client.reader.read(), 5) == b""


async def test_http_1_0_is_served_until_close() -> None:
    """Without chunks, ended by closing."""
    async with serve() as simulator, await Client.connect(simulator.port) as client:
        head = [f"POST {PATH} HTTP/1.0", *(f"{k}: {v}" for k, v in good_headers().items())]
        head.append(f"content-length: {len(ASK.body)}")
        client.writer.write("\r\n".join([*head, "", ""]).encode() + ASK.body)
        raw = await asyncio.wait_for(client.reader.read(), 5)
        assert raw.endswith(WHOLE)


async def test_the_same_seed_is_the_same_bytes_on_the_wire() -> None:
    """Status lines, headers and chunks included, for a whole row of requests."""
    faults = Faults(
        seed=11,
        http_error=0.15,
        reset_before_headers=0.1,
        half_close_mid_stream=0.15,
        malformed_message=0.15,
        trailing_bytes=0.15,
        error_mid_stream=0.15,
        split_bytes_max=50,
    )

    async def run() -> list[tuple[bytes, Close]]:
        async with serve(faults) as simulator:
            heard = [await hear_one(simulator.port, ASK) for _ in range(40)]
            return [(each.raw, each.close) for each in heard]

    first = await run()
    assert first == await run()
    assert len({close for _, close in first}) == 3


async def test_a_connection_shows_its_state() -> None:
    """For whoever debugs a test."""
    streams = [await asyncio.open_connection(sock=end) for end in socket.socketpair()]
    subject = Connection(
        streams[1], CursorResponder(SimulatorOptions()).respond, Ledger(1), SimulatorOptions()
    )
    assert repr(subject) == "<Connection 0 bytes ahead, wrote 0 bytes of the body>"
    for _, writer in streams:
        writer.close()


async def test_what_is_sent_ahead_is_never_lost() -> None:
    """A client that goes on the moment it has its answer may be quicker than the answer's end."""
    left, right = socket.socketpair()
    with left:
        _, writer = await asyncio.open_connection(sock=right)
        reader = asyncio.StreamReader()
        options = SimulatorOptions()
        connection = Connection(
            (reader, writer), CursorResponder(options).respond, Ledger(1), options
        )
        reader.feed_data(bytes(4 * HEADERS_BYTES_MAX))
        await connection._watch()
        kept_bytes = connection._requests.ahead_bytes
        assert kept_bytes > HEADERS_BYTES_MAX
        assert kept_bytes + len(await reader.read(4 * HEADERS_BYTES_MAX)) == 4 * HEADERS_BYTES_MAX
        writer.close()
        await writer.wait_closed()
