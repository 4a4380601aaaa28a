"""Where the gateway is, what opens it, and what it serves."""

from __future__ import annotations

import argparse
import ssl
from pathlib import Path

import pytest

from cursor_api.cli.gateway.call import GatewayAddress
from cursor_api.cli.gateway.place import ask_models, find_gateway
from cursor_api.domain.credential import Secret
from cursor_api.files.running import claim, describe_running
from tests.acceptance.background import LoopThread
from tests.scripted_server import ScriptedServer
from tests.unit.cli.gateway_folder import enter
from tests.unit.cli.gateway_stage import MODELS, ListingGateway

KEY = "a-key-of-the-gateway-0123"
CERT = Path(__file__).parents[3] / "vectors" / "localhost.pem"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    return enter(tmp_path, monkeypatch)


def asked(**given: str | None) -> argparse.Namespace:
    """What the command line says."""
    return argparse.Namespace(**{"url": None, "key_env": None, "config": None, **given})


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ("", "http://127.0.0.1:3000"),
        ("HOST=0.0.0.0\nPORT=81\nROUTE_PREFIX=/me\n", "http://127.0.0.1:81/me"),
        ("HOST=::\n", "http://[::1]:3000"),
    ],
)
def test_the_address_is_that_of_the_settings(folder: Path, settings: str, url: str) -> None:
    """As it is reached from this machine; problems of other settings stop nothing."""
    (folder / ".env").write_text(f"{settings}CURSOR_BASE_URL=nonsense\n")
    assert find_gateway(asked()) == GatewayAddress(url, None, "")


def test_the_gateway_that_runs_in_this_home_says_where_it_is(folder: Path) -> None:
    """Whatever it was told on its command line; another file's text is no address."""
    (folder / ".env").write_text("PORT=81\n")
    with claim(folder, describe_running("http://127.0.0.1:4001/me")):
        assert find_gateway(asked()).root_url == "http://127.0.0.1:4001/me"
        assert find_gateway(asked(url="http://gate")).root_url == "http://gate"
    for text in ("", "[]", '{"url": 3}', '{"url": "file:///etc"}', "{"):
        with claim(folder, text):
            assert find_gateway(asked()).root_url == "http://127.0.0.1:81"


def test_the_key_that_may_only_chat_comes_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the operator's own; one that the command line names before both."""
    (folder / ".env").write_text(f"AUTH_TOKEN={KEY}\n")
    assert find_gateway(asked())[1:3] == (Secret(KEY), "AUTH_TOKEN")
    monkeypatch.setenv("CLIENT_TOKENS", "only-for-chats-1,only-for-chats-2")
    assert find_gateway(asked())[1:3] == (Secret("only-for-chats-1"), "CLIENT_TOKENS")
    monkeypatch.setenv("MINE", " mine ")
    there = find_gateway(asked(url="https://gate.example/p/v1", key_env="MINE"))
    assert there == GatewayAddress("https://gate.example/p", Secret("mine"), "MINE")


@pytest.mark.parametrize(
    ("given", "words"),
    [({"url": "gate"}, "--url"), ({"key_env": "NOWHERE"}, "NOWHERE is not set")],
)
def test_what_cannot_be_is_said(given: dict[str, str], words: str) -> None:
    """In words for a user."""
    with pytest.raises(ValueError, match=words):
        find_gateway(asked(**given))


def test_a_port_that_is_none_is_said(folder: Path) -> None:
    """Nothing is guessed."""
    (folder / ".env").write_text("PORT=x\n")
    with pytest.raises(ValueError, match="check-config"):
        find_gateway(asked())


def test_what_it_serves(scripted: ListingGateway) -> None:
    """Asked with the key, below the prefix."""
    scripted.status, scripted.headers = 200, {}
    served = ask_models(GatewayAddress(f"{scripted.url}/p", Secret(KEY), "AUTH_TOKEN"))
    assert (served.models, served.with_tools, served.problem) == (MODELS, MODELS, "")
    assert scripted.asked[-1].line.startswith("GET /p/v1/models ")
    assert scripted.asked[-1].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, b"{}", "refuses the key from AUTH_TOKEN"),
        (404, b"{}", "ROUTE_PREFIX"),
        (200, b"<html>", "is not this gateway"),
        (200, b'{"data": [3]}', "is not this gateway"),
        (200, b'{"data": []}', "cursor-api upstream add"),
    ],
)
def test_why_it_cannot_be_had(
    scripted: ListingGateway, status: int, body: bytes, words: str
) -> None:
    """And what to do; the key is not in it."""
    scripted.status, old = status, scripted.body
    scripted.body = body
    served = ask_models(GatewayAddress(scripted.url, Secret(KEY), "AUTH_TOKEN"))
    scripted.body = old
    assert words in served.problem
    assert KEY not in served.problem


def test_a_redirect_takes_the_key_nowhere(scripted: ListingGateway) -> None:
    """It is an answer like any other."""
    scripted.status, scripted.headers = 302, {"location": f"{scripted.url}/elsewhere"}
    count = len(scripted.asked)
    served = ask_models(GatewayAddress(scripted.url, Secret(KEY), "AUTH_TOKEN"))
    assert "302" in served.problem
    assert len(scripted.asked) == count + 1


def test_nobody_there() -> None:
    """With how to start it."""
    assert "cursor-api serve" in ask_models(GatewayAddress("http://127.0.0.1:9", None, "")).problem


def test_a_gateway_over_tls_has_to_show_its_own_certificate(folder: Path) -> None:
    """Whatever host stands in it, as the address is this machine's; nobody else gets the key."""
    (folder / ".env").write_text(f"AUTH_TOKEN={KEY}\nTLS_CERT_FILE={CERT}\n")
    there = find_gateway(asked())
    assert (there.root_url, there.cert_file) == ("https://127.0.0.1:3000", CERT)
    gateway = ListingGateway()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERT)
    with LoopThread() as loop:
        server = loop.open(ScriptedServer(gateway.serve, tls))
        there = there._replace(root_url=server.url.replace("127.0.0.1", "[::ffff:127.0.0.1]"))
        assert ask_models(there).models == MODELS
        other = there._replace(cert_file=CERT.parent / "tls" / "good.pem")
        problem = ask_models(other).problem
        assert "shows another certificate than" in problem
        assert "SIGHUP" in problem
        nonsense = folder / "cert.pem"
        nonsense.write_text("nonsense")
        problem = ask_models(there._replace(cert_file=nonsense)).problem
        assert "cert.pem (TLS_CERT_FILE) cannot be used" in problem
        stranger = ask_models(there._replace(cert_file=None))
        assert "cannot be trusted: CERTIFICATE_VERIFY_FAILED" in stranger.problem
        assert len(gateway.asked) == 1
