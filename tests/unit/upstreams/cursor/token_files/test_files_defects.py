"""The earlier program's ways of harming its own files, one test each: none of them is left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cursor_api.domain.errors import StoreError
from tests.unit.files.scripted_disk import ScriptedDisk
from tests.unit.upstreams.cursor.token_files.token_folder import Folder, checksum


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Nothing in it yet."""
    return Folder(tmp_path)


def identity(path: Path) -> tuple[int, ...]:
    """What changes when a file is written or replaced; the time of the last look is not of it."""
    stat = path.lstat()
    return stat.st_ino, stat.st_mode, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"\xff\xfe junk \x00"),
        lambda path: path.write_bytes(b"a-line-without-checksum\n"),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), path.symlink_to(path.name)),
        lambda path: path.open("wb").truncate(50_000_000),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_unreadable_list_is_not_taken_for_empty_and_overwritten(
    folder: Folder, spoil: Callable[[Path], object]
) -> None:
    """The earlier program loses every device this way; here the load is refused and all stays."""
    folder.write("a\n", f"a,{checksum(1)}\n")
    spoil(folder.listed)
    before = identity(folder.listed)
    with pytest.raises(StoreError, match=r"\.token-list"):
        folder.load()
    assert identity(folder.listed) == before
    assert folder.names() == {".token", ".token-list"}


def test_comments_and_other_lines_survive_a_load_that_writes(folder: Folder) -> None:
    """The earlier program writes the list anew at each load; here a line is appended to it."""
    kept = f"# laptop\r\n\r\nwork::a , {checksum(1)}\r\n  # desk\nb,{checksum(2)}"
    folder.write("a\nnew\n", kept)
    folder.load()
    assert folder.listed.read_bytes().decode() == f"{kept}\nnew,{checksum(1000)}\n"


def test_a_bad_line_is_told_and_stays(folder: Folder) -> None:
    """The earlier program drops it, and with it the device of a token with a typing error."""
    folder.write("a\n", f"a,{checksum(1)}\nb;{checksum(2)}\n")
    before = folder.contents()
    with pytest.raises(StoreError, match=r"\.token-list:2: no checksum"):
        folder.load()
    assert folder.contents() == before


def test_a_write_is_atomic(tmp_path: Path) -> None:
    """The earlier program writes into the file; here it is old or new for who reads meanwhile."""
    disk = ScriptedDisk()
    folder = Folder(tmp_path, disk)
    old = f"a,{checksum(1)}\n"
    folder.write("a\nnew\n", old)
    seen: set[str] = set()
    disk.before = lambda _entry: seen.add(folder.listed.read_text())
    folder.load()
    new = f"{old}new,{checksum(1000)}\n"
    assert seen == {old, new}
    assert folder.listed.read_text() == new


def test_two_stores_at_once_lose_no_line(tmp_path: Path) -> None:
    """The earlier program locks nothing; here the second store appends to what the first wrote."""
    disk = ScriptedDisk()
    first, second = Folder(tmp_path, disk), Folder(tmp_path)
    first.write("a\n", "# list\n")
    got: list[list[tuple[str, str]]] = []

    def interfere(_entry: str) -> None:
        disk.before = lambda _entry: None
        first.write("a\nb\n")
        with pytest.raises(StoreError, match="Another process is saving"):
            second.load()

    disk.before = interfere
    got.append(first.load())
    got.append(second.load())
    got.append(first.load())
    device = dict(got[0])
    assert device == {"a": checksum(1000)}
    assert [dict(one)["a"] for one in got] == [device["a"]] * 3
    assert got[1] == got[2]


def test_the_order_is_the_files_order_at_each_load(folder: Folder) -> None:
    """The earlier program's is random, so its round robin begins anywhere."""
    names = [f"token-{number * 7919 % 100}" for number in range(100)]
    folder.write("\n".join(names))
    for _ in range(3):
        assert [token for token, _ in folder.load()] == names
    listed = [line.split(",")[0] for line in folder.listed.read_text().splitlines()]
    assert listed == names


def test_a_pasted_cookie_works(folder: Folder) -> None:
    """The earlier program does not split `%3A%3A`; here what goes upstream is the part after it."""
    folder.write("user_01ABC%3A%3AeyJ.payload.sig\n")
    assert folder.load() == [("eyJ.payload.sig", checksum(1000))]
    assert folder.listed.read_text() == f"eyJ.payload.sig,{checksum(1000)}\n"


def test_aliases_are_kept(folder: Folder) -> None:
    """The earlier program drops them at the first load."""
    folder.write("work::a\nuser_1::b\n工作::c\n")
    for _ in range(2):
        assert [one.alias for one in folder.files.load()] == ["work", "user_1", "工作"]
    assert folder.token.read_text() == "work::a\nuser_1::b\n工作::c\n"


def test_a_bad_line_is_never_shown(folder: Folder) -> None:
    """The earlier program prints it, token and all; here its number and what is wrong."""
    secret = "eyJsecret.secretpayload.secretsignature"
    folder.write(
        f"{secret} {secret}\n{secret},x\n{secret};\nx::{secret} x\n{secret}::work\n", secret
    )
    with pytest.raises(StoreError) as caught:
        folder.load()
    shown = f"{caught.value} {caught.value!r} {caught.value.problems} {caught.value.message}"
    assert "secret" not in shown
    assert [problem.line for problem in caught.value.problems] == [1, 2, 4, 5, 1]


def test_a_checksum_never_changes_by_itself(folder: Folder) -> None:
    """Not by a load, not by an alias or another spelling, not by another order."""
    folder.write("a\nb\n", f"a,{checksum(1)}\n")
    devices = dict(folder.load())
    assert devices == {"a": checksum(1), "b": checksum(1000)}
    for text in ("b\na\n", "x::a\ny::b\n", "user_1%3A%3Aa\r\n\r\n# b\r\nb", "a\n", ""):
        folder.write(text)
        assert dict(folder.load()) == devices
