"""Reading the editor's database: at rest, at work, and when it is not what it should be."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from cursor_api.cli.tokens import editor_database
from cursor_api.cli.tokens.editor_database import (
    EditorError,
    EditorProblem,
    find_database_paths,
    read_account,
)
from tests.unit.cli.editor_folder import (
    EMAIL,
    SIGNED_IN,
    TOKEN,
    USER_ID,
    held,
    make_database,
    make_token,
)

BELOW = Path("Cursor", "User", "globalStorage", "state.vscdb")
NEWER = make_token(subject="auth0|user_NEWER")
UPDATE = f"UPDATE ItemTable SET value = '{NEWER}' WHERE key LIKE '%accessToken'"  # noqa: S608 - no input


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be made; the blank and the sign are for the sake of its address."""
    return tmp_path / "a folder #1" / "state.vscdb"


def problem_of(path: Path) -> EditorProblem:
    """Why it cannot be read; the token is never in the words."""
    with pytest.raises(EditorError) as caught:
        read_account([path])
    assert TOKEN not in str(caught.value)
    assert str(path) in str(caught.value)
    return caught.value.problem


def names_and_times(folder: Path) -> set[tuple[str, int]]:
    """What lies in a folder, and when it was changed."""
    return {(item.name, item.stat().st_mtime_ns) for item in folder.iterdir()}


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("win32", {"APPDATA": "/a", "USERPROFILE": "/u"}, ["/a", "/u/AppData/Roaming"]),
        ("win32", {"USERPROFILE": "/u", "HOME": "/h"}, ["/u/AppData/Roaming"]),
        ("darwin", {"HOME": "/h"}, ["/h/Library/Application Support"]),
        ("linux", {"HOME": "/h"}, ["/h/.config"]),
        ("linux", {"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, ["/x", "/h/.config"]),
        ("linux", {"HOME": "/h", "XDG_CONFIG_HOME": "relative"}, ["/h/.config"]),
        ("linux", {"HOME": "/h", "XDG_CONFIG_HOME": "/h/.config"}, ["/h/.config"]),
        ("freebsd14", {"HOME": "/h"}, ["/h/.config"]),
        ("linux", {}, []),
        ("win32", {"APPDATA": ""}, []),
    ],
)
def test_where_each_system_keeps_it(
    platform: str, environ: dict[str, str], expected: list[str]
) -> None:
    """The environment decides, and the likeliest place comes first."""
    assert find_database_paths(environ, platform) == [Path(one) / BELOW for one in expected]


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_an_account_is_read_from_a_database_at_rest(path: Path, journal: str) -> None:
    """Token, account, e-mail and plan; nothing in the folder changes."""
    make_database(path, SIGNED_IN, journal)
    before = names_and_times(path.parent)
    account = read_account([path.with_name("missing"), path])
    assert account.token.reveal() == TOKEN
    assert (account.user_id, account.email, account.plan) == (USER_ID, EMAIL, "pro")
    assert account.database == path
    assert names_and_times(path.parent) == before
    assert TOKEN not in repr(account)


@pytest.mark.parametrize(
    "value", [TOKEN.encode(), f'"{TOKEN}"', f"{USER_ID}%3A%3A{TOKEN}", f" {TOKEN}\n"]
)
def test_every_spelling_of_the_token_is_read(path: Path, value: object) -> None:
    """Versions of the editor differ."""
    make_database(path, {"cursorAuth/accessToken": value})
    account = read_account([path])
    assert account.token.reveal() == TOKEN
    assert (account.email, account.plan) == (None, None)


def test_an_opaque_token_names_nobody(path: Path) -> None:
    """It is a token all the same."""
    make_database(path, {"cursorAuth/accessToken": "opaque.token.x"})
    assert read_account([path]).user_id is None


def test_a_lock_of_the_editor_does_not_matter(path: Path) -> None:
    """What was committed last is read, and what was not is not."""
    make_database(path, SIGNED_IN)
    with held(path, "BEGIN EXCLUSIVE"):
        assert read_account([path]).token.reveal() == TOKEN
    with held(path, "BEGIN EXCLUSIVE", UPDATE):
        before = names_and_times(path.parent)
        assert read_account([path]).token.reveal() == TOKEN
        assert names_and_times(path.parent) == before


