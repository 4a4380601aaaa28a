"""Where a credential goes: to the configured address, over verified TLS, and nowhere else."""

from __future__ import annotations

import asyncio
import itertools
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.wire.connect import encode_end_stream, encode_envelope
from cursor_api.wire.protobuf import field_string
from tests.acceptance.in_process import MODEL, gateway_before
from tests.openai_stream import read_answer
from tests.scripted_server import ScriptedServer, Turn

VECTORS = Path(__file__).parents[1] / "vectors"
TLS = VECTORS / "tls"
PATH = "/aiserver.v1.AiService/StreamChat"
CHAT_PATH = "/v1/chat/completions"


class Recorder:
    """A listener where nobody has any business; keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    @asynccontextmanager
    async def listen(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        """Listen on a free port, which is given."""

        async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.heard.append(b"")
            with suppress(OSError):
                self.heard.append(await reader.read(65536))
            writer.close()

        server = await asyncio.start_server(hear, "127.0.0.1", 0, ssl=tls)
        async with server:
            yield server.sockets[0].getsockname()[1]


def server_tls(name: str) -> ssl.SSLContext:
    """A server with one of the test certificates."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(VECTORS / f"{name}.pem")
    return tls


# --- Redirects and what else points elsewhere.

REDIRECTS = (300, 301, 302, 303, 305, 307, 308)
PLACES = (
    "http://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/",
    "//127.0.0.1:{port}/x",
    "http://user:password@127.0.0.1:{port}/",
    "/elsewhere",
    "elsewhere",
    "?again=1",
)


async def test_no_redirect_is_followed() -> None:
    """Whatever the status and the place: 502, nothing at the place, nothing at another path."""
    answers: list[tuple[int, str]] = []

    async def point_elsewhere(turn: Turn) -> None:
        status, place = answers[-1]
        await turn.answer(
            b"<a href=/elsewhere>moved</a>",
            status,
            content_type="text/html",
            location=place,
            content_location=place,
            refresh=f"0; url={place}",
            link=f"<{place}>; rel=canonical",
            alt_svc=f'h2="{place.removeprefix("http://")}"',
        )

    recorder = Recorder()
    # Every one of them is to be asked, once.
    patient = {"GATEWAY_BREAKER_FAILURES": "0", "GATEWAY_ATTEMPTS_MAX": "1"}
    async with (
        recorder.listen() as port,
        ScriptedServer(point_elsewhere) as far,
        gateway_before(far.url, environment=patient) as gateway,
    ):
        for status, place in itertools.product(REDIRECTS, PLACES):
            answers.append((status, place.format(port=port)))
            answer = await gateway.chat("Hello")
            assert answer.status >= 500, (status, place, answer)
            assert str(port).encode() not in answer.body
        lines = [turn.line for turn in far.requests]
    assert recorder.heard == []
    assert lines == [f"POST {PATH} HTTP/1.1"] * len(answers)


async def test_a_whole_answer_that_points_elsewhere_is_only_an_answer() -> None:
    """Nothing that stands beside an answer is remembered: no cookie, no other address."""

    async def answer(turn: Turn) -> None:
        text = encode_envelope(field_string(1, "Hello."))
        place = f"http://127.0.0.1:{port}/"
        await turn.answer(
            text + encode_end_stream(),
            location=place,
            refresh=f"0; url={place}",
            alt_svc=f'h2=":{port}"; ma=3600; persist=1',
            set_cookie="session=planted; Path=/; Max-Age=3600",
            strict_transport_security="max-age=3600",
        )

    recorder = Recorder()
    async with (
        recorder.listen() as port,
        ScriptedServer(answer) as far,
        gateway_before(far.url) as gateway,
    ):
        for _ in range(3):
            assert (await gateway.chat("Hello")).status == 200
        assert {turn.line for turn in far.requests} == {f"POST {PATH} HTTP/1.1"}
        assert not any("cookie" in turn.headers for turn in far.requests)
    assert recorder.heard == []


# --- The address is the configuration's.


