"""A look at everything, and how it is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cursor_api.cli import main
from cursor_api.cli.doctor.checkup import describe_system
from tests.acceptance.background import LoopThread
from tests.acceptance.openai_endpoint import Endpoint
from tests.unit.cli.editor_folder import TOKEN
from tests.unit.cli.gateway_folder import enter
from tests.unit.cli.gateway_stage import listing_gateway

KEYS = ("a-key-of-the-gateway-0123", "sk-0123456789abcdefghijkl")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """It answers for both kinds of upstream."""
    with LoopThread() as loop:
        yield Endpoint("mine").open(loop)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint) -> Path:
    """A gateway that is set up well: a token and an upstream, everything private."""
    enter(tmp_path, monkeypatch)
    monkeypatch.setenv("CURSOR_BASE_URL", endpoint.url)
    texts = {
        ".env": f"AUTH_TOKEN={KEYS[0]}\nPORT=0\n",
        ".token": f"me::{TOKEN}\n",
        "cursor-api.toml": f'[[upstream]]\nname = "mine"\nkind = "openai"\n'
        f'base_url = "{endpoint.url}"\napi_key = "{KEYS[1]}"\n',
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    return tmp_path


def test_all_is_well(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each thing that was looked at; exit status 0; nothing secret."""
    assert folder.is_dir()
    (folder / ".env").write_text(f"AUTH_TOKEN={KEYS[0]}\nPORT=3999\n")
    assert main(["doctor"]) == 0
    said = capsys.readouterr()
    for words in (
        "settings can be used",
        "with room on the disk",
        "me (",
        "upstream mine (openai)",
        "it lists 1 model(s)",
        "OK: 0 problem(s), 0 warning(s).",
    ):
        assert words in said.out, words
    assert not any(secret in said.out + said.err for secret in (*KEYS, TOKEN))


def test_a_reader_of_chinese_gets_all_of_it(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that does not run is none there too; programs get English, as everywhere."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    (folder / ".env").write_text(f"AUTH_TOKEN={KEYS[0]}\nPORT=3999\n")
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    for words in ("项设置均可使用", "目前没有网关在运行", "上游 mine（openai）", "列出 1 个模型"):
        assert words in said, words
    assert said.endswith("\n检查通过：0 个错误，0 个警告。\n")
    assert main(["doctor", "--json"]) == 0
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert {"settings", "gateway", "credentials"} <= {one["area"] for one in checks}


@pytest.mark.parametrize("texts", [{".env": "PORT=x\n"}, {".token": "two words\n", ".env": ""}])
def test_what_is_wrong_is_told_to_programs_in_english(
    texts: dict[str, str],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One text to match, whatever the language of whoever started the script."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    told = []
    for language in ("C", "zh_CN.UTF-8"):
        monkeypatch.setenv("LC_ALL", language)
        assert main(["doctor", "--json"]) == 1
        told.append(re.sub(r"\d+\.\d s", "_", capsys.readouterr().out))
    assert told[0] == told[1]


def test_a_reader_of_chinese_is_told_how_to_add_a_credential(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the first minute there is none: what to do stands there, and no English sentence."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    (folder / ".token").unlink()
    (folder / "cursor-api.toml").unlink()
    assert main(["doctor"]) == 1
    said = "".join(capsys.readouterr().out.split())
    assert "token import、cursor-api token add 或".replace(" ", "") in said
    assert "没有配置Cursor的会话令牌" in said
    assert "没有配置CursorAPI密钥" in said


def test_the_port_of_a_gateway_that_runs_is_no_warning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is that gateway which has it."""
    with listing_gateway() as running:
        port = running.url.rpartition(":")[2]
        (folder / ".env").write_text(f"AUTH_TOKEN={KEYS[0]}\nPORT={port}\n")
        assert main(["doctor"]) == 0
        said = capsys.readouterr().out
        assert "one runs at" in said
        assert "0 warning(s)" in said
        running.status = 404
        assert main(["doctor"]) == 0
        assert "another program listens" in " ".join(capsys.readouterr().out.split())


def test_what_is_wrong_is_told_with_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake in the settings keeps the rest from being looked at; nothing else does."""
    config = folder / "cursor-api.toml"
    config.write_text(config.read_text().replace("name =", "nam ="))
    assert main(["doctor", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    verdicts = {one["area"]: one["verdict"] for one in report["checks"]}
    assert verdicts["upstreams"] == "skipped"
    assert any("cursor-api.toml:1" in one["message"] for one in report["checks"])


def test_a_key_that_only_the_gateway_has_hides_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], endpoint: Endpoint
) -> None:
    """The upstreams are asked all the same, and what they say is told without their keys."""
    (folder / ".env").unlink()
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "AUTH_TOKEN" in said
    assert "it lists 1 model(s)" in said
    assert {f"Bearer {KEYS[1]}"} <= endpoint.keys()


def test_a_bug_report_gets_what_it_needs() -> None:
    """System and Python, nothing that names the machine."""
    assert "Python" in describe_system()
