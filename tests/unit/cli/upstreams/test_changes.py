"""Adding and removing upstreams: what comes into the file, and what is refused."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cursor_api.cli import main
from tests.unit.cli.gateway_folder import enter

KEY = "sk-0123456789abcdefghijkl"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory; standard input has a key."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    return enter(tmp_path, monkeypatch)


def blocks(path: Path) -> list[dict[str, Any]]:
    """All [[upstream]] of a file."""
    found: list[dict[str, Any]] = tomllib.loads(path.read_text()).get("upstream", [])
    return found


@pytest.mark.parametrize(
    ("arguments", "block"),
    [
        (
            ["Kimi"],
            {"base_url": "https://api.moonshot.cn/v1", "api_key_file": ".Kimi.key"},
        ),
        (["ollama"], {"base_url": "http://127.0.0.1:11434/v1", "api_key": "-"}),
        (
            ["mine", "--preset", "openai", "--key-file", "keys", "--model", "a", "--model", "b"],
            {
                "base_url": "https://api.openai.com/v1",
                "models": ["a", "b"],
                "api_key_file": "keys",
            },
        ),
        (
            ["box", "--base-url", "http://192.168.1.9:8000", "--allow-http", "--no-key"],
            {"base_url": "http://192.168.1.9:8000", "allow_http": True, "api_key": "-"},
        ),
        (
            ["groq", "--key-env", "GROQ_KEY"],
            {"base_url": "https://api.groq.com/openai/v1", "api_key_env": "GROQ_KEY"},
        ),
    ],
)
def test_what_comes_into_the_file(
    folder: Path, arguments: list[str], block: dict[str, Any]
) -> None:
    """A preset by its name or another one, an address, and the key in one of four ways."""
    (folder / "keys").write_text(KEY)
    assert main(["upstream", "add", *arguments]) == 0
    assert blocks(folder / "cursor-api.toml") == [{"name": arguments[0], "kind": "openai"} | block]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], "no well-known upstream"),
        (["x", "--preset", "nobody"], "no preset nobody"),
        (["a b", "--preset", "groq"], "plain name"),
        (["cursor"], "without a block"),
        (["openai", "--kind", "telepathy"], "no kind telepathy"),
        (["box", "--base-url", "http://192.168.1.9", "--no-key"], "allow_http = true"),
        (["box", "--base-url", "nonsense", "--no-key"], "does not begin with"),
        (["openai", "--key-file", "nowhere"], "no such file"),
        (["openai", "--key-env", "lower"], "name of a variable"),
        (["openai", KEY], "never accepted as an argument"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """With what to do about it; no file is left behind."""
    assert main(["upstream", "add", *arguments]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert "Nothing was changed." in said
    assert KEY not in said
    assert not [path for path in folder.iterdir() if path.name != ".cursor-api.lock"]


@pytest.mark.parametrize("given", ["", "two words", "x" * 70_000])
def test_what_is_no_key_is_refused_unseen(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    given: str,
) -> None:
    """Nothing repeats what was given."""
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    assert main(["upstream", "add", "openai"]) == 1
    said = capsys.readouterr()
    assert not given or given not in said.out + said.err
    assert not list(folder.iterdir())


def test_a_name_is_given_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no TOML, and a key file of somebody else's, are left alone as well."""
    assert main(["upstream", "add", "groq"]) == 0
    text = (folder / "cursor-api.toml").read_text()
    assert main(["upstream", "add", "groq", "--no-key"]) == 1
    assert "already" in capsys.readouterr().err
    assert (folder / "cursor-api.toml").read_text() == text
    (folder / ".xai.key").write_text("old")
    assert main(["upstream", "add", "xai"]) == 1
    assert (folder / ".xai.key").read_text() == "old"
    (folder / "cursor-api.toml").write_text("[[upstream")
    assert main(["upstream", "add", "ollama"]) == 1
    assert "check-config" in capsys.readouterr().err


def test_another_file_elsewhere(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its keys lie beside it, named so that they are found from anywhere."""
    there = folder / "there"
    there.mkdir()
    assert main(["upstream", "add", "groq", "--config", str(there / "own.toml")]) == 0
    (block,) = blocks(there / "own.toml")
    assert block["api_key_file"] == str(there / ".groq.key")
    assert KEY not in capsys.readouterr().out
    assert main(["upstream", "remove", "groq", "--yes", "--config", str(there / "own.toml")]) == 0
    assert not (there / ".groq.key").exists()


def test_a_mistake_elsewhere_in_the_file_stops_nothing(folder: Path) -> None:
    """It was there before."""
    config = folder / "cursor-api.toml"
    config.write_text('[[upstream]]\nname = "broken"\nkind = "openai"\n\n[listener]\nport = "x"\n')
    assert main(["upstream", "add", "ollama"]) == 0
    assert [one["name"] for one in blocks(config)] == ["broken", "ollama"]


def test_what_is_needed_is_not_removed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model that leads there, a name that is none, and a question that nobody answers."""
    assert main(["upstream", "add", "ollama"]) == 0
    config = folder / "cursor-api.toml"
    config.write_text(f'{config.read_text()}\n[[model]]\nname = "m"\nroutes = ["ollama/x"]\n')
    text = config.read_text()
    for arguments, words in (
        (["ollama", "--yes"], "model.m.routes"),
        (["nobody", "--yes"], "no upstream nobody"),
        (["cursor", "--yes"], "has no block"),
        (["ollama"], "--yes"),
    ):
        assert main(["upstream", "remove", *arguments]) == 1
        assert words in capsys.readouterr().err
        assert config.read_text() == text


class Terminal(io.StringIO):
    """Somebody is there."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.mark.parametrize(("answer", "status"), [("n\n", 1), ("", 1), ("y\n", 0)])
def test_somebody_is_asked_before_it_goes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str, status: int
) -> None:
    """Only a yes is one."""
    assert main(["upstream", "add", "ollama"]) == 0
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert main(["upstream", "remove", "ollama"]) == status
    assert len(blocks(folder / "cursor-api.toml")) == status


def test_a_key_file_of_its_owners_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the one that `add` has made goes with the block."""
    (folder / "keys").write_text(KEY)
    assert main(["upstream", "add", "openai", "--key-file", "keys"]) == 0
    assert main(["upstream", "remove", "openai", "--yes"]) == 0
    assert "was not removed" in capsys.readouterr().out
    assert (folder / "keys").exists()
