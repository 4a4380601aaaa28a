"""Putting back what a backup has."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import stat
import zlib
from pathlib import Path

import pytest

from cursor_api.cli import main
from cursor_api.domain.api_key import ApiKey, digest_of
from cursor_api.domain.price import Price
from cursor_api.files.running import claim
from cursor_api.stores.sqlite.keys import SqliteKeys
from tests.unit.cli.backup_folder import (
    RECORDS,
    TEXTS,
    change_contents,
    fill,
    read_members,
    rows_of,
    texts_of,
    write_members,
)
from tests.unit.cli.gateway_folder import enter


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backup of everything; the working directory is another folder, which is empty."""
    (tmp_path / "old").mkdir()
    fill(enter(tmp_path / "old", monkeypatch))
    made = tmp_path / "all.tar.gz"
    assert main(["backup", str(made)]) == 0
    (tmp_path / "new").mkdir()
    enter(tmp_path / "new", monkeypatch)
    return made


@pytest.fixture
def home(file: Path) -> Path:
    """The empty folder."""
    return file.parent / "new"


def test_all_is_back_where_the_settings_say(
    file: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only its owner can read it; nothing else is left."""
    capsys.readouterr()
    assert main(["restore", str(file)]) == 0
    assert texts_of(home) == TEXTS
    assert rows_of(home) == ["one"]
    for name in (*TEXTS, RECORDS):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    left = {path.name for path in home.iterdir()}
    assert left == {name.split("/")[0] for name in TEXTS} | {RECORDS, ".cursor-api.running"}
    said = capsys.readouterr()
    assert "canary" not in said.out + said.err
    assert main(["token", "list"]) == 0
    assert "me" in capsys.readouterr().out


def test_a_named_home_is_made(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `init` makes it."""
    monkeypatch.setenv("CURSOR_API_HOME", str(file.parent / "named"))
    assert main(["restore", str(file)]) == 0
    assert texts_of(file.parent / "named") == TEXTS


def test_nothing_is_replaced_unasked(
    file: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the word it is; the records of before go whole, with what lay beside them."""
    (home / ".token").write_text("mine\n")
    assert main(["restore", str(file)]) == 1
    assert "--force replaces" in capsys.readouterr().err
    assert texts_of(home) == {".token": "mine\n"}
    (home / RECORDS).write_text("old")
    (home / f"{RECORDS}-wal").write_text("old")
    assert main(["restore", str(file), "--force"]) == 0
    assert texts_of(home) == TEXTS
    assert rows_of(home) == ["one"]


def test_a_running_gateway_is_not_restored_over(
    file: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has to be stopped first."""
    with claim(home, "x"):
        assert main(["restore", str(file), "--force"]) == 1
    assert "A gateway runs in" in capsys.readouterr().err
    assert texts_of(home) == {}


def refuse(file: Path, home: Path) -> None:
    """It is refused, and nothing is there."""
    assert main(["restore", str(file)]) == 1
    assert {path.name for path in home.iterdir()} == {".cursor-api.running"}


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_backup_that_is_cut_off_is_refused(file: Path, home: Path, share: float) -> None:
    """Wherever it ends."""
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    refuse(file, home)


def is_same(changed: bytes, data: bytes) -> bool:
    """Whether both unpack to the same: a run of equal bytes can be written in several ways."""
    try:
        return gzip.decompress(changed) == gzip.decompress(data)
    except (EOFError, OSError, zlib.error):
        return False


@pytest.mark.parametrize("part", range(8))
def test_a_backup_with_a_wrong_byte_is_refused(file: Path, home: Path, part: int) -> None:
    """Every byte counts, those after the last piece as well, where it says anything."""
    data = file.read_bytes()
    places = [*range(0, len(data) - 200, 40), *range(len(data) - 200, len(data))]
    for place in places[part::8]:
        file.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        if not is_same(file.read_bytes(), data):
            refuse(file, home)


def test_what_follows_the_last_piece_is_refused(file: Path, home: Path) -> None:
    """Whatever it is, and however much."""
    data = file.read_bytes()
    for more in (b"x", gzip.compress(bytes(20_000)), gzip.compress(b"x" * 20_000)):
        file.write_bytes(data + more)
        refuse(file, home)


def test_what_is_not_as_the_list_says_is_refused(file: Path, home: Path) -> None:
    """Another text, another order, another name, a link, one too few."""
    first, *rest = read_members(file)
    (member, data), *others = rest
    for changed in (
        [(member, data + b"x"), *others],
        [*others, (member, data)],
        rest[:-1],
        [*rest, (member, data)],
        [],
    ):
        write_members(file, [first, *changed])
        refuse(file, home)
    member.type, member.linkname = b"2", "/etc/passwd"
    write_members(file, [first, (member, b""), *others])
    refuse(file, home)


def test_a_list_that_leads_elsewhere_is_refused(file: Path, home: Path) -> None:
    """Nothing leaves the home folder by a name in the archive."""
    first, *rest = read_members(file)
    moved = [(member, data) for member, data in rest if not member.name.startswith("key-files/")]
    key = next(one for one in rest if one[0].name.startswith("key-files/"))
    key[0].name = "key-files/../outside"
    write_members(file, [first, *moved, key])
    change_contents(
        file,
        lambda contents: contents.update(
            pieces=[
                {**one, "path": "../outside"} if one["path"] else one for one in contents["pieces"]
            ]
        ),
    )
    refuse(file, home)
    assert not (home.parent / "outside").exists()


def test_a_later_version_is_refused(
    file: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so."""
    change_contents(file, lambda contents: contents.update(format=2, version="9.9"))
    capsys.readouterr()
    refuse(file, home)
    assert "newer version '9.9'" in capsys.readouterr().err


def test_what_is_no_backup_is_refused_and_not_waited_for(file: Path, home: Path) -> None:
    """A text, a folder, a pipe, nothing."""
    file.write_text("hello")
    refuse(file, home)
    os.mkfifo(home.parent / "pipe")
    for other in (home.parent, home.parent / "pipe", home.parent / "gone"):
        refuse(other, home)


def test_api_keys_and_prices_come_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the records, in whose file they are: what opened before opens afterwards."""
    for name in ("from", "to"):
        (tmp_path / name).mkdir()
    enter(tmp_path / "from", monkeypatch)
    assert main(["key", "create", "Anna", "--rpm", "7", "--json"]) == 0
    secret = json.loads(capsys.readouterr().out)["secret"]
    price = ["m-*", "--input", "1", "--output", "2", "--source", "a page"]
    assert main(["price", "set", *price]) == 0
    saved = str(tmp_path / "all.tar.gz")
    assert main(["backup", saved]) == 0
    enter(tmp_path / "to", monkeypatch)
    assert main(["restore", saved]) == 0
    capsys.readouterr()

    async def load() -> tuple[list[ApiKey], list[Price]]:
        store = SqliteKeys(tmp_path / "to" / RECORDS)
        found = list(await store.load()), list(await store.load_prices())
        await store.close()
        return found

    [key], [kept] = asyncio.run(load())
    assert (key.id, key.digest, key.limits.requests_per_minute) == ("anna", digest_of(secret), 7)
    assert (kept.pattern, kept.source) == ("m-*", "a page")


@pytest.mark.parametrize("name", ["/elsewhere/ssh/keys", "../elsewhere/ssh/keys"])
def test_its_settings_lead_outside_only_when_its_user_says_so(
    name: str, file: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are of whoever made it: a list of tokens could become another program's file."""
    outside = file.parent / "elsewhere/ssh/keys"
    given = name if name.startswith(".") else f"{file.parent}{name}"
    (file.parent / "old/.env").write_text(f"{TEXTS['.env']}\nTOKEN_FILE={given}\n")
    outside.parent.mkdir(parents=True)
    outside.write_text("me::token-canary-1\n")
    os.chdir(file.parent / "old")
    assert main(["backup", str(file), "--force"]) == 0
    os.chdir(home)
    outside.unlink()
    capsys.readouterr()
    assert main(["restore", str(file), "--force"]) == 1
    told = capsys.readouterr().err
    assert str(outside) in told
    assert "--outside" in told
    assert not outside.exists()
    assert texts_of(home) == {}
    assert main(["restore", str(file), "--outside"]) == 0
    assert outside.read_text() == "me::token-canary-1\n"


def test_the_environment_leads_where_it_wants(
    file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is of whoever restores, and what lies beside is found by it."""
    outside = file.parent / "elsewhere"
    monkeypatch.setenv("TOKEN_FILE", str(outside / "tokens"))
    assert main(["restore", str(file)]) == 0
    assert (outside / "tokens").read_text() == TEXTS[".token"]
    assert not (home / ".token").exists()
