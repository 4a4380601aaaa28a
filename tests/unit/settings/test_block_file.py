"""The TOML file as programs change it, on a real disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.files.disk import Disk
from cursor_api.settings import Draft
from cursor_api.settings.block_file import change_file, remove_key_file, write_key_file


def _pass(_draft: Draft) -> None:
    """Whatever it is."""


def test_a_change_is_put_in_place_with_the_files_mode(tmp_path: Path) -> None:
    """Through a link, too; one that was not there is private."""
    path = tmp_path / "config.toml"
    change_file(path, lambda text: f"{text}# a\n", _pass, Disk())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    change_file(link, lambda text: f"{text}# b\n", _pass, Disk())
    assert link.is_symlink()
    assert path.read_text() == "# a\n# b\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_what_is_refused_changes_nothing(tmp_path: Path) -> None:
    """The check sees what would be there."""
    path = tmp_path / "config.toml"
    path.write_text("old")

    def refuse(draft: Draft) -> None:
        assert draft == (path, "new")
        raise StoreError("refused")

    with pytest.raises(StoreError, match="refused"):
        change_file(path, lambda _: "new", refuse, Disk())
    assert path.read_text() == "old"
    path.write_bytes(b"\xff")
    with pytest.raises(StoreError, match="UTF-8"):
        change_file(path, str, _pass, Disk())
    with pytest.raises(StoreError, match="folder"):
        change_file(tmp_path / "nowhere" / "x.toml", str, _pass, Disk())
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        change_file(path, str, _pass, Disk())


def test_keys_are_private_and_never_written_over(tmp_path: Path) -> None:
    """One a line."""
    path = tmp_path / ".mine.key"
    write_key_file(path, [Secret("one"), Secret("two")], Disk())
    assert path.read_text() == "one\ntwo\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(StoreError, match="not saved"):
        write_key_file(path, [Secret("three")], Disk())
    assert path.read_text() == "one\ntwo\n"
    remove_key_file(path, Disk())
    remove_key_file(path, Disk())
    assert not path.exists()
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="cannot be removed"):
        remove_key_file(tmp_path / "folder", Disk())
