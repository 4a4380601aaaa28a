"""HTTP clients that are not ours, from other languages, before the gateway's server.

`make http-clients`; not part of the suite. Each client is a program of this folder that tries
everything in turn and prints what it saw; what is not on this machine is skipped, and said.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.acceptance.background import LoopThread
from tests.acceptance.programs import running
from tests.proxies.upstream import TOML, Upstream
from tests.scripted_server import ScriptedServer

FOLDER = Path(__file__).parent
TLS = FOLDER.parent / "vectors" / "tls"
NODE_MODULES = FOLDER.parent / "acceptance" / "node" / "node_modules"
KEY = "a-key-for-http-clients"
# Starting a compiler on a busy machine, and fifty megabytes through a parser.
PATIENCE_S = 240.0


class Client(NamedTuple):
    """What is started, and what there must be for it."""

    command: tuple[str, ...]
    package: str


CLIENTS = {
    "node": Client(("node", str(FOLDER / "asking.mjs")), "nodejs"),
    "java": Client(("java", str(FOLDER / "Asking.java")), "default-jdk-headless"),
    "go": Client(("go", "run", str(FOLDER / "asking.go")), "golang-go"),
}
TOLD: dict[str, Any] = {
    "list": 200,
    "head": 200,
    "whole": "first last",
    # Told when the first word was here, and the last one not yet written.
    "streaming": True,
    "stream": True,
    "kept": [200],
    "chunked": 200,
    "expect": [100, 200],
    # The body is not sent.
    "expect, refused": [401],
    "large": 200,
    "too large": 413,
    "too large, chunked": 413,
    "wrong key, large": 401,
    "parallel": [200],
    "left": 200,
    "after": 200,
}
MORE: dict[str, dict[str, Any]] = {
    "node": {"pipelined": True},
    # It does not tell what came before the answer, and waits for ever for what does not come.
    "java": {"expect": 200, "expect, refused": None},
    "go": {},
}


@pytest.fixture(params=CLIENTS)
def name(request: pytest.FixtureRequest) -> str:
    """Each of them that is here."""
    found: str = request.param
    program, package = CLIENTS[found].command[0], CLIENTS[found].package
    if shutil.which(program) is None:
        pytest.skip(f"no {program} here (Debian: apt-get install {package})")
    return found


def lines_of(name: str, base: str) -> Iterator[tuple[str, Any]]:
    """Run it; gives each trial and what was told."""
    more = {
        "BASE": base,
        "KEY": KEY,
        "AUTHORITY": str(TLS / "authority.pem"),
        "NODE_EXTRA_CA_CERTS": str(TLS / "authority.pem"),
        "UNDICI": str(NODE_MODULES),
    }
    with subprocess.Popen(
        CLIENTS[name].command, env={**os.environ, **more}, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told = json.loads(line)
            yield told["trial"], told["told"]


@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "TLS"])
def test_a_client_gets_what_it_asks_for(
    name: str,
    is_tls: bool,  # noqa: FBT001 - a parameter of the test
    tmp_path: Path,
) -> None:
    """Whole and in pieces, kept and left, small and too large."""
    upstream, found = Upstream(), {}
    variables = {"AUTH_TOKEN": KEY, "PORT": "0", "GATEWAY_CONFIG": "gateway.toml"}
    if is_tls:
        variables["TLS_CERT_FILE"] = str(TLS / "good.pem")
    with LoopThread() as loop:
        server = loop.open(ScriptedServer(upstream.serve))
        (tmp_path / "gateway.toml").write_text(TOML.format(url=server.url), encoding="utf-8")
        command = [sys.executable, "-m", "cursor_api", "serve"]
        with running(command, tmp_path, variables) as gateway:
            for trial, told in lines_of(name, gateway.url):
                found[trial] = told
                if trial == "streaming":
                    loop.run(upstream.go_on())
            expected = TOLD | MORE[name]
            assert found == {trial: told for trial, told in expected.items() if told is not None}
            loop.run(upstream.is_left.wait())
            assert "Traceback" not in gateway.said()
