"""The examples of deploy/nginx, deploy/caddy and deploy/haproxy, run before a gateway and behind.

`make proxies-check`; not part of the suite. Each file is taken as it is but for its port, its
certificate and the gateway's address.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import subprocess
import textwrap
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.acceptance.in_process import KEY, Gateway, gateway_before
from tests.ports import free_port
from tests.proxies.upstream import TOML, Upstream, body
from tests.scripted_server import ScriptedServer, Turn

ROOT = Path(__file__).parents[2]
CERTIFICATE = ROOT / "tests/vectors/tls/good.pem"
AUTHORITY = ROOT / "tests/vectors/tls/authority.pem"
NGINX = """\
daemon off;
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    include {folder}/site;
}}
"""
CADDY = "{{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system {folder}\n}}\n"
OK, UNAUTHORIZED, TOO_LARGE = 200, 401, 413
CHAT = "/v1/chat/completions"


class Places(NamedTuple):
    """Where a proxy listens, where it leads, and a folder of its own. `more` is HAProxy's."""

    port: int
    behind: int
    folder: Path
    more: str = ""


def change(path: str, *changes: tuple[str, str]) -> str:
    """An example's text; each change is of something that is in it."""
    text = (ROOT / "deploy" / path).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx(places: Places) -> list[str]:
    """The command that starts it."""
    certificates = [f"/etc/ssl/ai.example.com/{name}.pem" for name in ("fullchain", "privkey")]
    site = change(
        "nginx/cursor-api.conf",
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{places.port} ssl http2;"),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("127.0.0.1:3000", f"127.0.0.1:{places.behind}"),
        *((path, str(CERTIFICATE)) for path in certificates),
    )
    (places.folder / "site").write_text(site)
    (places.folder / "nginx.conf").write_text(NGINX.format(folder=places.folder))
    return ["nginx", "-c", str(places.folder / "nginx.conf"), "-e", "stderr"]


def caddy(places: Places) -> list[str]:
    """The command that starts it."""
    site = change(
        "caddy/Caddyfile",
        (
            "ai.example.com {",
            f"https://127.0.0.1:{places.port} {{\n\ttls {CERTIFICATE} {CERTIFICATE}",
        ),
        ("127.0.0.1:3000", f"127.0.0.1:{places.behind}"),
    )
    path = places.folder / "Caddyfile"
    path.write_text(CADDY.format(folder=places.folder) + site)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(path)]


def haproxy(places: Places) -> list[str]:
    """The command that starts it."""
    text = change(
        "haproxy/haproxy.cfg",
        ("bind :443 ", f"bind 127.0.0.1:{places.port} "),
        ("/etc/ssl/ai.example.com/both.pem", str(CERTIFICATE)),
        ("127.0.0.1:3000", f"127.0.0.1:{places.behind}"),
    )
    path = places.folder / "haproxy.cfg"
    path.write_text(text + places.more)
    return ["haproxy", "-db", "-f", str(path)]


PROXIES = {"nginx": nginx, "caddy": caddy, "haproxy": haproxy}


@pytest.fixture(params=PROXIES)
def name(request: pytest.FixtureRequest) -> str:
    """Each of them that is here."""
    found: str = request.param
    if shutil.which(found) is None:
        if os.environ.get("REQUIRE_SERVERS"):
            pytest.fail(f"{found} is not here; Debian has it in the package {found}")
        pytest.skip(f"no {found} here (Debian: apt-get install {found})")
    return found


@asynccontextmanager
async def proxy(name: str, behind: int, folder: Path, more: str = "") -> AsyncIterator[str]:
    """The proxy before this port; gives its address."""
    port = free_port()
    command = PROXIES[name](Places(port, behind, folder, more))
    environment = {**os.environ, "HOME": str(folder)}
    log = (folder / "log").open("wb")
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=log, stderr=log
    )
    try:
        for _ in range(500):
            assert process.returncode is None, (folder / "log").read_text()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                break
        yield f"https://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        log.close()


class Stage(NamedTuple):
    """A proxy before a gateway before an upstream."""

    url: str
    upstream: Upstream


