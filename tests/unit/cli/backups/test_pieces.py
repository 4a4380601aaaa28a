"""What a backup is made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cursor_api.cli.backups.pieces import (
    FORMAT,
    PIECES_MAX,
    TEXT_BYTES_MAX,
    BackupError,
    create_private,
    is_below,
    read_contents,
)

PIECE: dict[str, Any] = {"role": "tokens", "size_bytes": 3, "sha256": "0" * 64}
KEY_FILE: dict[str, Any] = {**PIECE, "role": "key-files", "path": "keys/.a.key"}
RECORDS: dict[str, Any] = {**PIECE, "role": "records.sqlite3", "size_bytes": 10**12}


def contents(*pieces: dict[str, Any], **more: Any) -> bytes:
    """A list of contents as it stands in a backup."""
    made: dict[str, Any] = {"format": FORMAT, "version": "1", "made_at": "now", "pieces": pieces}
    return json.dumps(made | more).encode()


def test_what_is_right_is_read() -> None:
    """The records alone may be of any size."""
    read = read_contents(contents(PIECE, KEY_FILE, RECORDS))
    assert [piece.member for piece in read.pieces] == [
        *("tokens", "key-files/keys/.a.key", "records.sqlite3"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        contents(format=FORMAT + 1),
        contents(extra=1),
        contents(PIECE, PIECE),
        contents({**PIECE, "role": "passwd"}),
        contents({**PIECE, "path": "x"}),
        contents({**PIECE, "size_bytes": -1}),
        contents({**PIECE, "size_bytes": TEXT_BYTES_MAX + 1}),
        contents({**KEY_FILE, "path": ""}),
        contents({**KEY_FILE, "path": "../x"}),
        contents({**KEY_FILE, "path": "/etc/x"}),
        contents(*({**KEY_FILE, "path": str(one)} for one in range(PIECES_MAX + 1))),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    """Whoever has written it."""
    with pytest.raises(BackupError):
        read_contents(data)


@pytest.mark.parametrize("path", ["", ".", "..", "a/../../b", "/a", "a\\..\\b", "a\0b"])
def test_a_path_that_leaves_the_folder(path: str) -> None:
    """On no system."""
    assert not is_below(path) or path == "."


def test_a_new_file_is_its_owners(tmp_path: Path) -> None:
    """And never another's in its place."""
    with create_private(tmp_path / "a") as file:
        file.write(b"x")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        create_private(tmp_path / "a")
