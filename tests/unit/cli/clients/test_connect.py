"""A client's settings for this gateway, in a form to copy."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from cursor_api.cli import main
from cursor_api.clients.table import CLIENTS
from tests.unit.cli.gateway_folder import enter
from tests.unit.cli.gateway_stage import ListingGateway

KEY = "a-key-of-the-gateway-0123"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The key is known, as where the gateway is started."""
    enter(tmp_path, monkeypatch)
    (tmp_path / ".env").write_text(f"AUTH_TOKEN={KEY}\n")
    return tmp_path


def test_the_clients_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with what it speaks."""
    assert main(["connect"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in CLIENTS)
    assert "/v1/messages" in said


@pytest.mark.parametrize("name", CLIENTS)
def test_every_client_gets_address_key_and_a_model_that_is_served(
    name: str, scripted: ListingGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing stands for something unknown."""
    assert main(["connect", name, "--url", scripted.url]) == 0
    said = capsys.readouterr()
    assert scripted.url in said.out
    assert KEY in said.out
    assert "claude-sonnet-5" in said.out or "gpt-5" in said.out or name == "open-webui"
    assert "more model(s)" in said.out
    assert said.err == ""
    assert main(["connect", name, "--url", scripted.url, "--hide-key"]) == 0
    assert KEY not in capsys.readouterr().out


def test_lines_for_a_shell(scripted: ListingGateway, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else is on standard output; the models can be named."""
    more = ["--url", scripted.url, "--shell"]
    assert main(["connect", "claude", *more, "--small-model", "gpt-5"]) == 0
    said = capsys.readouterr()
    lines = [shlex.split(line) for line in said.out.splitlines()]
    assert {line[0] for line in lines} == {"export", "unset"}
    assert ["export", "ANTHROPIC_MODEL=claude-sonnet-5"] in lines
    assert ["export", "ANTHROPIC_DEFAULT_HAIKU_MODEL=gpt-5"] in lines
    assert main(["connect", "codex", *more]) == 0
    assert "needs a file as well" in capsys.readouterr().err
    assert main(["connect", "cline", *more]) == 1
    assert "does not read variables" in capsys.readouterr().err


def test_an_agent_gets_a_model_that_can_call_tools(
    scripted: ListingGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is one; where there is none it is told what it is worth then."""
    old = scripted.body

    def listed(*models: tuple[str, bool]) -> bytes:
        rows = [{"id": name, "cursor_api": {"tools": can}} for name, can in models]
        return json.dumps({"data": rows}).encode()

    scripted.body = listed(("claude-sonnet-5", False), ("other", True))
    assert main(["connect", "claude-code", "--url", scripted.url]) == 0
    said = capsys.readouterr()
    assert ("ANTHROPIC_MODEL=other" in said.out, said.err) == (True, "")
    assert main(["connect", "aider", "--url", scripted.url]) == 0
    assert "openai/claude-sonnet-5" in capsys.readouterr().out
    scripted.body = listed(("claude-sonnet-5", False))
    assert main(["connect", "claude-code", "--url", scripted.url]) == 0
    said = capsys.readouterr()
    assert "can only chat" in said.err
    # The only model is the one shown; there is none to choose.
    assert "more model(s)" not in said.out
    scripted.body = old


def test_what_is_not_known_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A gateway that does not run, and a key that stands elsewhere; a shell gets neither."""
    (folder / ".env").unlink()
    assert main(["connect", "aider", "--url", "http://127.0.0.1:9"]) == 0
    said = capsys.readouterr()
    assert "your-gateway-key" in said.out
    assert "AUTH_TOKEN" in said.err
    assert "cursor-api serve" in said.err
    assert main(["connect", "aider", "--url", "http://127.0.0.1:9", "--shell"]) == 1
    assert capsys.readouterr().out == ""
    assert main(["connect", "aider", "--url", "nonsense"]) == 1
    assert "--url" in capsys.readouterr().err
