"""The gateway over TLS, before clients that are not ours."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import openai
import pytest

from cursor_api.simulator.faults import Faults
from cursor_api.simulator.options import SimulatorOptions
from tests.acceptance.background import upstream
from tests.acceptance.programs import Program, running
from tests.acceptance.sdk_clients import NODE
from tests.openai_stream import read_stream
from tests.serving import ask, parse_answer
from tests.waiting import until

VECTORS = Path(__file__).parents[1] / "vectors"
AUTHORITY = VECTORS / "tls" / "authority.pem"
RENEWED = VECTORS / "localhost.pem"
KEY = "a-key-for-tls-tests"
# An answer of about two seconds.
SLOW = Faults(tokens_per_s=60.0, answer_bytes=500)
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Its certificate can be replaced."""
    folder = tmp_path_factory.mktemp("tls")
    (folder / ".token").write_text("work::token-of-work\n")
    (folder / "cert.pem").write_bytes((VECTORS / "tls" / "good.pem").read_bytes())
    with upstream(SimulatorOptions(faults=SLOW)) as simulator:
        variables = {
            "PORT": "0",
            "AUTH_TOKEN": KEY,
            "CURSOR_BASE_URL": simulator.url,
            "TLS_CERT_FILE": "cert.pem",
        }
        command = [sys.executable, "-m", "cursor_api", "serve"]
        with running(command, folder, variables) as started:
            yield started


def trusting(file: Path = AUTHORITY) -> ssl.SSLContext:
    """A client's trust."""
    return ssl.create_default_context(cafile=file)


def test_sdks_work_over_it(program: Program) -> None:
    """OpenAI's, streamed and not; Node's own TLS; the banner says https."""
    assert f"{program.url}/v1 (console: {program.url}/tokeninfo)" in program.said()
    assert program.url.startswith("https://")
    with (
        httpx2.Client(verify=trusting()) as http,
        openai.OpenAI(base_url=f"{program.url}/v1", api_key=KEY, http_client=http) as client,
    ):
        chunks = client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": "/sim rate 0, bytes 40\nHello!"}],
            stream=True,
        )
        assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
        assert client.models.retrieve("gpt-4o-mini").id == "gpt-4o-mini"
    script = (
        f"fetch('{program.url}/v1/models').then(a => a.json()).then(b => console.log(b.object))"
    )
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(AUTHORITY)}
    done = subprocess.run(
        [NODE, "-e", script], env=environment, capture_output=True, check=True, timeout=30
    )
    assert done.stdout == b"list\n"


async def test_who_speaks_plain_http_is_told(program: Program) -> None:
    """A client whose address was not changed finds out why nothing works."""
    answer = await ask(program.port, "GET", "/v1/models")
    assert answer.status == 400
    assert "use https://" in answer.json()["error"]["message"]


def test_a_refusal_can_be_read_while_the_body_still_comes(program: Program) -> None:
    """TLS has no end of one side alone, so the connection waits a little for the client's."""
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx2.Client(verify=trusting(), headers=headers) as http:
        answer = http.post(f"{program.url}/v1/chat/completions", content=b" " * (16 * MIB))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", ["TLSv1_1", "TLSv1_2", "TLSv1_3"])
async def test_old_versions_are_refused(program: Program, version: str) -> None:
    """1.2 and 1.3 are spoken, with a client that names no host."""
    tls = trusting()
    tls.check_hostname = False
    tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    tls.minimum_version = tls.maximum_version = ssl.TLSVersion[version]
    connecting = asyncio.open_connection("127.0.0.1", program.port, ssl=tls, server_hostname="")
    if version == "TLSv1_1":
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await connecting
        return
    _, writer = await connecting
    assert writer.get_extra_info("ssl_object").version() == version.replace("_", ".")
    await end(writer)


async def end(writer: asyncio.StreamWriter) -> None:
    """Close it in due form, if the other side still wants to hear of that."""
    writer.close()
    with suppress(ssl.SSLError, ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def connected(
    program: Program, trust: ssl.SSLContext
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection by name."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", program.port, ssl=trust, server_hostname="localhost"
    )
    try:
        yield reader, writer
    finally:
        await end(writer)


async def hang_up(program: Program, words: str) -> str:
    """SIGHUP, and what was said until the words came."""
    before = len(program.said())
    program.process.send_signal(signal.SIGHUP)
    await until(lambda: words in program.said()[before:])
    return program.said()[before:]


async def test_a_renewed_certificate_is_shown_from_the_next_connection_on(
    program: Program,
) -> None:
    """A stream goes on meanwhile; a file that cannot be used is refused and the old one serves."""
    body = json.dumps(
        {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    ).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    cert = program.output.parent / "cert.pem"
    async with connected(program, trusting()) as (reader, writer):
        writer.write(head.encode() + body)
        begun = await reader.readuntil(b"data: ")
        cert.write_bytes(RENEWED.read_bytes())
        assert "2120-" in await hang_up(program, "certificate reloaded")
        with pytest.raises(ssl.SSLCertVerificationError):
            async with connected(program, trusting()):
                pass
        cert.write_text("nonsense")
        # Not the word about credentials, which the first reload may still have to say.
        await hang_up(program, "cert.pem holds no certificate")
        async with connected(program, trusting(RENEWED)):
            pass
        text = read_stream(parse_answer(begun + await reader.read()).body).text
        assert len(text) == SLOW.answer_bytes
