"""Asking an upstream whether it works, on a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cursor_api.cli import main
from tests.acceptance.background import LoopThread
from tests.acceptance.openai_endpoint import Endpoint
from tests.unit.cli.gateway_folder import enter

KEY = "sk-0123456789abcdefghijkl"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """It lists `mine-model` and echoes."""
    with LoopThread() as loop:
        yield Endpoint("mine").open(loop)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint) -> Path:
    """The upstream in a TOML file, and one that is not there."""
    enter(tmp_path, monkeypatch)
    (tmp_path / "cursor-api.toml").write_text(
        f'[[upstream]]\nname="mine"\nkind="openai"\nbase_url="{endpoint.url}"\napi_key="{KEY}"\n'
        '[[upstream]]\nname="gone"\nkind="openai"\nbase_url="http://127.0.0.1:9"\napi_key="-"\n'
    )
    return tmp_path


def test_one_that_works(capsys: pytest.CaptureFixture[str], endpoint: Endpoint) -> None:
    """Its models with the time; a question only where it is wished."""
    assert main(["upstream", "test", "mine"]) == 0
    said = capsys.readouterr().out
    assert "mine lists 1 model(s)" in said
    assert "--chat" in said
    assert endpoint.bodies() == []
    assert main(["upstream", "test", "mine", "--chat"]) == 0
    assert "mine-model answered" in capsys.readouterr().out
    assert main(["upstream", "test", "mine", "--chat", "--model", "mine-model", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["is_ok"], result["chat_model"]) == (True, "mine-model")
    assert endpoint.keys() == {f"Bearer {KEY}"}


def test_one_that_does_not(capsys: pytest.CaptureFixture[str], endpoint: Endpoint) -> None:
    """What happened and what to do; the key is nowhere."""
    assert main(["upstream", "test", "gone", "--chat"]) == 1
    assert "gone did not answer" in capsys.readouterr().out
    endpoint.refusals.append((401, {"message": f"wrong key {KEY}", "code": "invalid_api_key"}))
    assert main(["upstream", "test", "mine", "--chat"]) == 1
    said = capsys.readouterr()
    assert "did not answer" in said.out
    assert KEY not in said.out + said.err


def test_a_script_reads_english_where_a_person_reads_chinese(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What went wrong and what helps, and both in one language."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["upstream", "test", "gone"]) == 1
    assert not capsys.readouterr().out.isascii()
    assert main(["upstream", "test", "gone", "--json"]) == 1
    said = capsys.readouterr().out
    assert said.isascii()
    assert json.loads(said)["fault_kind"] == "unreachable"


def test_one_that_is_none(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """A name that is none, one whose credentials are elsewhere, and a file that is wrong."""
    assert main(["upstream", "test", "nobody"]) == 1
    assert "mine, gone" in capsys.readouterr().err
    assert main(["upstream", "test", "cursor"]) == 1
    assert "cursor-api token test" in capsys.readouterr().err
    (folder / "cursor-api.toml").write_text("[[upstream]]\n")
    assert main(["upstream", "test", "mine"]) == 1
    assert "cursor-api.toml:1" in capsys.readouterr().err