def test_what_is_only_in_the_write_ahead_log_is_read(path: Path) -> None:
    """The running editor's newest token, without a trace in its folder."""
    make_database(path, SIGNED_IN, "wal")
    with held(path, "PRAGMA wal_autocheckpoint = 0", UPDATE):
        before = names_and_times(path.parent)
        assert read_account([path]).token.reveal() == NEWER
        assert names_and_times(path.parent) == before


def test_no_copy_stays_behind(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds the token."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    make_database(path, SIGNED_IN, "wal")
    with held(path, "PRAGMA wal_autocheckpoint = 0", UPDATE):
        read_account([path])
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_database_that_never_stands_still_is_locked(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounded tries, then a word on what helps."""
    make_database(path, SIGNED_IN, "wal")
    copy = shutil.copyfile

    def copy_and_disturb(source: Path, target: Path) -> object:
        done = copy(source, target)
        os.utime(path)
        return done

    monkeypatch.setattr("shutil.copyfile", copy_and_disturb)
    monkeypatch.setattr(editor_database, "_COPY_PAUSE_S", 0.0)
    with held(path, "PRAGMA wal_autocheckpoint = 0", UPDATE):
        assert problem_of(path) is EditorProblem.LOCKED


def test_a_database_too_large_to_copy_is_said_to_be(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing the editor helps: then nothing has to be copied."""
    monkeypatch.setattr(editor_database, "_COPY_BYTES_MAX", 1000)
    make_database(path, SIGNED_IN, "wal")
    with held(path, "PRAGMA wal_autocheckpoint = 0", UPDATE):
        assert problem_of(path) is EditorProblem.LOCKED
    assert read_account([path]).token.reveal() == NEWER


def test_no_editor_names_every_place() -> None:
    """So that a reader can look himself."""
    paths = [Path("/nowhere/a/state.vscdb"), Path("/dev/null/state.vscdb")]
    with pytest.raises(EditorError) as caught:
        read_account(paths)
    assert caught.value.problem is EditorProblem.NOT_INSTALLED
    assert all(str(path) in str(caught.value) for path in paths)
    with pytest.raises(EditorError, match="home folder"):
        read_account([])


@pytest.mark.parametrize("values", [{}, {"cursorAuth/accessToken": ""}, {"other": "x"}])
def test_nobody_signed_in_is_told_apart(path: Path, values: dict[str, object]) -> None:
    """An editor without an account."""
    make_database(path, values)
    assert problem_of(path) is EditorProblem.NOT_SIGNED_IN


@pytest.mark.parametrize(
    "data", [b"", b"junk", b"SQLite format 3\0" + b"\xff" * 4000, b"\0" * 5000]
)
def test_a_damaged_file_is_told_apart(path: Path, data: bytes) -> None:
    """Empty, junk, torn."""
    path.parent.mkdir()
    path.write_bytes(data)
    assert problem_of(path) is EditorProblem.DAMAGED


def test_a_database_of_another_form_is_damaged(path: Path) -> None:
    """No table, or a folder in its place."""
    held_by_nobody = make_database(path, SIGNED_IN)
    with held(held_by_nobody, "DROP TABLE ItemTable"):
        pass
    assert problem_of(path) is EditorProblem.DAMAGED
    path.unlink()
    path.mkdir()
    assert problem_of(path) is EditorProblem.DAMAGED


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "a,b", "\x1b[31mred"])
def test_what_is_no_token_is_not_taken_for_one(path: Path, value: str) -> None:
    """It would go into a header and a file."""
    make_database(path, {"cursorAuth/accessToken": value})
    assert problem_of(path) is EditorProblem.DAMAGED


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_of_somebody_else_cannot_be_read(path: Path) -> None:
    """The system's own word."""
    make_database(path, SIGNED_IN).chmod(0)
    assert problem_of(path) is EditorProblem.UNREADABLE
