"""The demo, run as a newcomer runs it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cursor_api.cli.gateway.call import Call, GatewayAddress, fetch_json
from cursor_api.cli.serving.demo import ROUTES, load_demo
from cursor_api.cli.serving.serve import url_of
from cursor_api.domain.credential import Secret
from cursor_api.web.server.tls import TlsOptions
from tests.unit.cli.demo_stage import KEY, running_demo
from tests.unit.cli.running import read_until, started

PEM = Path(__file__).parents[3] / "vectors" / "localhost.pem"


def pasted(command: str) -> str:
    """What a command prints that somebody pastes into a shell."""
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout


def test_the_demo_prints_what_works_when_pasted(tmp_path: Path) -> None:
    """Address, key, curl lines; every route that it names is there; no file is touched."""
    with started(tmp_path, "demo", PORT="0") as process:
        shown = read_until(process, "Ctrl-C")
        key = re.search(r"key +(demo-[0-9a-f]{24})", shown)
        address = re.search(r"address +(\S+)", shown)
        assert key is not None
        assert address is not None
        first, second = re.findall(r"  curl -?.*?\n\n", shown, re.DOTALL)
        assert pasted(first).rstrip().endswith("data: [DONE]")
        (choice,) = json.loads(pasted(second))["choices"]
        calls = [call["function"]["arguments"] for call in choice["message"]["tool_calls"]]
        assert calls == ['{"city":"Paris"}', '{"city":"Rome"}']
        ask = f"curl -s -H 'Authorization: Bearer {key[1]}' {address[1]}"
        models = json.loads(pasted(f"{ask}/models"))["data"]
        owners = {model["id"]: model["owned_by"] for model in models}
        for route in ROUTES:
            assert [owners[model] for model in route.models] == [route.name] * len(route.models)
            assert _says_tea(ask, f"{route.name}/{route.models[0]}")
        assert owners["composer-2.5"] == "cursor-sdk"
        official = json.loads(pasted(second.replace("gpt-demo", "composer-2.5")))["choices"][0]
        assert len(official["message"]["tool_calls"]) == len(calls)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) in {0, 130, -signal.SIGINT}
    assert list(tmp_path.iterdir()) == []


def _says_tea(ask: str, model: str) -> bool:
    body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": "Say tea"}]}
    answer = json.loads(pasted(f"{ask}/chat/completions -d '{json.dumps(body)}'"))
    return bool(answer["choices"][0]["message"]["content"] == "tea")


def test_the_demo_takes_nothing_but_the_listener_from_the_environment() -> None:
    """No upstream, no file; a key is made up where none is given."""
    loaded = load_demo(
        {"CURSOR_BASE_URL": "nonsense", "PORT": "4000", "AUTH_TOKEN": "my-own-key-1"}
    )
    assert not loaded.problems
    assert loaded.settings.server.port == 4000
    token = load_demo({}).settings.access.auth_token
    assert token is not None
    assert token.reveal().startswith("demo-")


def test_its_files_have_names_and_no_folder() -> None:
    """They are in memory; what they were loaded from is gone."""
    with running_demo() as demo:
        there = GatewayAddress(f"http://127.0.0.1:{demo.port}", Secret(KEY), "AUTH_TOKEN")
        files = fetch_json(there, Call("POST", "/get-tokeninfo"))
    names = (files["token_file"], files["token_list_file"])
    assert names == ("memory:.token", "memory:.token-list")


def test_no_two_routes_share_a_model_or_a_key() -> None:
    """Each shows what it is."""
    models = [model for route in ROUTES for model in route.models]
    assert len(set(models)) == len(models)
    assert len({route.key for route in ROUTES}) == len(ROUTES)


def test_the_demo_speaks_tls_where_it_is_given_a_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is looked for where the demo is started."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cert.pem").write_bytes(PEM.read_bytes())
    settings = load_demo({"TLS_CERT_FILE": "cert.pem", "TLS_KEY_FILE": ""}).settings
    assert settings.server.tls == TlsOptions(tmp_path / "cert.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert url_of(settings, listener) == f"https://127.0.0.1:{port}"
