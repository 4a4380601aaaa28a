"""Both files on a disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cursor_api.domain.errors import BindingNotStoredError, StoreError
from cursor_api.files.lock import LOCK_NAME
from cursor_api.upstreams.cursor.token_files.pair import FileOptions
from cursor_api.upstreams.cursor.token_files.text import TextLimits
from tests.unit.files.scripted_disk import ScriptedDisk
from tests.unit.upstreams.cursor.token_files.token_folder import Folder, checksum


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Nothing in it yet."""
    return Folder(tmp_path)


def test_no_files_are_no_credentials(folder: Folder) -> None:
    """It is no error, and nothing is made."""
    assert folder.load() == []
    assert list(folder.path.iterdir()) == []
    folder.write("# nothing yet\n")
    assert folder.load() == []
    assert set(folder.contents()) == {".token"}


def test_a_new_token_gets_a_device_once(folder: Folder) -> None:
    """The list is made when it is needed, for its owner only, and never written again."""
    folder.write("mine::a\nb\n")
    assert folder.load() == [("a", checksum(1000)), ("b", checksum(1001))]
    assert folder.listed.read_text() == f"a,{checksum(1000)}\nb,{checksum(1001)}\n"
    assert folder.listed.stat().st_mode & 0o777 == 0o600
    before = folder.files.load(), folder.listed.stat()
    assert (folder.files.load(), folder.listed.stat()) == before
    assert folder.token.read_text() == "mine::a\nb\n"


def test_a_token_that_only_the_list_has_stays(folder: Folder) -> None:
    """It is removed by deleting its line from both files."""
    folder.write("", f"gone,{checksum(1)}\n")
    assert folder.load() == [("gone", checksum(1))]
    folder.write("", "")
    assert folder.load() == []


@pytest.mark.parametrize(
    ("token", "listed"),
    [
        ("a b\n", f"x,{checksum(1)}\n"),
        ("a\n", "x\n"),
        (b"a\n\xff\n", b""),
        (b"\x00" * 1000, b""),
        ("a\n", f"a,{checksum(1)}\na,{checksum(2)}\n"),
    ],
)
def test_an_invalid_line_refuses_both_files_and_changes_neither(
    folder: Folder, token: str | bytes, listed: str | bytes
) -> None:
    """With the path and the number of the line."""
    folder.write(token, listed)
    before = folder.contents()
    with pytest.raises(StoreError) as caught:
        folder.load()
    assert {problem.file for problem in caught.value.problems} <= {
        str(folder.token),
        str(folder.listed),
    }
    assert caught.value.problems
    assert folder.contents() == before


@pytest.mark.parametrize("name", ["token", "listed"])
def test_what_cannot_be_read_is_not_taken_for_empty(folder: Folder, name: str) -> None:
    """A folder in its place, a link to itself, a pipe: each is told by its path."""
    folder.write("a\n", f"a,{checksum(1)}\n")
    path: Path = getattr(folder, name)
    makers: list[Callable[[], object]] = [
        path.mkdir,
        lambda: path.symlink_to(path),
        lambda: os.mkfifo(path),
    ]
    for make in makers:
        path.unlink() if not path.is_dir() else path.rmdir()
        make()
        with pytest.raises(StoreError, match=f"{path} cannot be read: "):
            folder.load()
    assert folder.names() == {".token", ".token-list"}


def test_a_hundred_megabytes_are_not_read(folder: Folder) -> None:
    """The size is looked at first."""
    folder.write("a\n")
    with folder.listed.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(StoreError, match=r"\.token-list has 100000000 bytes, more than the 16777"):
        folder.load()


def test_one_path_for_both_files_is_refused(tmp_path: Path) -> None:
    """Also by way of a link; a list of tokens would eat the tokens."""
    (tmp_path / ".token").write_text("a\n")
    (tmp_path / ".token-list").symlink_to(".token")
    with pytest.raises(StoreError, match="are one file"):
        Folder(tmp_path).load()
    assert (tmp_path / ".token").read_text() == "a\n"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_no_line_is_loud_and_knows_who_can_serve(
    tmp_path: Path, code: int
) -> None:
    """A new token is not served without its device stored; the others may be, meanwhile."""
    disk = ScriptedDisk()
    folder = Folder(tmp_path, disk)
    folder.write("new\nold\n", f"old,{checksum(1)}\n")
    before = folder.contents()
    for step in range(1, 6):
        disk.fail_at(step, code)
        with pytest.raises(BindingNotStoredError) as caught:
            folder.load()
        assert [one.secret.reveal() for one in caught.value.known] == ["old"]
        assert "1 new token(s) cannot be served" in str(caught.value)
        assert os.strerror(code) in str(caught.value)
        assert folder.contents() == before
    disk.fail_at(0)
    assert folder.load() == [("new", checksum(1005)), ("old", checksum(1))]


