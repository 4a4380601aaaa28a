"""The command that saves all that a gateway keeps into one file.

Rules of this file:
- What is read is whole: texts under the lock of those who save them, the records by SQLite's own
  backup, which waits for nobody and lets nobody wait.
- The file is there when it is whole, and before that only under another name.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from msgspec import Struct

from cursor_api import __version__
from cursor_api.cli.backups.pieces import (
    CONTENTS,
    DOTENV,
    FORMAT,
    KEY_FILE,
    ROLES,
    SETTINGS,
    TEXT_BYTES_MAX,
    TOKEN_LIST,
    TOKENS,
    BackupError,
    Contents,
    Piece,
    Role,
    create_private,
    holds_sealed,
)
from cursor_api.cli.home.folder import find_home
from cursor_api.cli.home.settings import load_upstreams
from cursor_api.cli.terminal.display import print_table
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.cli.terminal.telling import told
from cursor_api.domain.errors import StoreError
from cursor_api.files.lock import lock_folders
from cursor_api.files.sealing import KEY
from cursor_api.files.sealing import KEY_FILE as SEALING_KEY_FILE
from cursor_api.installed import Settings
from cursor_api.settings import Loaded
from cursor_api.settings.schema import CONFIG
from cursor_api.settings.sources import ENVIRONMENT

LOCK_WAIT_S: Final = 5.0
# Nearly as small as at higher levels, and several times as quick.
COMPRESSION: Final = 1
COLUMNS: Final = ("FILE", "WHAT", "SECRET", "BYTES")
# How settings end that name a file which somebody has put there.
_KEYS_AND_CERTIFICATES: Final = (".api_key_file", "ca_file", "tls_cert_file", "tls_key_file")
WARNING: Final = "Anyone who can read it can use your accounts: keep it where only you can read it."


class _Found(Struct, frozen=True):
    """A file to be saved. `data` is a text, read already; None for a database."""

    role: Role
    source: Path
    data: bytes | None
    path: str = ""

    @property
    def is_sealed(self) -> bool:
        """Whether tokens in it are sealed."""
        return self.role in _ABOUT_SEALED and holds_sealed(self.data or b"")


_ABOUT_SEALED: Final = {
    TOKENS: "your keys and tokens, sealed",
    TOKEN_LIST: "tokens with their devices, the tokens sealed",
}


def backup(parsed: argparse.Namespace) -> int:
    """`backup`."""
    target: Path = parsed.file.absolute()
    try:
        _require_free(target, is_forced=parsed.force)
        found = list(_find(parsed))
        pieces = _save(found, target)
    except (BackupError, StoreError) as error:
        print_error(say("error: {error}", error=told(error)))
        return 1
    except OSError as error:
        print_error(
            say("error: {file} cannot be written: {reason}.", file=target, reason=error.strerror)
        )
        return 1
    rows = [
        (
            str(one.source),
            say(_ABOUT_SEALED[one.role] if one.is_sealed else one.role.about),
            say("yes") if one.role.is_secret else say("no"),
            f"{size:,}",
        )
        for one, size in zip(found, (piece.size_bytes for piece in pieces), strict=True)
    ]
    print_table(list(map(say, COLUMNS)), rows)
    print_result(say("Saved to {file}, which only you can read.", file=target))
    print_result(say(WARNING))
    for line in _tell_of_key(load_upstreams(parsed.config), found):
        print_result(line)
    return 0


def _tell_of_key(loaded: Loaded[Settings], found: list[_Found]) -> Iterator[str]:
    """Where the key is without which the credentials cannot be used."""
    place = loaded.facts.places.get(KEY)
    if any(one.is_sealed for one in found):
        if place is not None and place != ENVIRONMENT:
            yield say("CREDENTIALS_KEY, which opens the sealed tokens, is in it as well.")
        else:
            yield say(
                "Keep CREDENTIALS_KEY, too: without it the sealed tokens in it cannot be used."
            )
    # Of settings with a mistake somewhere, too, which are worth saving as well.
    facts = loaded.facts
    if facts.find("DATABASE_URL") and (facts.find(KEY) or facts.find(SEALING_KEY_FILE)):
        yield say(
            "The credentials are in the database and not in it: save that with pg_dump, and keep"
            " CREDENTIALS_KEY."
        )


def _require_free(target: Path, *, is_forced: bool) -> None:
    if target.is_dir():
        raise BackupError(say("{file} is a folder; name a file in it.", file=target))
    if os.path.lexists(target) and not is_forced:
        raise BackupError(say("{file} exists already; --force replaces it.", file=target))


# --- What there is


def _find(parsed: argparse.Namespace) -> Iterator[_Found]:
    """All files that are there. Raises BackupError and StoreError for one that cannot be read."""
    home = find_home()
    loaded = load_upstreams(parsed.config)
    config: Path | None = loaded.facts.find(CONFIG.variable)
    texts = [(DOTENV, home / DOTENV.name, "")]
    if config is not None:
        texts.append((SETTINGS, config, ""))
    texts += [(KEY_FILE, path, name) for name, path in _key_files(loaded, home)]
    stored = [(role, _place(loaded, role)) for role in ROLES.values() if role.variable]
    texts += [(role, path, "") for role, path in stored if not role.is_database]
    folders = {path.resolve().parent for _, path, _ in texts if path.exists()}
    with lock_folders({folder for folder in folders if os.access(folder, os.W_OK)}, LOCK_WAIT_S):
        for role, path, name in texts:
            data = _read(path)
            if data is not None:
                yield _Found(role, path, data, name)
    for role, path in stored:
        if role.is_database and path.exists() and not parsed.without_records:
            yield _Found(role, path, None)


def _place(loaded: Loaded[Settings], role: Role) -> Path:
    path: Path | None = loaded.facts.find(role.variable)
    if path is None:
        raise BackupError(
            say("{name} cannot be read; `cursor-api check-config` says why.", name=role.variable)
        )
    return path


def _key_files(loaded: Loaded[Settings], home: Path) -> Iterator[tuple[str, Path]]:
    """Those in the home folder, by their paths from there; a word on the others.

    CREDENTIALS_KEY_FILE is none of them: that key is kept apart from what it seals.
    """
    named = {
        path: None
        for name, path in loaded.facts.values.items()
        if name.lower().endswith(_KEYS_AND_CERTIFICATES) and isinstance(path, Path)
    }
    for path in named:
        if path.is_relative_to(home):
            yield path.relative_to(home).as_posix(), path
        else:
            print_error(
                say("warning: {file} is in another folder and is not in the backup", file=path)
            )


def _read(path: Path) -> bytes | None:
    try:
        if not path.exists():
            return None
        if not path.is_file():
            raise BackupError(say("{file} is not a file.", file=path))
        with path.open("rb") as file:
            data = file.read(TEXT_BYTES_MAX + 1)
    except OSError as error:
        raise BackupError(
            say("{file} cannot be read: {reason}.", file=path, reason=error.strerror)
        ) from error
    if len(data) > TEXT_BYTES_MAX:
        raise BackupError(
            say("{file} is too large for such a file; is it the right one?", file=path)
        )
    return data


# --- The file


def _save(found: list[_Found], target: Path) -> list[Piece]:
    """Raises BackupError and OSError; the target is as it was then."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
            pieces, files = _prepare(found, Path(folder))
            with create_private(part) as file:
                _write(file, pieces, files)
                file.flush()
                os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    return pieces


