"""The image's health check asks the gateway where it listens; what goes with the image fits it.

The image itself is built and run by `make image-check`.
"""

from __future__ import annotations

import http.server
import json
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cursor_api.installed import SCHEMA
from cursor_api.settings import load_settings
from tests.acceptance.programs import environment
from tests.ports import closed_port

ROOT = Path(__file__).parents[2]
COMPOSE_FILES = ("compose.yaml", "compose.nodes.yaml")
HEALTHCHECK = ROOT / "deploy" / "image" / "healthcheck.py"
VECTORS = ROOT / "tests" / "vectors"
HAS_IPV6 = socket.has_dualstack_ipv6()


class Server(http.server.ThreadingHTTPServer):
    """A server on one address, which knows no method; with TLS where there is a certificate."""

    def __init__(self, host: str, certificate: Path | None) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), Quiet)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, _request: object, _client_address: object) -> None:
        """Whoever speaks no TLS to it is hung up on, without a traceback."""


class Quiet(http.server.BaseHTTPRequestHandler):
    """Tells nobody of requests."""

    def log_message(self, _format: str, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serving(host: str, certificate: Path | None = None) -> Iterator[int]:
    """A server that knows no method: it gives its port, and an error status to who asks."""
    with Server(host, certificate) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def check(**variables: str) -> str:
    """What the health check says last, with these variables; `3000` may be replaced."""
    port = variables.pop("default_port", "3000")
    script = HEALTHCHECK.read_text(encoding="utf-8").replace("3000", port)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is (not done.stderr)
    return done.stderr.strip().rpartition("\n")[2]


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.2", "127.0.0.2"),
        ("localhost", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("::", "::1"),
        ("::1", "::1"),
        ("[::1]", "::1"),
    ],
)
def test_it_follows_the_host(host: str, asked: str) -> None:
    """An address of one's own is asked there, any address on the loopback, a proxy never."""
    if ":" in asked and not HAS_IPV6:
        pytest.skip("there is no IPv6 here")
    with serving(asked) as port:
        # This server has no GET: that it says so shows that it was asked.
        told = check(HOST=host, PORT=str(port), http_proxy="http://127.0.0.1:9")
    assert "501" in told


@pytest.mark.parametrize("variables", [{}, {"TLS_CERT_FILE": "set"}])
def test_a_listener_with_tls_is_asked_by_tls(variables: dict[str, str]) -> None:
    """Wherever that was set: the certificate need not be known, nothing is sent to it."""
    with serving("127.0.0.1", VECTORS / "tls" / "good.pem") as port:
        assert "501" in check(HOST="0.0.0.0", PORT=str(port), **variables)


def test_an_empty_port_is_the_usual_one() -> None:
    """As for the gateway itself."""
    with serving("127.0.0.1") as port:
        assert "501" in check(HOST="0.0.0.0", PORT="", default_port=str(port))
        assert "501" in check(default_port=str(port))


def test_nobody_there_is_not_healthy() -> None:
    """And does not take long."""
    with closed_port() as port:
        assert "refused" in check(HOST="127.0.0.1", PORT=str(port))


def test_the_image_and_compose_call_it_alike() -> None:
    """By the path that the Dockerfile puts it at."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    found = re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", text, re.MULTILINE)
    assert found is not None
    command = json.loads(found[1])
    assert command == ["python", f"/opt/cursor-api/{HEALTHCHECK.name}"]
    assert "COPY deploy/image/healthcheck.py /opt/cursor-api/\n" in text
    for name in COMPOSE_FILES:
        assert f'test: ["CMD", {json.dumps(command)[1:]}' in read(name)


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_an_engine_waits_longer_than_the_gateway(name: str) -> None:
    """Docker kills after ten seconds, compose after what it says."""
    [grace] = re.findall(r"GATEWAY_SHUTDOWN_GRACE_S=(\d+) *$", read("Dockerfile"), re.MULTILINE)
    assert int(grace) < 10
    [grace] = re.findall(r'GATEWAY_SHUTDOWN_GRACE_S: "(\d+)"', read(name))
    [period] = re.findall(r"stop_grace_period: (\d+)s", read(name))
    assert int(grace) < int(period)


def test_the_example_of_variables_is_whole_but_for_the_key(tmp_path: Path) -> None:
    """The five names of the earlier program, each at its default; the key is refused as empty."""
    example = read(".env.example")
    names = re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)
    assert names == ["AUTH_TOKEN", "PORT", "ROUTE_PREFIX", "TOKEN_FILE", "TOKEN_LIST_FILE"]
    (tmp_path / ".env").write_text(example, encoding="utf-8")
    loaded = load_settings(SCHEMA, {}, tmp_path)
    assert [str(one).partition(";")[0] for one in loaded.problems] == [
        "AUTH_TOKEN (.env:5): is empty"
    ]
    filled = example.replace("AUTH_TOKEN=", f"AUTH_TOKEN={'k' * 48}")
    (tmp_path / ".env").write_text(filled, encoding="utf-8")
    before = load_settings(SCHEMA, {"AUTH_TOKEN": "k" * 48}, tmp_path / "nowhere").settings
    after = load_settings(SCHEMA, {}, tmp_path).settings
    assert (after.server, after.web) == (before.server, before.web)


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_compose_asks_for_a_key(name: str) -> None:
    """Without one it says so and starts nothing."""
    assert re.search(r"AUTH_TOKEN: \$\{AUTH_TOKEN:\?[^}]*openssl rand -hex 24", read(name))


def test_the_addresses_that_compose_gives_to_nodes_are_taken() -> None:
    """And the names in them are those of its services."""
    text = read("compose.nodes.yaml")
    environ = {"AUTH_TOKEN": "k" * 48}
    for name in ("DATABASE_URL", "REDIS_URL", "GATEWAY_TRUSTED_PROXIES"):
        [value] = re.findall(rf'^    {name}: "?([^"\n]+)"?$', text, re.MULTILINE)
        environ[name] = re.sub(r"\$\{POSTGRES_PASSWORD[^}]*\}", "secret", value)
    assert not load_settings(SCHEMA, environ, ROOT / "nowhere").problems
    for name in ("DATABASE_URL", "REDIS_URL"):
        host = urlsplit(environ[name]).hostname
        assert f"\n  {host}:\n" in text


def read(name: str) -> str:
    """A file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")
