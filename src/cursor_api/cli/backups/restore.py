"""The command that puts back what a backup has.

Rules of this file:
- Everything is unpacked beside the home folder's files and checked before the first is replaced.
- Nothing is unpacked by the names in the archive: what is there is compared with its list of
  contents, and goes where the settings say that things of its role lie.
- Whoever made the archive made its settings as well. They lead out of the home folder, to where
  other programs' files are, only when its user says so.
- No gateway runs meanwhile, and none can be started.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from cursor_api.cli.backups.pieces import (
    CONTENTS,
    CONTENTS_BYTES_MAX,
    DOTENV,
    KEY_FILE,
    ROLES,
    SETTINGS,
    TOKEN_LIST,
    TOKENS,
    BackupError,
    Contents,
    Piece,
    Role,
    create_private,
    holds_sealed,
    read_contents,
)
from cursor_api.cli.home.folder import environment, make_home
from cursor_api.cli.terminal.language import say
from cursor_api.cli.terminal.output import print_error, print_result
from cursor_api.cli.terminal.telling import told
from cursor_api.domain.errors import StoreError
from cursor_api.files.running import keep_stopped
from cursor_api.installed import SCHEMA
from cursor_api.settings import ByCommand, load_settings

# SQLite keeps these beside a database; with another database they would spoil it.
_BESIDE_DATABASE: Final = ("-wal", "-shm", "-journal")
_BLOCK_BYTES: Final = 1024 * 1024
# More than may follow the last piece: an archive is filled up to whole records.
_END_BYTES: Final = tarfile.RECORDSIZE + 1


class _Move(Struct, frozen=True):
    """A piece that was unpacked and checked, and where it goes.

    `is_told`: a place outside of the home folder that only the settings in the archive name.
    """

    role: Role
    unpacked: Path
    target: Path
    is_told: bool = False


def restore(parsed: argparse.Namespace) -> int:
    """`restore`."""
    home = make_home()
    try:
        with keep_stopped(home), _unpacked(parsed.file.absolute(), home) as (contents, pieces):
            moves = list(_plan(pieces, home))
            if not parsed.outside:
                _require_inside(moves)
            _require_free(moves, is_forced=parsed.force)
            for move in moves:
                _put(move)
                print_result(f"{move.target}: {say(move.role.about)}")
            is_sealed = any(map(_is_sealed, moves))
    except BackupError as error:
        print_error(
            say("error: {file}: {error}; nothing was changed.", file=parsed.file, error=error)
        )
        return 1
    except StoreError as error:
        print_error(say("error: {error}", error=told(error)))
        return 1
    except OSError as error:
        place = error.filename or home
        print_error(
            say("error: {file} cannot be written: {reason}.", file=place, reason=error.strerror)
        )
        print_error(
            say("What is listed above was restored; run it again with --force for the rest.")
        )
        return 1
    print_result(
        say(
            "Restored a backup of version {version} from {instant}.",
            version=contents.version,
            instant=contents.made_at,
        )
    )
    if is_sealed:
        print_result(say("Tokens in it are sealed: set the CREDENTIALS_KEY that they need."))
    print_result(say("Next: cursor-api serve"))
    return 0


def _is_sealed(move: _Move) -> bool:
    return move.role in {TOKENS, TOKEN_LIST} and holds_sealed(move.target.read_bytes())


# --- Reading


@contextmanager
def _unpacked(file: Path, home: Path) -> Iterator[tuple[Contents, Mapping[Piece, Path]]]:
    """All pieces, checked, in a private folder as long as the context lasts; raises BackupError."""
    if not file.is_file():
        raise BackupError(say("there is no such file"))
    with tempfile.TemporaryDirectory(dir=home, prefix=".restore-") as folder:
        try:
            # The compression's own checksum stands at its end, and is compared only there.
            with gzip.open(file) as data, tarfile.open(fileobj=data, mode="r|") as archive:
                members = iter(archive)
                contents = _read_contents(archive, members)
                pieces = {
                    piece: _unpack(archive, members, piece, Path(folder) / str(number))
                    for number, piece in enumerate(contents.pieces)
                }
                if next(members, None) is not None or len(data.read(_END_BYTES)) == _END_BYTES:
                    raise BackupError(say("it contains more than its list of contents says"))
        except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise BackupError(say("it is damaged or not a backup")) from None
        yield contents, pieces


def _read_contents(archive: tarfile.TarFile, members: Iterator[tarfile.TarInfo]) -> Contents:
    first = next(members, None)
    if first is None or first.name != CONTENTS or not first.isreg():
        raise BackupError(say("it is not a backup of this program"))
    data = archive.extractfile(first)
    if data is None or first.size > CONTENTS_BYTES_MAX:
        raise BackupError(say("its list of contents is wrong"))
    return read_contents(data.read())


def _unpack(
    archive: tarfile.TarFile, members: Iterator[tarfile.TarInfo], piece: Piece, target: Path
) -> Path:
    member = next(members, None)
    is_expected = member is not None and (member.name, member.size, member.isreg()) == (
        piece.member,
        piece.size_bytes,
        True,
    )
    data = archive.extractfile(member) if member is not None and is_expected else None
    if data is None:
        raise BackupError(say("its contents differ from its list of contents"))
    digest = hashlib.sha256()
    with create_private(target) as file:
        while block := data.read(_BLOCK_BYTES):
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != piece.sha256:
        raise BackupError(say("{name} in it is damaged", name=piece.member))
    return target


# --- Where it goes


def _plan(pieces: Mapping[Piece, Path], home: Path) -> Iterator[_Move]:
    places = _find_places(pieces, home)
    own = _find_places({}, home)
    for piece, unpacked in pieces.items():
        role = ROLES[piece.role]
        target = Path(os.path.normpath(home / piece.path if role is KEY_FILE else places[role]))
        is_told = not target.is_relative_to(home) and target != Path(os.path.normpath(own[role]))
        yield _Move(role, unpacked, Path(os.path.realpath(target)), is_told)


def _find_places(pieces: Mapping[Piece, Path], home: Path) -> dict[Role, Path]:
    """By the settings as they will be: those in the backup, with this process's environment."""
    texts = {piece.role: path for piece, path in pieces.items()}
    with tempfile.TemporaryDirectory(dir=home, prefix=".restore-") as name:
        folder = Path(name)
        for role in (DOTENV, SETTINGS):
            if role.name in texts:
                (folder / role.name).write_bytes(texts[role.name].read_bytes())
        needed = ByCommand(defaults={"AUTH_TOKEN": "-" * 48})
        facts = load_settings(SCHEMA.without_blocks(), environment(), folder, said=needed).facts
    places = {DOTENV: home / DOTENV.name, SETTINGS: home / SETTINGS.name, KEY_FILE: home}
    for role in ROLES.values():
        if role.variable:
            path: Path | None = facts.find(role.variable)
            if path is None:
                raise BackupError(say("its settings have no usable {name}", name=role.variable))
            is_inside = path.is_relative_to(folder)
            places[role] = home / path.relative_to(folder) if is_inside else path
    return places


def _require_inside(moves: list[_Move]) -> None:
    told = [str(move.target) for move in moves if move.is_told]
    if told:
        raise BackupError(
            say(
                "{files}: outside of this folder, where its settings say; if you trust whoever made"
                " it, --outside restores files there, too",
                files=", ".join(told),
            )
        )


def _require_free(moves: list[_Move], *, is_forced: bool) -> None:
    taken = [str(move.target) for move in moves if os.path.lexists(move.target)]
    if taken and not is_forced:
        raise BackupError(
            say("{files}: exists already; --force replaces existing files", files=", ".join(taken))
        )


def _put(move: _Move) -> None:
    """In one step, where the target's folder is another disk as well. Raises OSError."""
    move.target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = move.target.with_name(f"{move.target.name}.restoring")
    part.unlink(missing_ok=True)
    with (
        move.unpacked.open("rb") as source,
        create_private(part) as target,
    ):
        while block := source.read(_BLOCK_BYTES):
            target.write(block)
        target.flush()
        os.fsync(target.fileno())
    if move.role.is_database:
        for suffix in _BESIDE_DATABASE:
            move.target.with_name(f"{move.target.name}{suffix}").unlink(missing_ok=True)
    part.replace(move.target)