def test_a_full_disk_does_not_matter_where_nothing_is_new(tmp_path: Path) -> None:
    """A load that has nothing to store asks for nothing but to read."""
    disk = ScriptedDisk()
    folder = Folder(tmp_path, disk)
    folder.write("old\n", f"old,{checksum(1)}\n")
    disk.fail_from(1)
    assert folder.load() == [("old", checksum(1))]
    assert disk.diary == []
    assert folder.names() == {".token", ".token-list"}


def test_links_are_followed_and_kept(tmp_path: Path) -> None:
    """The file that a link leads to is replaced, in its own folder."""
    (tmp_path / "data").mkdir()
    folder = Folder(tmp_path)
    folder.write("a\n")
    folder.listed.symlink_to("data/list")
    assert folder.load() == [("a", checksum(1000))]
    assert folder.listed.is_symlink()
    assert (tmp_path / "data" / "list").read_text() == f"a,{checksum(1000)}\n"
    folder.files.add("b")
    assert folder.listed.is_symlink()
    assert {path.name for path in (tmp_path / "data").iterdir()} == {LOCK_NAME, "list"}


def test_a_mode_is_kept_and_a_wide_one_told(folder: Folder) -> None:
    """It is the user's file: nothing about it changes in silence."""
    folder.write("a\n", "# mine\n")
    folder.load()
    assert list(folder.files.warnings) == []
    folder.token.chmod(0o644)
    folder.listed.chmod(0o640)
    folder.files.add("b")
    folder.load()
    assert folder.listed.stat().st_mode & 0o777 == 0o640
    assert folder.token.stat().st_mode & 0o777 == 0o644
    token, listed = folder.files.warnings
    assert token.text.startswith(f"{folder.token} is open to other users")
    assert "(mode 0644); `chmod 600 " in token.text
    assert listed.text.startswith(f"{folder.listed} is open to other users")


LINES = st.sampled_from(
    [
        *("a", "b::c", "user_1%3A%3Ad", "# x", "", "\r", "\x00", "\xff", "a b", " ", "\ufeff"),
        *(f"{bearer},{checksum(number)}" for bearer in "acd" for number in (1, 2)),
        *("a,", ",", "::"),
    ]
)
TEXTS = st.one_of(
    st.lists(LINES, max_size=5).map(lambda lines: "\n".join(lines).encode("utf-8")),
    st.binary(max_size=50),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(TEXTS, TEXTS)
def test_any_files_are_loaded_or_refused_and_never_harmed(
    tmp_path: Path, token: bytes, listed: bytes
) -> None:
    """The token file is not written, the list only appended to; an error writes nothing."""
    folder = Folder(tmp_path)
    folder.write(token, listed)
    try:
        credentials = folder.files.load()
    except StoreError:
        assert folder.contents() == {".token": token, ".token-list": listed}
    else:
        now = folder.contents()
        assert now[".token"] == token
        assert now[".token-list"].startswith(listed)
        assert folder.files.load() == credentials
        assert folder.contents() == now
        assert len({one.alias for one in credentials}) == len(credentials)


def test_what_stands_twice_is_served_once_and_told(folder: Folder) -> None:
    """As the earlier program did; the files stay as they are."""
    folder.write("a\nb\na\n", f"a,{checksum(1)}\nb,{checksum(2)}\na,{checksum(1)}\n")
    before = folder.contents()
    assert folder.load() == [("a", checksum(1)), ("b", checksum(2))]
    assert folder.contents() == before
    told = [
        (one.code.value, one.values["path"], one.values["lines"]) for one in folder.files.warnings
    ]
    assert told == [
        ("line_repeated", str(folder.token), "3"),
        ("line_repeated", str(folder.listed), "3"),
    ]
    folder.files.warnings = ()
    folder.files.look()
    assert len(folder.files.warnings) == 2


def test_the_limits_are_the_options(tmp_path: Path) -> None:
    """Whoever needs more than the defaults can say so."""
    folder = Folder(tmp_path, options=FileOptions(text=TextLimits(line_bytes_max=3)))
    folder.write("abcd\n")
    with pytest.raises(StoreError, match="4 bytes, more than the 3"):
        folder.load()