@asynccontextmanager
async def stage(name: str, folder: Path) -> AsyncIterator[Stage]:
    """All three of them."""
    upstream = Upstream()
    async with ScriptedServer(upstream.serve) as server:
        toml = folder / "cursor-api.toml"
        toml.write_text(TOML.format(url=server.url))
        more = {"GATEWAY_CONFIG": str(toml), "GATEWAY_TRUSTED_PROXIES": "127.0.0.1"}
        async with (
            gateway_before(server.url, environment=more, tokens=()) as gateway,
            proxy(name, gateway.port, folder) as url,
        ):
            yield Stage(url, upstream)


async def curl(url: str, question: str, version: str) -> asyncio.subprocess.Process:
    """A streamed chat by a client that shows each piece as it comes."""
    return await asyncio.create_subprocess_exec(
        *("curl", "-sN", f"--{version}", "--cacert", str(AUTHORITY), "-d"),
        *(body(question, is_stream=True), "-H", "Content-Type: application/json"),
        *("-H", f"Authorization: Bearer {KEY}", f"{url}{CHAT}"),
        stdout=asyncio.subprocess.PIPE,
    )


async def first_piece(client: asyncio.subprocess.Process) -> bytes:
    """What comes up to the first word."""
    assert client.stdout is not None
    async with asyncio.timeout(10):
        return await client.stdout.readuntil(b"first ")


def asking() -> httpx.AsyncClient:
    """A client that trusts the tests' authority and has the key."""
    context = ssl.create_default_context(cafile=str(AUTHORITY))
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    return httpx.AsyncClient(verify=context, headers=headers, timeout=30, trust_env=False)


@asynccontextmanager
async def stage_behind(name: str, folder: Path) -> AsyncIterator[tuple[Gateway, Upstream]]:
    """A gateway before the proxy before an upstream."""
    upstream = Upstream()
    async with (
        ScriptedServer(upstream.serve) as server,
        proxy(name, int(server.url.rsplit(":", 1)[1]), folder) as url,
    ):
        toml = folder / "cursor-api.toml"
        toml.write_text(TOML.format(url=url) + f'ca_file = "{AUTHORITY}"\n')
        more = {"GATEWAY_CONFIG": str(toml)}
        async with gateway_before(url, environment=more, tokens=()) as gateway:
            yield gateway, upstream


async def test_an_upstream_behind_a_proxy_is_one_like_others(name: str, tmp_path: Path) -> None:
    """Its words arrive as they are written, large bodies reach it, and who leaves ends its work.

    (HAProxy learns that nobody reads when the next word comes.)
    """
    async with stage_behind(name, tmp_path) as (gateway, upstream):
        url = f"http://127.0.0.1:{gateway.port}"
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        for question in ("hello", "talk"):
            text = body(question, is_stream=True)
            head = f"Authorization: Bearer {KEY}\r\nContent-Length: {len(text)}\r\n\r\n{text}"
            writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\n{head}".encode())
            async with asyncio.timeout(10):
                await reader.readuntil(b"first ")
                if question == "hello":
                    upstream.may_go_on.set()
                    assert b"last" in await reader.readuntil(b"\r\n0\r\n\r\n")
        writer.close()
        async with asyncio.timeout(10):
            await upstream.is_left.wait()
        async with asking() as client:
            large = body("at once" + "x" * (8 << 20), is_stream=False)
            asked = [client.post(f"{url}{CHAT}", content=large)]
            small = body("at once", is_stream=True)
            asked += [client.post(f"{url}{CHAT}", content=small) for _ in range(100)]
            assert {answer.status_code for answer in await asyncio.gather(*asked)} == {OK}


@pytest.mark.parametrize("version", ["http1.1", "http2"])
async def test_pieces_arrive_as_they_are_written(name: str, version: str, tmp_path: Path) -> None:
    """The first one is read before the second one exists."""
    async with stage(name, tmp_path) as on:
        client = await curl(on.url, "hello", version)
        await first_piece(client)
        on.upstream.may_go_on.set()
        rest, _ = await client.communicate()
    assert b"last" in rest
    assert rest.rstrip().endswith(b"[DONE]")


async def test_who_leaves_ends_the_upstreams_answer(name: str, tmp_path: Path) -> None:
    """And what it costs."""
    async with stage(name, tmp_path) as on:
        client = await curl(on.url, "leave", "http1.1")
        await first_piece(client)
        client.kill()
        await client.wait()
        async with asyncio.timeout(10):
            await on.upstream.is_left.wait()


