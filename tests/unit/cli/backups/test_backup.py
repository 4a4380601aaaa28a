"""Saving all that a gateway keeps."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from cursor_api.cli import main
from tests.unit.cli.backup_folder import RECORDS, TEXTS, fill, read_members
from tests.unit.cli.gateway_folder import enter

CERTIFICATE = Path(__file__).parents[3] / "vectors" / "tls" / "good.pem"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything, and room beside it."""
    (tmp_path / "home").mkdir()
    return fill(enter(tmp_path / "home", monkeypatch))


def test_everything_is_in_it_as_it_is(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only its owner can read it; what is secret in it is said, and not shown."""
    file = home.parent / "all.tar.gz"
    assert main(["backup", str(file)]) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (_, contents), *members = read_members(file)
    pieces = json.loads(contents)["pieces"]
    assert [member.name for member, _ in members] == [
        f"{one['role']}/{one['path']}" if one["path"] else one["role"] for one in pieces
    ]
    texts = [data for member, data in members if member.name != "records.sqlite3"]
    assert sorted(texts) == sorted(text.encode() for text in TEXTS.values())
    said = capsys.readouterr()
    assert str(home / ".token") in said.out
    assert "Anyone who can read it can use your accounts" in said.out
    assert "canary" not in said.out + said.err
    assert [path.name for path in home.parent.iterdir()] == ["home", "all.tar.gz"]


def test_it_says_where_the_key_of_sealed_tokens_is(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the settings that are saved, or still to be kept."""
    (home / ".token").write_text("me::sealed:0123abcd:abcdefgh\n")
    assert main(["backup", str(home.parent / "one.tar.gz")]) == 0
    told = capsys.readouterr().out
    assert "your keys and tokens, sealed" in told
    assert "Keep CREDENTIALS_KEY, too" in told
    with (home / ".env").open("a") as file:
        file.write(f"CREDENTIALS_KEY={'a' * 64}\nDATABASE_URL=postgresql://nobody@nowhere/x\n")
    assert main(["backup", str(home.parent / "two.tar.gz")]) == 0
    told = capsys.readouterr().out
    assert "CREDENTIALS_KEY, which opens the sealed tokens, is in it as well." in told
    assert "The credentials are in the database and not in it" in told
    with (home / "cursor-api.toml").open("a") as file:
        file.write('[[upstream]]\nname = "wrong"\nkind = "unknown"\n')
    assert main(["backup", str(home.parent / "three.tar.gz")]) == 0
    assert "The credentials are in the database and not in it" in capsys.readouterr().out
    assert main(["restore", str(home.parent / "two.tar.gz"), "--force"]) == 0
    assert "set the CREDENTIALS_KEY that they need" in capsys.readouterr().out


def test_the_records_are_whole_while_they_are_written(home: Path) -> None:
    """What is committed is in it, what is not yet is not; nobody waits."""
    file = home.parent / "all.tar.gz"
    with closing(sqlite3.connect(home / RECORDS)) as writer:
        writer.execute("INSERT INTO kept VALUES ('two')")
        writer.commit()
        writer.execute("INSERT INTO kept VALUES ('three')")
        assert main(["backup", str(file)]) == 0
    copy = home.parent / "copy"
    copy.write_bytes(next(d for m, d in read_members(file) if m.name == "records.sqlite3"))
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT id FROM kept").fetchall() == [("one",), ("two",)]


def test_the_records_can_be_left_out(home: Path) -> None:
    """They may be large, or damaged."""
    (home / RECORDS).write_bytes(b"no database, but long enough to look at" * 100)
    file = home.parent / "all.tar.gz"
    assert main(["backup", str(file)]) == 1
    assert not file.exists()
    assert main(["backup", str(file), "--without-records"]) == 0
    assert "records.sqlite3" not in [member.name for member, _ in read_members(file)]


def test_an_empty_folder_is_an_empty_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made up."""
    (tmp_path / "empty").mkdir()
    enter(tmp_path / "empty", monkeypatch)
    assert main(["backup", "all.tar.gz"]) == 0
    assert len(read_members(tmp_path / "empty" / "all.tar.gz")) == 1


def test_nothing_is_replaced_unasked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And a folder never."""
    file = home.parent / "all.tar.gz"
    file.write_text("mine")
    assert main(["backup", str(file)]) == 1
    assert "--force replaces it" in capsys.readouterr().err
    assert file.read_text() == "mine"
    assert main(["backup", str(file), "--force"]) == 0
    assert main(["backup", str(home), "--force"]) == 1
    assert main(["backup", str(home / "gone" / "x")]) == 1


def test_certificates_beside_the_settings_are_in_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once each, however many settings name one: what is restored can be started."""
    shutil.copy(CERTIFICATE, home / "both.pem")
    (home / "key-of-the-seals").write_text("a" * 64)
    with (home / ".env").open("a") as file:
        file.write("TLS_CERT_FILE=both.pem\nTLS_KEY_FILE=both.pem\nCURSOR_CA_FILE=both.pem\n")
        file.write("CREDENTIALS_KEY_FILE=key-of-the-seals\n")
    archive = home.parent / "all.tar.gz"
    assert main(["backup", str(archive)]) == 0
    names = [member.name for member, _ in read_members(archive)]
    assert names.count("key-files/both.pem") == 1
    assert not any("seals" in name for name in names)
    (home / "both.pem").unlink()
    assert main(["restore", str(archive), "--force"]) == 0
    assert "BEGIN CERTIFICATE" in (home / "both.pem").read_text()
    assert "a key or certificate that the settings name" in capsys.readouterr().out


def test_what_cannot_be_saved_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of keys elsewhere, and what is no file."""
    elsewhere = home.parent / "elsewhere.key"
    elsewhere.write_text("key-of-elsewhere-0123")
    toml = (home / "cursor-api.toml").read_text()
    (home / "cursor-api.toml").write_text(toml.replace(".deepseek.key", str(elsewhere)))
    assert main(["backup", str(home.parent / "a")]) == 0
    assert "elsewhere.key is in another folder" in capsys.readouterr().err
    (home / ".token-state").unlink()
    (home / ".token-state").mkdir()
    assert main(["backup", str(home.parent / "b")]) == 1
    assert ".token-state is not a file" in capsys.readouterr().err