def places_in_headers(place: str) -> list[dict[str, str]]:
    """Headers that say to some program or other where a request should go."""
    url = f"http://{place}"
    return [
        {"Host": place},
        {"X-Forwarded-Host": place, "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"},
        {"Forwarded": f"host={place};proto=http"},
        {"X-Forwarded-Server": place, "X-Host": place, "X-HTTP-Host-Override": place},
        {"X-Original-URL": url, "X-Rewrite-URL": url, "X-Original-Host": place},
        {"X-Cursor-Base-Url": url, "X-Base-Url": url, "X-Upstream": url, "X-Target-Url": url},
        {"OpenAI-Base-Url": url, "CURSOR_BASE_URL": url, "Cursor-Base-Url": url},
        {"Proxy": url, "X-Proxy": url, "Proxy-Authorization": "Basic dTpw"},
        {"Referer": url, "Origin": url, "Via": f"1.1 {place}", "Location": url},
    ]


def places_in_bodies(place: str) -> list[dict[str, Any]]:
    """The same as fields of a chat request."""
    url = f"http://{place}/v1"
    return [
        {name: url}
        for name in ("base_url", "api_base", "endpoint", "url", "host", "proxy", "webhook_url")
    ] + [{"metadata": {"base_url": url}, "user": url, "extra_body": {"base_url": url}}]


async def test_no_request_says_where_a_credential_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Host, no target, no header, no field, and no proxy that the machine has for others."""
    recorder = Recorder()
    async with recorder.listen() as port, CursorSimulator() as far:
        place = f"127.0.0.1:{port}"
        proxies: dict[str, str] = {}
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            proxies |= dict.fromkeys((name, name.lower()), f"http://{place}")
        for name, value in proxies.items():
            monkeypatch.setenv(name, value)
        async with gateway_before(far.url, environment=proxies) as gateway:
            for headers in places_in_headers(place):
                assert (await gateway.chat("Hello", headers=headers)).status == 200, headers
            for fields in places_in_bodies(place):
                assert (await gateway.chat("Hello", **fields)).status == 200, fields
            for target in (f"http://{place}{CHAT_PATH}", f"https://{place}{CHAT_PATH}"):
                body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
                answer = await gateway.ask("POST", target, body=json.dumps(body).encode())
                assert answer.status in {200, 404}, target
        asked = {(one.method, one.target, one.headers["host"]) for one in far.requests}
        assert asked == {("POST", PATH, far.url.removeprefix("http://"))}
    assert recorder.heard == []


async def test_an_image_is_never_fetched() -> None:
    """A gateway that fetches what it is told to reaches where its caller cannot."""
    recorder = Recorder()
    async with (
        recorder.listen() as port,
        CursorSimulator() as far,
        gateway_before(far.url) as gateway,
    ):
        for url in (f"http://127.0.0.1:{port}/a.png", f"https://127.0.0.1:{port}", "file:///etc"):
            for image in ({"url": url}, {"url": url, "detail": "low"}):
                parts = [{"type": "image_url", "image_url": image}]
                body = {"model": MODEL, "messages": [{"role": "user", "content": parts}]}
                answer = await gateway.post(json.dumps(body).encode())
                assert answer.status == 400, answer
        assert list(far.requests) == []
    assert recorder.heard == []


# --- TLS.

FLAWED = {
    "localhost": "is signed by nobody whom this machine trusts",
    "tls/expired": "has expired",
    "tls/future": "is not valid yet",
    "tls/other_host": "is for another host",
    "tls/client": "is not one for a server",
}


@pytest.mark.parametrize("name", FLAWED)
async def test_a_certificate_with_a_flaw_fails_and_says_why(name: str) -> None:
    """502 that names the host and the flaw; not a byte of a request is sent."""
    variables = {"CURSOR_CA_FILE": str(TLS / "authority.pem")}
    async with (
        CursorSimulator(SimulatorOptions(tls=server_tls(name))) as far,
        gateway_before(far.url, environment=variables) as gateway,
    ):
        answer = await gateway.chat("Hello")
        assert list(far.requests) == []
    assert answer.status == 502
    error = answer.json()["error"]
    assert error["code"] == "upstream_unreachable"
    assert error["message"].startswith(f"The TLS certificate of 127.0.0.1 {FLAWED[name]}")


async def test_a_private_authority_counts_where_it_is_named_and_nowhere_else() -> None:
    """The same server, with CURSOR_CA_FILE and without."""
    async with CursorSimulator(SimulatorOptions(tls=server_tls("tls/good"))) as far:
        assert far.url.startswith("https://")
        async with gateway_before(far.url) as gateway:
            answer = await gateway.chat("Hello")
            assert answer.status == 502
            assert FLAWED["localhost"] in answer.json()["error"]["message"]
            assert list(far.requests) == []
        variables = {"CURSOR_CA_FILE": str(TLS / "authority.pem")}
        async with gateway_before(far.url, environment=variables) as gateway:
            answer = await gateway.chat("Hello")
            assert read_answer(answer.body).choices[0].finish_reason == "stop"
        by_name = far.url.replace("127.0.0.1", "localhost")
        async with gateway_before(by_name, environment=variables) as gateway:
            assert (await gateway.chat("Hello")).status == 200
        assert len(far.requests) == 2


def old_tls() -> ssl.SSLContext:
    """A server that speaks nothing newer than TLS 1.1."""
    tls = server_tls("tls/good")
    tls.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.deprecated_call():
        tls.minimum_version = ssl.TLSVersion.TLSv1
        tls.maximum_version = ssl.TLSVersion.TLSv1_1
    return tls


async def speaks_old_tls(port: int) -> bool:
    """Whether somebody less particular can talk to that server on this machine."""
    tls = ssl.create_default_context(cafile=TLS / "authority.pem")
    tls.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.deprecated_call():
        tls.minimum_version = ssl.TLSVersion.TLSv1
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    except (OSError, ssl.SSLError):
        return False
    writer.close()
    return True


async def test_tls_before_1_2_is_refused() -> None:
    """A server that has nothing better gets no credential."""
    variables = {"CURSOR_CA_FILE": str(TLS / "authority.pem")}
    async with (
        CursorSimulator(SimulatorOptions(tls=old_tls())) as far,
        gateway_before(far.url, environment=variables) as gateway,
    ):
        if not await speaks_old_tls(far.port):
            pytest.skip("this machine's OpenSSL has no TLS 1.1 to refuse")
        answer = await gateway.chat("Hello")
        assert list(far.requests) == []
    assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_unreachable")
    # Whether an alert or only the end of the connection arrives is the event loop's doing.
    assert answer.json()["error"]["message"].startswith("127.0.0.1 ")


async def test_verification_cannot_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by a setting nor by what other programs take for one."""
    for name in (
        "CURSOR_TLS_VERIFY",
        "CURSOR_INSECURE",
        "NODE_TLS_REJECT_UNAUTHORIZED",
        "PYTHONHTTPSVERIFY",
        "SSL_NO_VERIFY",
        "CURL_INSECURE",
    ):
        monkeypatch.setenv(name, "0")
    async with (
        CursorSimulator(SimulatorOptions(tls=server_tls("localhost"))) as far,
        gateway_before(far.url) as gateway,
    ):
        assert (await gateway.chat("Hello", headers={"Host": "localhost"})).status == 502
        assert list(far.requests) == []


