"""Starting a client with this gateway's settings: a script in the place of the real program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cursor_api.cli import main
from tests.unit.cli.gateway_folder import enter, is_setting
from tests.unit.cli.gateway_stage import ListingGateway
from tests.waiting import wait_until

KEY = "a-key-of-the-gateway-0123"
# Says what it was given, and ends as it is told to.
PROGRAM = f"""\
#!{sys.executable}
import json, os, pathlib, sys
folder = os.environ.get("LLM_USER_PATH")
named = [one for one in sys.argv[1:] if one.endswith(".yaml")]
path = pathlib.Path(folder, "extra-openai-models.yaml") if folder else None
path = pathlib.Path(named[0]) if named else path
said = {{"argv": sys.argv[1:], "env": dict(os.environ)}}
if path:
    said |= {{"path": str(path), "file": path.read_text(), "mode": path.parent.stat().st_mode}}
pathlib.Path(os.environ["SAID"]).write_text(json.dumps(said))
sys.exit(int(os.environ.get("STATUS", "0")))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs of the clients' names on the PATH, and temporary folders in sight."""
    enter(tmp_path, monkeypatch)
    (tmp_path / ".env").write_text(f"AUTH_TOKEN={KEY}\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "tmp").mkdir()
    for name in ("claude", "codex", "opencode", "llm", "cn", "mine"):
        path = tmp_path / "bin" / name
        path.write_text(PROGRAM)
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("SAID", str(tmp_path / "said"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "another")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return tmp_path


def said(folder: Path) -> dict[str, object]:
    """What the program was given."""
    read: dict[str, object] = json.loads((folder / "said").read_text())
    return read


def test_variables_and_arguments(
    folder: Path, scripted: ListingGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's come behind ours, whatever they look like; the exit status is the program's."""
    monkeypatch.setenv("STATUS", "3")
    assert main(["run", "--url", scripted.url, "claude", "-p", "--model", "x", "hi"]) == 3
    given = said(folder)
    assert given["argv"] == ["-p", "--model", "x", "hi"]
    environ = given["env"]
    assert isinstance(environ, dict)
    assert environ["ANTHROPIC_BASE_URL"] == scripted.url
    assert environ["ANTHROPIC_AUTH_TOKEN"] == KEY
    assert environ["CLAUDE_CODE_SUBAGENT_MODEL"] == "claude-sonnet-5"
    assert "ANTHROPIC_API_KEY" not in environ
    monkeypatch.setenv("STATUS", "0")
    assert main(["run", "--url", scripted.url, "codex", "exec", "hi"]) == 0
    argv = said(folder)["argv"]
    assert isinstance(argv, list)
    assert argv[-2:] == ["exec", "hi"]
    assert 'model="gpt-5"' in argv
    assert KEY not in " ".join(argv)
    assert main(["run", "--url", scripted.url, "openai", "--", "mine", "-x"]) == 0
    assert said(folder)["argv"] == ["-x"]


def test_a_file_that_is_gone_afterwards(folder: Path, scripted: ListingGateway) -> None:
    """In a private folder, found by a variable or an argument."""
    for name in ("llm", "continue"):
        assert main(["run", "--url", scripted.url, name, "hi"]) == 0
        given = said(folder)
        assert scripted.url in str(given["file"])
        mode = given["mode"]
        assert isinstance(mode, int)
        assert mode & 0o077 == 0
        assert not Path(str(given["path"])).exists()
    assert not list((folder / "tmp").iterdir())
    assert main(["run", "--url", scripted.url, "opencode"]) == 0
    environ = said(folder)["env"]
    assert isinstance(environ, dict)
    config = json.loads(environ["OPENCODE_CONFIG_CONTENT"])
    assert config["model"] == "cursor-api/claude-sonnet-5"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["aider"], 127, "not installed"),
        (["openai"], 127, "name the program"),
        (["cline"], 1, "cursor-api connect cline"),
        (["--url", "http://127.0.0.1:9", "claude"], 1, "cursor-api serve"),
        (["--url", "nonsense", "claude"], 1, "--url"),
    ],
)
def test_what_cannot_be_started_is_said(
    capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, words: str
) -> None:
    """With what to do; nothing is started."""
    assert main(["run", *arguments]) == status
    assert words in capsys.readouterr().err


def test_what_is_no_program_is_said(
    folder: Path, scripted: ListingGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status of a shell."""
    (folder / "bin" / "claude").write_text("#!/nowhere/at/all\n")
    assert main(["run", "--url", scripted.url, "claude"]) == 126
    assert "cannot be started" in capsys.readouterr().err


def test_a_signal_reaches_the_client_and_its_file_goes(
    folder: Path, scripted: ListingGateway
) -> None:
    """As another process: SIGTERM to us ends the client, and the status says so."""
    (folder / "bin" / "llm").write_text("#!/bin/sh\n: > started\nexec /bin/sleep 30\n")
    environ = {name: value for name, value in os.environ.items() if not is_setting(name)}
    process = subprocess.Popen(
        [sys.executable, "-m", "cursor_api", "run", "--url", scripted.url, "llm"],
        cwd=folder,
        env=environ | {"TMPDIR": str(folder / "tmp")},
    )
    wait_until((folder / "started").exists, 20)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 128 + signal.SIGTERM
    assert not list((folder / "tmp").iterdir())
