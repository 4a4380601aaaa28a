"""The two token files as bytes on a disk: found, locked, saved, and their tokens opened and sealed.

Rules of this file:
- Reading takes no lock. What was read counts only when both files stood still meanwhile and no
  save of them was going on.
- Links are followed: the file that a link leads to is the one that is replaced.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from cursor_api.domain.credential import Credential, CredentialForm
from cursor_api.domain.errors import StoreError
from cursor_api.domain.problems import Notice, NoticeCode
from cursor_api.files.atomic import (
    FileChangedError,
    has_leftovers,
    is_torn,
    recover,
    save,
    set_aside,
)
from cursor_api.files.disk import Disk, FileTooLargeError, Fingerprint, Snapshot
from cursor_api.files.lock import lock_folders
from cursor_api.files.sealing import Sealer
from cursor_api.options.said import tell
from cursor_api.upstreams.cursor.forms import SESSION_TOKEN
from cursor_api.upstreams.cursor.token_files.book import File, Names, Texts
from cursor_api.upstreams.cursor.token_files.sealed import Opened, close_lines, open_lines
from cursor_api.upstreams.cursor.token_files.text import (
    TextLimits,
    parse_token_list,
    parse_tokens,
    too_large,
)

_READABLE_BY_OTHERS: Final = 0o077


class FileOptions(Struct, frozen=True):
    """The bounds of the file store."""

    text: TextLimits = field(default_factory=TextLimits)
    # A save takes milliseconds; a process that holds the lock for longer hangs on its disk.
    lock_wait_s: float = 5.0
    # What the lines may hold; the first that fits counts, and the last one fits all.
    forms: tuple[CredentialForm, ...] = (SESSION_TOKEN,)
    # Served with those of the files, and never written.
    given: tuple[Credential, ...] = ()
    # None: tokens stand in the files as they are.
    sealer: Sealer | None = None


class State(Struct):
    """Both files as they stood together, and what they say where tokens in them are sealed."""

    targets: dict[File, Path]
    snapshots: dict[File, Snapshot | None]
    opened: dict[File, Opened]

    @property
    def texts(self) -> Texts:
        """What they say."""
        return Texts(*(one.data for one in self.opened.values()))

    @property
    def fingerprints(self) -> list[Fingerprint | None]:
        """By which a change is seen."""
        return [found.fingerprint if found else None for found in self.snapshots.values()]


class FilePair:
    """Both files where they lie. Every method that reads or writes raises StoreError."""

    def __init__(self, names: Names, options: FileOptions, disk: Disk) -> None:
        self.paths = {File.TOKENS: Path(names.tokens), File.LIST: Path(names.token_list)}
        self._options = options
        self._disk = disk

    def save(self, state: State, file: File, text: bytes) -> bytes:
        """Put a text in the place of a file, its tokens sealed; gives what stands there now."""
        data = self._close(file, replace(state.opened[file], data=text))
        save(state.targets[file], data, state.snapshots[file], self._disk)
        return data

    def take_in(self, state: State, file: File, saved: bytes) -> None:
        """Bring `state` up to date after a save."""
        found = self._find(file, state.targets[file])
        if not found or found.data != saved:
            # `state` stays as it was: what somebody else wrote is still to be seen.
            raise FileChangedError(
                tell("{path} was changed right after it was saved.", path=self.paths[file])
            )
        state.snapshots[file], state.opened[file] = found, self._open(file, found)

    def put_back(self, state: State, file: File, was: bytes) -> None:
        """Save what the file held, as it was, after another save has failed."""
        save(state.targets[file], was, state.snapshots[file], self._disk)

    def seal(self, state: State) -> Iterator[Notice]:
        """Seal what stands in the clear; where that cannot be saved, it serves all the same."""
        for file, opened in list(state.opened.items()):
            found, path = state.snapshots[file], self.paths[file]
            try:
                if found is None or opened.is_sealed or self._close(file, opened) == found.data:
                    continue
                with self.locked(file):
                    self.take_in(state, file, self.save(state, file, opened.data))
            except FileChangedError:
                continue  # which the next look sees
            except StoreError as error:
                text = (
                    f"{path} holds tokens in clear text or sealed with an earlier key, and cannot"
                    f" be sealed: {error.message}"
                )
                values = {"path": str(path), "cause": error.message}
                yield Notice(NoticeCode.NOT_SEALED, text, values)

    def read_settled(self) -> State:
        """Both files, whole; a save that was cut off is finished first."""
        state = self._find_both()
        if not self.has_leftovers():
            return self._open_both(state)
        try:
            with self.locked(*(f for f, path in state.targets.items() if self._is_left(path))):
                pass
        except StoreError:
            # Nothing but a new text that never became the file: a nuisance, not an obstacle.
            if any(is_torn(target, self._disk) for target in state.targets.values()):
                raise
            return self._open_both(state)
        return self.read()

    def read(self) -> State:
        """Both files, under their lock."""
        return self._open_both(self._find_both())

    def _find_both(self) -> State:
        targets = {file: Path(os.path.realpath(path)) for file, path in self.paths.items()}
        if len(set(targets.values())) == 1:
            _, path = targets.popitem()
            text = f"The token file and the token list are one file: {path}"
            raise StoreError(Notice(NoticeCode.SAME_FILE, text, {"path": str(path)}))
        return State(targets, {file: self._find(file, one) for file, one in targets.items()}, {})

    def _open_both(self, state: State) -> State:
        self._require_still(state)
        state.opened = {file: self._open(file, one) for file, one in state.snapshots.items()}
        return state

    def _open(self, file: File, found: Snapshot | None) -> Opened:
        data = found.data if found else b""
        return open_lines(data, str(self.paths[file]), self._options.sealer)

    def _close(self, file: File, opened: Opened) -> bytes:
        """What stands in the file for a text. Raises StoreError when that is too large."""
        sealer, limits = self._options.sealer, self._options.text
        if sealer is None:
            return opened.data
        parse = parse_tokens if file is File.TOKENS else parse_token_list
        path = str(self.paths[file])
        parsed = parse(opened.data, path, limits)
        # A line that is not used holds a token all the same.
        unused = tuple(one.entry for one in parsed.repeats if not one.is_used)
        data = close_lines(opened, (*parsed.entries, *unused), sealer)
        if len(data) > limits.file_bytes_max:
            raise StoreError(too_large(path, len(data), limits))
        return data

    def _require_still(self, state: State) -> None:
        now = self.find_fingerprints()
        is_half = any(is_torn(target, self._disk) for target in state.targets.values())
        if is_half or now != state.fingerprints:
            raise FileChangedError(tell("The token files are being written by another program."))

    def _find(self, file: File, target: Path) -> Snapshot | None:
        path, limits = self.paths[file], self._options.text
        try:
            return self._disk.find(target, limits.file_bytes_max)
        except FileTooLargeError as error:
            raise StoreError(too_large(str(path), error.size_bytes, limits)) from error
        except OSError as error:
            text, cause = f"{path} cannot be read: {error.strerror}.", error.strerror or ""
            told = {"path": str(path), "cause": cause}
            raise StoreError(Notice(NoticeCode.UNREADABLE, text, told)) from error

    @contextlib.contextmanager
    def locked(self, *files: File) -> Iterator[None]:
        """Hold the folders of these files, and finish what was cut off there."""
        targets = [Path(os.path.realpath(self.paths[file])) for file in files]
        with lock_folders({target.parent for target in targets}, self._options.lock_wait_s):
            for target in targets:
                if self._is_left(target):
                    recover(target, self._options.text.file_bytes_max, self._disk)
            yield

    def has_leftovers(self) -> bool:
        """Whether a save is going on, or was cut off."""
        return any(self._is_left(Path(os.path.realpath(path))) for path in self.paths.values())

    def _is_left(self, target: Path) -> bool:
        return has_leftovers(target, self._disk)

    def find_fingerprints(self) -> list[Fingerprint | None]:
        """As they are now; None for a file that is not there or cannot be looked at."""
        found: list[Fingerprint | None] = []
        for path in self.paths.values():
            try:
                found.append(self._disk.find_fingerprint(path))
            except OSError:
                found.append(None)
        return found

    def warn_of(self, state: State) -> Iterator[Notice]:
        """What its owner should know of the files."""
        for file, found in state.snapshots.items():
            path = self.paths[file]
            if found and os.name == "posix" and found.mode & _READABLE_BY_OTHERS:
                mode = f"{found.mode:04o}"
                yield Notice(
                    NoticeCode.OPEN_TO_OTHERS,
                    f"{path} is open to other users of this computer (mode {mode});"
                    f" `chmod 600 {path}` keeps it to you.",
                    {"path": str(path), "mode": mode},
                )
            aside = set_aside(state.targets[file])
            if self._disk.exists(aside):
                yield Notice(
                    NoticeCode.SET_ASIDE,
                    f"{path} was written by hand after a save was cut off, and counts as it stands."
                    f" What it held before is in {aside}: remove that when nothing is missing.",
                    {"path": str(path), "aside": str(aside)},
                )
            if found and not found.link_count:
                yield Notice(
                    NoticeCode.OLD_MOUNT,
                    f"{path} was replaced outside, and the old file is still mounted here:"
                    " restart, and mount its folder so that an edit arrives.",
                    {"path": str(path)},
                )
