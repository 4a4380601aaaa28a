"""Every way in which a network fails, and the fault that it becomes."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from typing import Any

import pytest

from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.transport.client import HttpClient, HttpOptions, Timeouts
from cursor_api.transport.dialing import Names
from cursor_api.transport.errors import CertificateError
from cursor_api.transport.faults import (
    CERTIFICATE_FLAWS,
    SHORTAGES,
    flaw_of_certificate,
)
from cursor_api.transport.line import INTERIM_MAX
from cursor_api.transport.tls import system_tls
from tests.http_stage import TwoAddresses
from tests.scripted_server import Handler, ScriptedServer, Turn
from tests.simulation.virtual_loop import run_virtually

OPTIONS = HttpOptions(connect_timeout_s=5)
QUICK = Timeouts(first_token_s=0.2, idle_s=0.2)
# For what has to come: a busy machine is no fault of the network.
PATIENT = Timeouts(first_token_s=30, idle_s=30)


async def ask(client: HttpClient, url: str, timeouts: Timeouts = PATIENT) -> bytes:
    """A whole answer's body."""
    pieces = []
    async with client.open_post(url, {}, b"question", timeouts) as answer:
        while data := await answer.read():
            answer.mark_first_text()
            pieces.append(data)
        answer.mark_finished()
    return b"".join(pieces)


async def fault_from(handler: Handler, timeouts: Timeouts = PATIENT) -> Fault:
    """What asking this server ends with."""
    async with ScriptedServer(handler) as server, HttpClient(OPTIONS) as client:
        with pytest.raises(Fault) as caught:
            await ask(client, server.url, timeouts)
        assert client.open_count == 0
        assert caught.value.__cause__ is not None
        return caught.value


def timed_fault_from(handler: Handler, timeouts: Timeouts) -> tuple[Fault, float]:
    """The same, and after how many seconds of virtual time."""

    async def main() -> tuple[Fault, float]:
        return await fault_from(handler, timeouts), asyncio.get_running_loop().time()

    return run_virtually(main())


@pytest.mark.parametrize("number", SHORTAGES)
@pytest.mark.parametrize("names", [Names(), TwoAddresses()], ids=["one", "two"])
async def test_what_this_machine_has_none_left_of_is_no_endpoints_fault(
    monkeypatch: pytest.MonkeyPatch, names: Names, number: int
) -> None:
    """Without a descriptor nobody can be asked: the gateway says so, and when to come back."""

    def make_none(*_: object, **__: object) -> socket.socket:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "socket", make_none)
    async with HttpClient(OPTIONS, names=names) as client:
        for _ in range(2):
            with pytest.raises(Fault) as caught:
                await ask(client, "http://127.0.0.1:1")
            fault = caught.value
            assert (fault.kind, fault.scope) == (FaultKind.OVERLOADED, Scope.GATEWAY)
            assert fault.retry_after_s == 1
            assert SHORTAGES[number] in fault.message
        assert client.open_count == 0


async def test_no_answer_at_all_is_a_time_out_before_the_first_byte() -> None:
    """A server that takes the request and says nothing is given up, and the message says when."""

    async def silent(turn: Turn) -> None:
        await turn.gone()

    fault = await fault_from(silent, QUICK)
    assert (fault.kind, fault.scope) == (FaultKind.UPSTREAM_TIMEOUT, Scope.ENDPOINT)
    assert fault.message == "127.0.0.1 gave no word of an answer within 0.2 s."


def test_a_head_without_a_body_is_the_same_time_out() -> None:
    """Headers are not an answer: the limit runs on until the first byte of the body."""

    async def head_only(turn: Turn) -> None:
        await asyncio.sleep(0.6)
        await turn.head()
        await turn.gone()

    fault, after_s = timed_fault_from(head_only, Timeouts(first_token_s=0.8, idle_s=5))
    assert after_s == pytest.approx(0.8, abs=0.01)
    assert fault.message == "127.0.0.1 gave no word of an answer within 0.8 s."