async def test_refusals_are_the_gateways_own(name: str, tmp_path: Path) -> None:
    """In the client's dialect, whatever the size of what was sent."""
    async with stage(name, tmp_path) as on, asking() as client:
        url = f"{on.url}{CHAT}"
        wrong = await client.post(url, content=b"{}", headers={"Authorization": "Bearer no"})
        assert wrong.status_code == UNAUTHORIZED
        assert "AUTH_TOKEN" in wrong.json()["error"]["message"]
        large = await client.post(url, content=b" " * (11 << 20))
        assert large.status_code == TOO_LARGE
        assert large.json()["error"]["code"]


async def test_many_at_once_and_one_after_another(name: str, tmp_path: Path) -> None:
    """On connections that are kept."""
    async with stage(name, tmp_path) as on, asking() as client:
        url = f"{on.url}{CHAT}"
        for _ in range(4):
            asked = [
                client.post(url, content=body("at once", is_stream=number % 2 == 0))
                for number in range(50)
            ]
            assert {answer.status_code for answer in await asyncio.gather(*asked)} == {OK}


async def test_callers_are_known_by_their_address(name: str, tmp_path: Path) -> None:
    """What they say of themselves is dropped."""
    seen: list[Turn] = []

    async def note(turn: Turn) -> None:
        if turn.line.startswith("GET /v1"):
            seen.append(turn)
        await turn.answer(b"{}", content_type="application/json")

    async with ScriptedServer(note) as server:
        behind = int(server.url.rsplit(":", 1)[1])
        async with proxy(name, behind, tmp_path) as url, asking() as client:
            forged = {"X-Forwarded-For": "203.0.113.9"}
            assert (await client.get(f"{url}/v1/models", headers=forged)).status_code == OK
    assert [turn.headers["x-forwarded-for"] for turn in seen] == ["127.0.0.1"]


def test_the_proxy_of_the_compose_file_is_read(tmp_path: Path) -> None:
    """By HAProxy itself; the names in it are known where compose runs it."""
    if shutil.which("haproxy") is None:
        pytest.skip("no haproxy here (Debian: apt-get install haproxy)")
    text = (ROOT / "compose.nodes.yaml").read_text(encoding="utf-8")
    _, _, content = text.partition("    content: |\n")
    (tmp_path / "haproxy.cfg").write_text(textwrap.dedent(content.partition("\nvolumes:")[0]))
    done = subprocess.run(
        ["haproxy", "-c", "-f", str(tmp_path / "haproxy.cfg")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    warnings = [line for line in done.stderr.splitlines() if "WARNING" in line]
    assert all("could not resolve address 'node-" in line for line in warnings), warnings


async def test_a_client_stays_at_its_node_and_loses_nothing_when_that_ends(tmp_path: Path) -> None:
    """HAProxy asks another one, before its own look at the node tells it."""
    if shutil.which("haproxy") is None:
        pytest.skip("no haproxy here (Debian: apt-get install haproxy)")
    asked: dict[str, set[int]] = {}

    async def answer(turn: Turn) -> None:
        if not turn.line.startswith("GET /readyz"):
            port = turn.writer.get_extra_info("sockname")[1]
            asked.setdefault(turn.headers["authorization"], set()).add(port)
        await turn.answer(b"{}", content_type="application/json")

    async with ScriptedServer(answer) as first, AsyncExitStack() as stack:
        second = await stack.enter_async_context(ScriptedServer(answer))
        ports = [int(one.url.rsplit(":", 1)[1]) for one in (first, second)]
        more = f"    server two 127.0.0.1:{ports[1]}\n"
        async with proxy("haproxy", ports[0], tmp_path, more) as url, asking() as client:

            async def ask(number: int) -> int:
                own = {"Authorization": f"Bearer key-{number % 20}"}
                return (await client.get(f"{url}/v1/models", headers=own)).status_code

            assert set(await asyncio.gather(*map(ask, range(60)))) == {OK}
            assert all(len(nodes) == 1 for nodes in asked.values())
            assert set().union(*asked.values()) == set(ports)
            await stack.aclose()
            # The ends of connections that HAProxy keeps are under way to it. A request on one of
            # them would be lost, as what was sent is sent once.
            await asyncio.sleep(0.3)
            for number in range(20):
                assert await ask(number) == OK
