"""The HAProxy of deploy/haproxy before two nodes, and what its operator says to it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.ports import free_port

EXAMPLE = Path(__file__).parents[2] / "deploy" / "haproxy" / "haproxy.cfg"
TLS_BIND = "bind :443 ssl crt /etc/ssl/ai.example.com/both.pem alpn h2,http/1.1"
SERVER = "    server one 127.0.0.1:3000\n"
WAIT_S = 20.0


class Balancer:
    """A running one; `names` are its servers."""

    def __init__(self, port: int, control: Path, names: Sequence[str]) -> None:
        self.port = port
        self._control = control
        self.names = names

    def say(self, words: str) -> str:
        """One command to its socket of administration; what it answers."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self._control))
            connection.sendall(f"{words}\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def take_out(self, name: str) -> None:
        """It gets no more requests, and those that it has go on."""
        self.say(f"set server gateways/{name} state drain")

    def put_back(self, name: str) -> None:
        """Once its check finds it there."""
        self.say(f"set server gateways/{name} state ready")
        self.wait_until_up(name)

    def wait_until_up(self, name: str) -> None:
        """Until its check finds it there."""
        give_up_at = time.monotonic() + WAIT_S
        while not self._is_up(name):
            assert time.monotonic() < give_up_at, self.say("show stat")
            time.sleep(0.05)

    def _is_up(self, name: str) -> bool:
        lines = self.say("show stat").splitlines()
        return any(
            line.startswith(f"gateways,{name},") and line.split(",")[17] == "UP" for line in lines
        )


@contextlib.contextmanager
def balancer(ports: Sequence[int]) -> Iterator[Balancer]:
    """Before gateways at these ports, without TLS. Skips where there is none."""
    if shutil.which("haproxy") is None:
        pytest.skip("no haproxy here (Debian: apt-get install haproxy)")
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        port = free_port()
        folder, names = Path(name), [f"node{number}" for number in range(len(ports))]
        control = folder / "control"
        text = EXAMPLE.read_text(encoding="utf-8")
        servers = "".join(
            f"    server {one} 127.0.0.1:{at}\n" for one, at in zip(names, ports, strict=True)
        )
        for old, new in (
            (TLS_BIND, f"bind 127.0.0.1:{port}"),
            (SERVER, servers),
            ("global\n", f"global\n    stats socket {control} level admin\n"),
        ):
            assert old in text, old
            text = text.replace(old, new)
        (folder / "haproxy.cfg").write_text(text, encoding="utf-8")
        command = ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")]
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(command, stdout=log, stderr=log) as process,
        ):
            try:
                give_up_at = time.monotonic() + WAIT_S
                while not control.exists():
                    assert process.poll() is None, (folder / "log").read_text()
                    assert time.monotonic() < give_up_at
                    time.sleep(0.02)
                yield Balancer(port, control, names)
            finally:
                process.kill()
