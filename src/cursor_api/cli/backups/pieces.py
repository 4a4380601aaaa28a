"""What a backup is made of, and how its list of contents is written and read.

Rules of this file:
- A piece goes where the settings say, by its role: nothing in a backup names a place, but for the
  files of keys, which lie in the home folder.
- A list of contents that is not exactly as it is written here is refused.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

import msgspec
from msgspec import Struct

from cursor_api.cli.terminal.language import say
from cursor_api.files.sealing import MARK

# A later one that is read differently has another number.
FORMAT: Final = 1
CONTENTS: Final = "contents.json"
CONTENTS_BYTES_MAX: Final = 1024 * 1024
# No file of settings or tokens is larger; the records have no such bound.
TEXT_BYTES_MAX: Final = 16 * 1024 * 1024
PIECES_MAX: Final = 1000


class Role(Struct, frozen=True):
    """A kind of piece: its name in the backup, and what its owner should know of it.

    `variable` is the setting that says where it lies; "" where its name in the home folder does.
    """

    name: str
    about: str
    is_secret: bool
    variable: str = ""
    is_database: bool = False


SETTINGS: Final = Role("cursor-api.toml", "settings, with any keys in them", True)
DOTENV: Final = Role(".env", "settings, with the gateway's own key", True)
KEY_FILE: Final = Role("key-files", "a key or certificate that the settings name", True)
TOKENS: Final = Role("tokens", "your keys and tokens", True, "TOKEN_FILE")
TOKEN_LIST: Final = Role("token-list", "tokens with their devices", True, "TOKEN_LIST_FILE")
POOL_STATE: Final = Role("pool-state", "the state of each token", False, "POOL_STATE_FILE")
RECORDS: Final = Role(
    "records.sqlite3",
    "requests, API keys (without their secrets), prices, and texts if RECORD_CONTENT is on",
    False,
    "REQUEST_LOG_FILE",
    is_database=True,
)
ROLES: Final = {
    role.name: role
    for role in (DOTENV, SETTINGS, KEY_FILE, TOKENS, TOKEN_LIST, POOL_STATE, RECORDS)
}


class Piece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file in a backup. `path` is that of a file of keys, from the home folder; else ""."""

    role: str
    size_bytes: int
    sha256: str
    path: str = ""

    @property
    def member(self) -> str:
        """What it is called in the archive."""
        return f"{self.role}/{self.path}" if self.path else self.role


class Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in a backup, and which program made it when (ISO 8601)."""

    format: int
    version: str
    made_at: str
    pieces: tuple[Piece, ...]


class BackupError(Exception):
    """It cannot be made or used; says why, and what to do where that is known."""


def holds_sealed(tokens: bytes) -> bool:
    """Whether some of a file's tokens are sealed."""
    return MARK.encode() in tokens


def read_contents(data: bytes) -> Contents:
    """The list of contents; raises BackupError for one that this version does not understand."""
    try:
        contents = msgspec.json.decode(data, type=Contents)
    except msgspec.MsgspecError:
        raise BackupError(
            say("it is not a backup of this program, or one of a newer version")
        ) from None
    if contents.format != FORMAT:
        raise BackupError(
            say(
                "it was made by the newer version {version}",
                version=repr(contents.version[:40]),
            )
        )
    names = [piece.member for piece in contents.pieces]
    if len(names) > PIECES_MAX or len(set(names)) < len(names):
        raise BackupError(say("its list of contents is wrong"))
    for piece in contents.pieces:
        _require_right(piece)
    return contents


def _require_right(piece: Piece) -> None:
    role = ROLES.get(piece.role)
    if role is None or bool(piece.path) != (role is KEY_FILE) or piece.size_bytes < 0:
        raise BackupError(say("its list of contents is wrong"))
    if not role.is_database and piece.size_bytes > TEXT_BYTES_MAX:
        raise BackupError(say("{name} in it is too large for such a file", name=piece.role))
    if piece.path and not is_below(piece.path):
        raise BackupError(say("a key file in it would be outside the home folder"))


def create_private(path: Path) -> BinaryIO:
    """A new file that only its owner can read; raises OSError, also where one is there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def is_below(path: str) -> bool:
    """Whether a path stays below the folder that it begins at, whatever that is."""
    parts = PurePosixPath(path).parts
    is_plain = "\\" not in path and "\0" not in path and not Path(path).is_absolute()
    return bool(parts) and is_plain and not PurePosixPath(path).is_absolute() and ".." not in parts