def test_silence_in_the_middle_is_a_time_out_of_its_own() -> None:
    """A stall after the first byte is told apart; the idle limit may be the shorter one."""

    async def stall(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(b"x")
        await turn.gone()

    fault, after_s = timed_fault_from(stall, Timeouts(first_token_s=30, idle_s=0.15))
    assert after_s == pytest.approx(0.15, abs=0.01)
    assert fault.kind is FaultKind.UPSTREAM_TIMEOUT
    assert fault.message == "127.0.0.1 fell silent in the middle of its answer, for 0.15 s."


def test_the_idle_limit_starts_again_with_every_read() -> None:
    """A slow but living answer may take longer than the limit."""

    async def slow(turn: Turn) -> None:
        await turn.head()
        for _ in range(8):
            await turn.chunk(b"x")
            await asyncio.sleep(0.15)
        await turn.end()

    async def main() -> bytes:
        async with ScriptedServer(slow) as server, HttpClient(OPTIONS) as client:
            return await ask(client, server.url, Timeouts(first_token_s=5, idle_s=1))

    assert run_virtually(main()) == b"x" * 8


@pytest.mark.parametrize("head_s", [0, 0.05])
def test_a_reader_that_pauses_is_not_the_upstreams_silence(head_s: float) -> None:
    """Time that passes between reads counts against nobody, had he to wait for the first or not."""

    async def two(turn: Turn) -> None:
        await turn.head()
        await asyncio.sleep(head_s)
        await turn.chunk(b"one")
        await asyncio.sleep(0.05)
        await turn.chunk(b"two")
        await turn.end()

    async def main() -> None:
        async with (
            ScriptedServer(two) as server,
            HttpClient(OPTIONS) as client,
            client.open_post(server.url, {}, b"", Timeouts(first_token_s=1)) as answer,
        ):
            assert await answer.read() == b"one"
            answer.mark_first_text()
            await asyncio.sleep(1.3)
            assert await answer.read() == b"two"
            assert await answer.read() == b""

    run_virtually(main())


async def test_a_connection_that_cannot_be_made_in_time_says_so() -> None:
    """TLS belongs to connecting: a listener that never shakes hands is no connection."""
    is_over = asyncio.Event()
    # Read for the process's first connection, which may take as long here.
    system_tls()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.transport.abort()
        is_over.set()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, HttpClient(HttpOptions(connect_timeout_s=0.2)) as client:
        with pytest.raises(Fault) as caught:
            await ask(client, f"https://127.0.0.1:{port}", Timeouts())
        async with asyncio.timeout(5):
            await is_over.wait()
    assert caught.value.kind is FaultKind.UNREACHABLE
    assert caught.value.message == "No connection to 127.0.0.1 within 0.2 s."


async def test_a_refused_connection_is_unreachable() -> None:
    """Nobody listens."""
    async with HttpClient(OPTIONS) as client:
        with pytest.raises(Fault) as caught:
            await ask(client, "http://127.0.0.1:1")
    assert caught.value.kind is FaultKind.UNREACHABLE
    assert caught.value.message == "127.0.0.1 refuses connections or cannot be reached."


async def test_a_name_without_an_address_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """`.invalid` never resolves (RFC 2606); it is asked for once."""
    asked: list[str] = []
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo

    async def counted(host: str, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return await resolve(host, *rest, **more)

    monkeypatch.setattr(loop, "getaddrinfo", counted)
    async with HttpClient(HttpOptions()) as client:
        with pytest.raises(Fault) as caught:
            await ask(client, "http://nowhere.invalid")
    assert caught.value.kind is FaultKind.UNREACHABLE
    assert "nowhere.invalid has no address" in caught.value.message
    assert asked == ["nowhere.invalid"]


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_new_connection_that_breaks_before_the_head_is_not_tried_again(how: str) -> None:
    """Whoever asks decides that."""
    count = 0

    async def break_off(turn: Turn) -> None:
        nonlocal count
        count += 1
        getattr(turn, how)()

    fault = await fault_from(break_off)
    assert (fault.kind, count) == (FaultKind.UNREACHABLE, 1)
    assert fault.message == "127.0.0.1 closed the connection before it answered."


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_kept_connection_found_dead_is_one_attempt_and_the_next_has_a_new_one(
    how: str,
) -> None:
    """A server that takes a request and drops it looks just so; it is asked as often as we count.

    Others that were kept may be dead as well: they are not tried one by one.
    """
    both_asked = asyncio.Barrier(2)

    async def at_first(turn: Turn) -> None:
        if len(server.requests) <= 2:
            await both_asked.wait()
            await turn.answer(b"fine")
        elif turn.connection <= 2:
            getattr(turn, how)()
        else:
            await turn.answer(b"fine")

    async with ScriptedServer(at_first) as server, HttpClient(OPTIONS) as client:
        await asyncio.gather(ask(client, server.url), ask(client, server.url))
        with pytest.raises(Fault) as caught:
            await ask(client, server.url)
        assert caught.value.kind is FaultKind.UNREACHABLE
        assert len(server.requests) == 3
        assert await ask(client, server.url) == b"fine"
        assert [turn.connection for turn in server.requests][3:] == [3]


async def test_connections_are_kept_again_after_one_was_found_dead() -> None:
    """Those that are made afterwards are as good as any."""

    async def second(turn: Turn) -> None:
        if len(server.requests) == 2:
            turn.close()
        else:
            await turn.answer(b"fine")

    async with ScriptedServer(second) as server, HttpClient(OPTIONS) as client:
        await ask(client, server.url)
        with pytest.raises(Fault):
            await ask(client, server.url)
        await ask(client, server.url)
        await ask(client, server.url)
        assert [turn.connection for turn in server.requests] == [1, 1, 2, 2]


INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("head", [INTERIM, b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"])
async def test_an_answer_may_have_a_few_interim_ones_in_front(head: bytes) -> None:
    """On one connection time after time."""

    async def polite(turn: Turn) -> None:
        await turn.write(head * INTERIM_MAX)
        await turn.answer(b"fine")

    async with ScriptedServer(polite) as server, HttpClient(OPTIONS) as client:
        for _ in range(3):
            assert await ask(client, server.url) == b"fine"
        assert {turn.connection for turn in server.requests} == {1}


@pytest.mark.parametrize("pause_s", [0.0, 0.01])
async def test_a_flood_of_interim_answers_is_a_fault_at_once(pause_s: float) -> None:
    """In one read or bit by bit, long before the time is up: it costs no memory."""

    async def flood(turn: Turn) -> None:
        while True:
            await turn.write(INTERIM * (1 if pause_s else 10_000))
            await asyncio.sleep(pause_s)

    assert (await fault_from(flood)).kind is FaultKind.PROTOCOL_ERROR


async def test_an_answer_that_has_begun_is_not_asked_for_again() -> None:
    """Half a status line on a kept connection is an answer that began."""

    async def half(turn: Turn) -> None:
        if len(server.requests) == 1:
            await turn.answer(b"fine")
        else:
            await turn.write(b"HTTP/1.1 200 OK\r\ncontent-le")
            turn.close()

    async with ScriptedServer(half) as server, HttpClient(OPTIONS) as client:
        await ask(client, server.url)
        with pytest.raises(Fault):
            await ask(client, server.url)
        assert len(server.requests) == 2


async def test_what_is_not_http_is_a_protocol_error() -> None:
    """An SSH banner, say."""

    async def banner(turn: Turn) -> None:
        await turn.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        turn.close()

    assert (await fault_from(banner)).kind is FaultKind.PROTOCOL_ERROR


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("framing", ["chunked", "length"])
async def test_a_body_cut_short_is_incomplete(framing: str, how: str) -> None:
    """Neither kind of body may stop before its stated end."""

    async def cut(turn: Turn) -> None:
        if framing == "chunked":
            await turn.head()
            await turn.chunk(b"some")
        else:
            await turn.head(transfer_encoding="", content_length="10")
            await turn.write(b"some")
        await asyncio.sleep(0.05)
        getattr(turn, how)()

    fault = await fault_from(cut)
    assert fault.kind is FaultKind.INCOMPLETE
    assert fault.message == "127.0.0.1 broke off in the middle of its answer."


async def test_a_malformed_chunk_is_incomplete() -> None:
    """Bytes where a chunk's length belongs end the answer, long before the idle limit."""

    async def malformed(turn: Turn) -> None:
        await turn.head()
        await turn.chunk(b"some")
        await asyncio.sleep(0.05)
        await turn.write(b"zz not a length\r\n")
        await turn.gone()

    assert (await fault_from(malformed, Timeouts())).kind is FaultKind.INCOMPLETE


def refused(code: int, message: str) -> CertificateError:
    """A certificate that OpenSSL says this of."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return CertificateError(error)


@pytest.mark.parametrize("code", CERTIFICATE_FLAWS)
def test_a_certificates_flaw_is_the_end_of_a_sentence(code: int) -> None:
    """In words of ours, whatever OpenSSL's are."""
    error = refused(code, "words")
    assert flaw_of_certificate(error, "CA") == CERTIFICATE_FLAWS[code].format(ca_setting="CA")


def test_any_other_flaw_is_told_in_openssls_words() -> None:
    """A revoked one, say; and an error that is about no certificate has no flaw."""
    error = refused(23, "certificate revoked")
    assert flaw_of_certificate(error, "CA") == "is not trusted: certificate revoked"
    assert flaw_of_certificate(ConnectionResetError(), "CA") == ""