@asynccontextmanager
async def tunnels(heads: list[bytes], seen: list[bytes]) -> AsyncIterator[int]:
    """A proxy that tunnels; keeps the heads of what it is asked and all that passes upwards."""

    async def pass_on(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: list[bytes]
    ) -> None:
        while data := await reader.read(65536):
            kept.append(data)
            writer.write(data)
        writer.close()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        host, _, port = heads[-1].split(b" ")[1].decode().rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(OSError):
            await asyncio.gather(pass_on(reader, far_writer, seen), pass_on(far_reader, writer, []))

    server = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_proxy_learns_where_a_tls_upstream_is_and_nothing_else() -> None:
    """Name and password are for it alone; what passes through is sealed."""
    heads: list[bytes] = []
    seen: list[bytes] = []
    async with (
        CursorSimulator(SimulatorOptions(tls=server_tls("tls/good"))) as far,
        tunnels(heads, seen) as port,
    ):
        variables = {
            "CURSOR_CA_FILE": str(TLS / "authority.pem"),
            "CURSOR_PROXY": f"http://me:p%40ss@127.0.0.1:{port}",
        }
        async with gateway_before(far.url, environment=variables) as gateway:
            assert (await gateway.chat("Hello")).status == 200
        (request,) = far.requests
        place = far.url.removeprefix("https://")
    assert heads
    assert all(head.startswith(f"CONNECT {place} ".encode()) for head in heads)
    assert all(b"Proxy-Authorization: Basic bWU6cEBzcw==" in head for head in heads)
    assert "proxy-authorization" not in request.headers
    assert seen
    assert all(b"a-session-token-for-tests" not in data for data in seen)