def _prepare(found: list[_Found], folder: Path) -> tuple[list[Piece], list[bytes | Path]]:
    """The list of contents, and where each of them is: a text, or a file in the folder."""
    pieces: list[Piece] = []
    files: list[bytes | Path] = []
    for one in found:
        if one.data is not None:
            digest = hashlib.sha256(one.data).hexdigest()
            pieces.append(Piece(one.role.name, len(one.data), digest, one.path))
            files.append(one.data)
            continue
        copy = folder / one.role.name
        _copy_database(one.source, copy)
        with copy.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        pieces.append(Piece(one.role.name, copy.stat().st_size, digest))
        files.append(copy)
    return pieces, files


def _copy_database(source: Path, copy: Path) -> None:
    """As it is at one moment, whatever is written meanwhile; raises BackupError."""
    create_private(copy).close()
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as here,
            closing(sqlite3.connect(copy)) as there,
        ):
            here.backup(there)
            # One file, without others beside it.
            there.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise BackupError(
            say(
                "{file} cannot be read ({error}); --without-records saves the rest.",
                file=source,
                error=error,
            )
        ) from error


def _write(file: BinaryIO, pieces: list[Piece], files: list[bytes | Path]) -> None:
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    contents = msgspec.json.encode(Contents(FORMAT, __version__, made_at, tuple(pieces)))
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=COMPRESSION) as archive:
        _add(archive, CONTENTS, io.BytesIO(contents), len(contents))
        for piece, one in zip(pieces, files, strict=True):
            if isinstance(one, bytes):
                _add(archive, piece.member, io.BytesIO(one), piece.size_bytes)
            else:
                with one.open("rb") as data:
                    _add(archive, piece.member, data, piece.size_bytes)


def _add(archive: tarfile.TarFile, name: str, data: BinaryIO, size_bytes: int) -> None:
    about = tarfile.TarInfo(name)
    about.size, about.mode = size_bytes, 0o600
    archive.addfile(about, data)
