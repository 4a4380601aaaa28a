"""The account that the Cursor editor on this machine is signed in with, read from its database.

Rules of this file:
- The editor's folder is only read: no lock is taken there and no file made. While the editor has
  something in a journal or a write-ahead log, a private copy is read, which holds that as well.
- Where the database is and what it is called (protocol facts, seen in the editor's releases) stands
  in the constants below, and nowhere else.
- An error says what to do next and never shows what stands in the database.
"""

from __future__ import annotations

import base64
import binascii
import enum
import json
import re
import shutil
import sqlite3
import stat
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import Struct

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.files.disk import Disk, Fingerprint
from cursor_api.installed import read_token
from cursor_api.options.said import tell

# Below the folder where the system keeps what programs remember.
_BELOW: Final = ("Cursor", "User", "globalStorage", "state.vscdb")
_TOKEN: Final = "cursorAuth/accessToken"  # noqa: S105 - the name of a row
_EMAIL: Final = "cursorAuth/cachedEmail"
_PLAN: Final = "cursorAuth/stripeMembershipType"
_QUERY: Final = "SELECT key, value FROM ItemTable WHERE key IN (?, ?, ?)"

# What SQLite keeps beside a database that is at work; the first two hold what the file lacks.
_LOGS: Final = ("-wal", "-journal")
# A copy counts when nothing moved meanwhile; an editor that writes without a pause is rare.
_COPY_COUNT_MAX: Final = 5
_COPY_PAUSE_S: Final = 0.2
# Databases with years of chats have some gigabytes; more is not worth filling a disk for.
_COPY_BYTES_MAX: Final = 16 * 1024**3
# A token has some 400 characters.
_VALUE_LENGTH_MAX: Final = 16 * 1024
_VISIBLE: Final = re.compile(r"[!-+\--~]+")
_ACCOUNT: Final = re.compile(r"user_\w+")
# ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION.
_WINDOWS_BUSY: Final = {32, 33}

_CLOSE: Final = tell("Close Cursor and try again.")


class EditorProblem(enum.Enum):
    """Why there is no account to be had."""

    NOT_INSTALLED = "not_installed"
    NOT_SIGNED_IN = "not_signed_in"
    LOCKED = "locked"
    UNREADABLE = "unreadable"
    DAMAGED = "damaged"


class EditorError(StoreError):
    """The editor's account cannot be read; `problem` says why, the message what to do."""

    def __init__(self, problem: EditorProblem, message: str) -> None:
        super().__init__(message)
        self.problem = problem


class EditorAccount(Struct, frozen=True):
    """Who the editor is signed in as. `user_id` comes out of the token, which is not verified."""

    token: Secret
    user_id: str | None
    email: str | None
    plan: str | None
    database: Path


def find_database_paths(environ: Mapping[str, str], platform: str = sys.platform) -> list[Path]:
    """Where the database may be, the likeliest first; `platform` as `sys.platform` spells it."""
    home = environ.get("USERPROFILE" if platform == "win32" else "HOME")
    folders: list[Path] = []
    if platform == "win32":
        if environ.get("APPDATA"):
            folders.append(Path(environ["APPDATA"]))
        if home:
            folders.append(Path(home, "AppData", "Roaming"))
    elif platform == "darwin":
        if home:
            folders.append(Path(home, "Library", "Application Support"))
    else:
        config = environ.get("XDG_CONFIG_HOME", "")
        # The standard says that a relative path there is to be ignored.
        if config.startswith("/"):
            folders.append(Path(config))
        if home:
            folders.append(Path(home, ".config"))
    return list(dict.fromkeys(folder.joinpath(*_BELOW) for folder in folders))


def read_account(paths: Sequence[Path]) -> EditorAccount:
    """The account in the first of these databases that exists. Raises EditorError."""
    database = _find(paths)
    try:
        values = _Reading(database).values()
    except OSError as error:
        if getattr(error, "winerror", None) in _WINDOWS_BUSY:
            raise _locked(database) from error
        raise EditorError(
            EditorProblem.UNREADABLE,
            tell("{path} cannot be read: {reason}.", path=database, reason=error.strerror),
        ) from error
    text = values.get(_TOKEN, "")
    if not text:
        raise EditorError(
            EditorProblem.NOT_SIGNED_IN,
            tell(
                "Cursor is installed here, but nobody is signed in (looked into {path}). Sign in"
                " with the editor, then try again.",
                path=database,
            ),
        )
    token = read_token(text)[1]
    if not _VISIBLE.fullmatch(token):
        raise _damaged(database, tell("what stands in the place of the token is none"))
    return EditorAccount(
        token=Secret(token),
        user_id=_find_user_id(token),
        email=values.get(_EMAIL) or None,
        plan=values.get(_PLAN) or None,
        database=database,
    )


