"""`cursor-api import`, as somebody types it who comes from another program."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.cli.command import main
from tests.unit.cli.gateway_folder import enter

CHECKSUM = f"paaotdDV{1:064x}"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, beside the other program's."""
    folder = tmp_path / "new"
    folder.mkdir()
    return enter(folder, monkeypatch)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder of a later version, with a line that cannot be used."""
    folder = tmp_path / "old"
    (folder / "data").mkdir(parents=True)
    (folder / ".tokens").write_text(f"{TOKEN},{CHECKSUM}\nno token\n")
    (folder / ".env").write_text("PORT=1\n")
    return folder


def test_a_folder_is_taken_over_line_by_line(
    here: Path, old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be taken is told, stays where it is, and shows in the exit status."""
    before = (old / ".tokens").read_text()
    assert main(["import", str(old)]) == 1
    told = capsys.readouterr().out
    assert f"{old / '.tokens'}:1: token-" in told
    assert "added: with its device" in told
    assert f"{old / '.tokens'}:2: NOT IMPORTED: a space" in told
    assert "1 added, 0 existed already, 1 not imported" in told
    assert f"Settings were not imported ({old / '.env'})" in told
    assert (here / ".token").read_text() == f"{TOKEN}\n"
    assert (here / ".token-list").read_text() == f"{TOKEN},{CHECKSUM}\n"
    assert (old / ".tokens").read_text() == before
    assert TOKEN not in told


def test_the_reasons_are_in_the_users_language(
    old: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a line, and those that a line of our own files has as well."""
    (old / ".tokens").write_text(f"{TOKEN},{CHECKSUM},x\n# {TOKEN}\nno token\n")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["import", str(old)]) == 1
    first, second, third = capsys.readouterr().out.splitlines()[:3]
    assert first.endswith("已添加：连同其设备；第三列在这里没有意义，已略过")
    assert second.endswith("略过：注释")
    assert third.endswith("未导入：令牌中有空格（U+0020 SPACE）")


def test_a_trial_writes_nothing(here: Path, old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And says so."""
    (old / ".tokens").write_text(f"{TOKEN},{CHECKSUM}\n")
    assert main(["import", str(old / ".tokens"), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "would be added" in told
    assert "Nothing was written" in told
    assert list(here.iterdir()) == []


def test_the_gateways_own_files_need_no_import(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first version's folder serves as it is."""
    (here / ".token").write_text(f"{TOKEN}\n")
    assert main(["import", "."]) == 0
    assert "is the gateway's own file and is used as it is" in capsys.readouterr().out
    assert not (here / ".token-list").exists()


@pytest.mark.parametrize(
    ("path", "words"), [("nowhere", "cannot be read: No such file"), (".", "no token file in .")]
)
def test_where_there_is_nothing_it_says_what_it_looked_for(
    path: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped path is no empty file."""
    assert main(["import", path]) == 1
    assert words in capsys.readouterr().err


def test_files_of_our_own_that_are_wrong_stop_it(
    here: Path, old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is appended to what cannot be read."""
    (here / ".token").write_text("no token\n")
    assert main(["import", str(old)]) == 1
    assert ".token:1" in capsys.readouterr().err
    assert (here / ".token").read_text() == "no token\n"
