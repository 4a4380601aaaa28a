"""The image's health check asks the gateway where it listens."""

from __future__ import annotations

import http.server
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.programs import environment

DOCKERFILE = Path(__file__).parents[2] / "Dockerfile"
HAS_IPV6 = socket.has_dualstack_ipv6()


class Server(http.server.ThreadingHTTPServer):
    """A server on one address, whose every answer is a directory's listing."""

    def __init__(self, host: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), http.server.BaseHTTPRequestHandler)


@contextmanager
def serving(host: str) -> Iterator[int]:
    """A server that knows no method: it gives its port, and an error status to who asks."""
    with Server(host) as server:
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
    found = re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    command = json.loads(found[1])
    assert command[:2] == ["python", "-c"]
    script = command[2].replace("3000", port)
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


def test_an_empty_port_is_the_usual_one() -> None:
    """As for the gateway itself."""
    with serving("127.0.0.1") as port:
        assert "501" in check(HOST="0.0.0.0", PORT="", default_port=str(port))
        assert "501" in check(default_port=str(port))


def test_nobody_there_is_not_healthy() -> None:
    """And does not take long."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "refused" in check(HOST="127.0.0.1", PORT=str(port))
