"""Commands that serve, run as users run them."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from cursor_api.cli import main
from cursor_api.files.running import find_running
from cursor_api.wire.checksum import parse_checksum
from tests.unit.cli.called import call
from tests.unit.cli.running import command, environ, read_until, started


def test_checksum_prints_a_new_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the known form, another at each call."""
    assert main(["checksum"]) == 0
    assert main(["checksum"]) == 0
    first, second = capsys.readouterr().out.split()
    assert parse_checksum(first).machine_id != parse_checksum(second).machine_id


def test_serve_without_auth_token_tells_all_that_is_wrong_and_exits_1(tmp_path: Path) -> None:
    """As the earlier program does, but with every problem at once."""
    done = subprocess.run(
        command("serve"),
        cwd=tmp_path,
        env=environ(PORT="seventy", CURSOR_BASE_URL="nonsense"),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    for name in ("AUTH_TOKEN", "PORT", "CURSOR_BASE_URL"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_check_config_shows_sources_and_exits_by_verdict(tmp_path: Path) -> None:
    """Secrets masked."""
    (tmp_path / ".env").write_text("AUTH_TOKEN=a-key-that-is-long-enough\nPORT=4001\n")

    good = call(tmp_path, environ(CURSOR_API_HOME=str(tmp_path.parent)), "check-config")
    assert good.status == 0, good.all
    assert good.out.startswith(f"home: {tmp_path}\n")
    assert re.search(r"PORT +4001 +\.env", good.out)
    assert "a-key-that-is-long-enough" not in good.out
    assert call(tmp_path, environ(PORT="x"), "check-config").status == 1


def test_serve_serves_and_stops_at_sigterm(tmp_path: Path) -> None:
    """It says where it is, where its files are, and how many credentials it has."""
    (tmp_path / ".token").write_text("a-token\n")
    variables = {"AUTH_TOKEN": "a-key-that-is-long-enough", "PORT": "seventy"}
    with started(tmp_path, "serve", "--port", "0", **variables) as process:
        shown = read_until(process, "credentials: 1")
        assert f"\nhome: {tmp_path}\n" in shown
        port = re.search(r"http://127\.0\.0\.1:(\d+)/v1", shown)
        assert port is not None
        connection = http.client.HTTPConnection("127.0.0.1", int(port[1]), timeout=5)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        running = find_running(tmp_path)
        assert running is not None
        assert json.loads(running) == {"url": port[0].removesuffix("/v1"), "pid": process.pid}
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) in {0, -signal.SIGTERM}


def test_serve_says_through_which_proxy_each_upstream_is_asked(tmp_path: Path) -> None:
    """The machine's, its own, or none; nothing secret; and nothing where nobody names a proxy."""
    blocks = {
        "own": 'proxy = "http://me:canary@own:2"',
        "direct": 'proxy = "none"',
        "excepted": 'base_url = "https://near.example"',
    }
    always = 'kind = "cursor"\napi_key = "k"\nmodels = ["m"]'
    (tmp_path / "cursor-api.toml").write_text(
        "".join(
            f'[[upstream]]\nname = "{name}"\n{always}\n{more}\n' for name, more in blocks.items()
        )
    )
    variables = {"AUTH_TOKEN": "a-key-that-is-long-enough", "PORT": "0", "NO_PROXY": "near.example"}
    variables["https_proxy"] = "http://me:canary@shared:1"
    with started(tmp_path, "serve", **variables) as process:
        shown = read_until(process, "upstream excepted")
    lines = [line for line in shown.splitlines() if line.startswith("upstream ")]
    there = "https://api2.cursor.sh through the proxy"
    assert lines == [
        f"upstream cursor: {there} http://…@shared:1 (HTTPS_PROXY)",
        f"upstream own: {there} http://…@own:2 (upstream.own.proxy)",
        "upstream direct: https://api2.cursor.sh without a proxy",
        "upstream excepted: https://near.example without a proxy",
    ]
    assert "canary" not in shown