def _find(paths: Sequence[Path]) -> Path:
    for path in paths:
        try:
            mode = path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise EditorError(
                EditorProblem.UNREADABLE,
                tell("{path} cannot be read: {reason}.", path=path, reason=error.strerror),
            ) from error
        if not stat.S_ISREG(mode):
            raise _damaged(path, tell("it is no file"))
        return path
    tried = "".join(f"\n  {path}" for path in paths)
    raise EditorError(
        EditorProblem.NOT_INSTALLED,
        tell(
            "The Cursor editor is not installed here, or has never been started. Looked for:"
            "{places}",
            places=tried or tell(" nowhere: there is no home folder"),
        ),
    )


class _Reading:
    """One database, read once."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._disk = Disk()

    def values(self) -> Mapping[str, str]:
        """The rows that matter; "" for one that is no text. Raises EditorError, OSError."""
        before = self._fingerprints()
        if not self._has_log(before):
            try:
                found = _query(f"{self._database.absolute().as_uri()}?mode=ro&immutable=1")
            except sqlite3.Error as error:
                if before == self._fingerprints():
                    raise self._translate(error) from error
            else:
                if before == self._fingerprints():
                    return found
        return self._values_of_copy()

    def _values_of_copy(self) -> Mapping[str, str]:
        with tempfile.TemporaryDirectory(prefix="cursor-api-") as folder:
            for attempt in range(_COPY_COUNT_MAX):
                if attempt:
                    time.sleep(_COPY_PAUSE_S)
                copy = Path(folder, str(attempt), self._database.name)
                copy.parent.mkdir()
                if self._copy(copy):
                    try:
                        return _query(copy.as_uri())
                    except sqlite3.Error as error:
                        raise self._translate(error) from error
                shutil.rmtree(copy.parent)
        raise _locked(self._database)

    def _copy(self, copy: Path) -> bool:
        """Whether all of it was copied as it stood at one moment."""
        before = self._fingerprints()
        size_bytes = sum(found.size_bytes for found in before if found)
        if size_bytes > _COPY_BYTES_MAX:
            raise EditorError(
                EditorProblem.LOCKED,
                tell(
                    "Cursor is using {path}, which is too large to be copied ({size} bytes)."
                    " {remedy}",
                    path=self._database,
                    size=size_bytes,
                    remedy=_CLOSE,
                ),
            )
        try:
            for suffix, found in zip(("", *_LOGS), before, strict=True):
                if found:
                    shutil.copyfile(_beside(self._database, suffix), _beside(copy, suffix))
        except FileNotFoundError:
            return False
        return before == self._fingerprints()

    def _fingerprints(self) -> list[Fingerprint | None]:
        return [
            self._disk.find_fingerprint(_beside(self._database, suffix)) for suffix in ("", *_LOGS)
        ]

    @staticmethod
    def _has_log(fingerprints: list[Fingerprint | None]) -> bool:
        return any(found and found.size_bytes for found in fingerprints[1:])

    def _translate(self, error: sqlite3.Error) -> EditorError:
        # The low byte is the code proper; the rest says more about it.
        match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_INTERNAL) & 0xFF:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return _locked(self._database)
            case sqlite3.SQLITE_NOTADB:
                return _damaged(self._database, tell("it is no SQLite database"))
            case sqlite3.SQLITE_CORRUPT:
                return _damaged(self._database, tell("the database is corrupt"))
            case sqlite3.SQLITE_ERROR:
                return _damaged(self._database, tell("it has no table ItemTable of the known form"))
            case _:
                return EditorError(
                    EditorProblem.UNREADABLE,
                    tell(
                        "{path} cannot be read: {reason}. {remedy}",
                        path=self._database,
                        reason=error,
                        remedy=_CLOSE,
                    ),
                )


def _query(uri: str) -> Mapping[str, str]:
    with closing(sqlite3.connect(uri, uri=True, timeout=1)) as connection:
        # Values are blobs in most versions of the editor, and text in others.
        connection.text_factory = bytes
        rows = connection.execute(_QUERY, (_TOKEN, _EMAIL, _PLAN)).fetchall()
    return {key.decode(): _as_text(value) for key, value in rows}


def _as_text(value: object) -> str:
    if not isinstance(value, bytes) or len(value) > _VALUE_LENGTH_MAX:
        return ""
    try:
        text = value.decode().strip()
        return str(json.loads(text)) if text.startswith('"') else text
    except ValueError:
        return ""


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _find_user_id(token: str) -> str | None:
    """The account in the claim `sub`, "auth0|user_…"; None where the token does not say."""
    _, _, rest = token.partition(".")
    payload = rest.partition(".")[0]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        found = _ACCOUNT.search(claims["sub"])
    except (binascii.Error, ValueError, LookupError, TypeError, RecursionError):
        return None
    return found[0] if found else None


def _locked(database: Path) -> EditorError:
    return EditorError(
        EditorProblem.LOCKED,
        tell("Cursor is using {path} and does not pause. {remedy}", path=database, remedy=_CLOSE),
    )


def _damaged(database: Path, what: str) -> EditorError:
    return EditorError(
        EditorProblem.DAMAGED,
        tell(
            "{path} is not what this program knows: {reason}. Start Cursor once, so that it can"
            " mend its database; or copy the token from your browser and use `cursor-api token"
            " add`.",
            path=database,
            reason=what,
        ),
    )
