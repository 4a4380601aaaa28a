"""The two token files on a disk: read whole, saved whole, or left alone. Blocking.

Rules of this file:
- Reading takes no lock. What was read counts only when both files stood still meanwhile and no
  save of them was going on.
- A load writes for one reason: a token without a checksum gets one, as a new line at the end of
  the token list. Where that line cannot be stored the token is not served, since it would come as
  another device at every start: `BindingNotStoredError`, which carries those that can be served.
- A change happens under the lock of both folders: read, decide (`token_book`), write, in an order
  in which a crash loses no device. What fails in between is taken back.
- Links are followed: the file that a link leads to is the one that is replaced.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from cursor_api.domain.credential import Credential, CredentialChange, CredentialForm, FileTexts
from cursor_api.domain.errors import BindingNotStoredError, StaleTextError, StoreError
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
from cursor_api.options.said import tell
from cursor_api.upstreams.cursor.forms import SESSION_TOKEN
from cursor_api.upstreams.cursor.token_files.book import (
    Book,
    File,
    Names,
    NewChecksum,
    Reader,
    Texts,
    plan_writes,
)
from cursor_api.upstreams.cursor.token_files.lines import append_lines
from cursor_api.upstreams.cursor.token_files.text import TextLimits, require_text, too_large

_T = TypeVar("_T")

# An editor or another process that gets in between three times in a row will not stop.
_TRY_COUNT_MAX: Final = 3
_READABLE_BY_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True)
class FileOptions:
    """The bounds of the file store."""

    text: TextLimits = field(default_factory=TextLimits)
    # A save takes milliseconds; a process that holds the lock for longer hangs on its disk.
    lock_wait_s: float = 5.0
    # What the lines may hold; the first that fits counts, and the last one fits all.
    forms: tuple[CredentialForm, ...] = (SESSION_TOKEN,)
    # Served with those of the files, and never written.
    given: tuple[Credential, ...] = ()


@dataclass(slots=True)
class _State:
    """Both files as they stood together."""

    targets: dict[File, Path]
    snapshots: dict[File, Snapshot | None]

    @property
    def texts(self) -> Texts:
        return Texts(*(found.data if found else b"" for found in self.snapshots.values()))

    @property
    def fingerprints(self) -> list[Fingerprint | None]:
        return [found.fingerprint if found else None for found in self.snapshots.values()]


class TokenFiles:
    """Reads and changes `.token` and `.token-list`. One call at a time; other processes may too."""

    def __init__(
        self,
        names: Names,
        new_checksum: NewChecksum,
        options: FileOptions | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._options = options or FileOptions()
        self._disk = disk or Disk()
        self._new_checksum = new_checksum
        self._paths = {File.TOKENS: Path(names.tokens), File.LIST: Path(names.token_list)}
        self._reader = Reader(names, self._options.text, self._options.forms)
        self._handled: list[Fingerprint | None] | None = None
        self._seen: list[Fingerprint | None] | None = None
        self.warnings: tuple[Notice, ...] = ()

    def load(self) -> tuple[Credential, ...]:
        """All credentials: the token file's order, then those that only the list has.

        Raises StoreError when the files cannot be read whole, and BindingNotStoredError when the
        line of a new token cannot be written; nothing is changed then.
        """
        before = self._find_fingerprints()
        try:
            state, book = _retry(self._load_once)
        except BindingNotStoredError:
            raise  # has_changed() goes on saying so, until the disk takes the line
        except StoreError:
            if not self._has_leftovers():
                self._handled = before
            raise
        self._handled = state.fingerprints
        self.warnings = tuple(self._warn_of(state))
        return book.credentials

    def look(self) -> Book:
        """What `load` would begin with: both files as they are, nobody given a checksum.

        Raises StoreError when they cannot be read whole. Tells `warnings`, as `load` does.
        """
        state = _retry(self._read_settled)
        self.warnings = tuple(self._warn_of(state))
        return self._reader.read(state.texts)

    def has_changed(self) -> bool:
        """Whether the files differ from what `load` last judged, and stand still.

        Costs two calls of stat. True only when two calls in a row have seen the same, so that a
        file which an editor is still writing is left to it. Also True while a new token waits for
        a disk that can be written.
        """
        now = self._find_fingerprints()
        is_still, self._seen = now == self._seen, now
        return is_still and now != self._handled

    def read_text(self) -> FileTexts:
        """Both files as text, valid or not. Raises StoreError when one is not readable text."""
        return self._show(_retry(self._read_settled).texts)

    def replace_text(
        self, tokens: str, token_list: str | None = None, if_match: str | None = None
    ) -> FileTexts:
        """Put new text in the place of both files, or of the token file alone.

        New tokens are listed at once. Gives the text that is there now. Raises StoreError when a
        line cannot be used, StaleTextError when `if_match` is not the etag of what is there.
        """

        def make(book: Book) -> Book:
            self._show(book.texts)  # what its user could not see is not replaced
            as_list = book.texts.token_list if token_list is None else _encode(token_list)
            return self._reader.read(Texts(_encode(tokens), as_list))

        return self._show(self._edit(make, if_match).texts)

    def add(
        self, text: str, checksum: str | None = None, if_match: str | None = None
    ) -> tuple[Credential, ...]:
        """Append tokens, spelled as in a token file, and list them; gives them.

        Raises StoreError when one cannot be used or is there already; then none is added.
        """
        added: list[str] = []

        def make(book: Book) -> Book:
            changed, added[:] = self._reader.add(book, text, checksum)
            return changed

        return _pick(self._edit(make, if_match), added)

    def append(self, decide: Callable[[Book], tuple[Sequence[str], Sequence[str]]]) -> None:
        """Add lines to both files, which are decided from what they hold.

        Raises StoreError when the files or the lines cannot be used; nothing is changed then.
        """

        def make(book: Book) -> Book:
            tokens, listed = decide(book.require_right())
            return self._reader.read(
                Texts(
                    append_lines(book.texts.tokens, tokens),
                    append_lines(book.texts.token_list, listed),
                )
            )

        self._edit(make, None)

    def check(self, text: str, checksum: str | None = None) -> None:
        """Whether `add` would take this now: raises what it would raise, and writes nothing."""
        book = self._reader.survey(_retry(self._read_settled).texts)
        self._reader.add(book, text, checksum)

    def remove(self, alias: str, if_match: str | None = None) -> None:
        """Delete a credential's line from both files. Raises UnknownCredentialError."""
        self._edit(lambda book: self._reader.remove(book, alias), if_match)

    def update(
        self, alias: str, change: CredentialChange, if_match: str | None = None
    ) -> Credential:
        """Rewrite a credential's line; gives what it is now.

        Raises UnknownCredentialError, and StoreError when a new part is not valid or not free.
        """
        bearers: list[str] = []

        def make(book: Book) -> Book:
            changed, bearer = self._reader.change(book, alias, change)
            bearers[:] = [bearer]
            return changed

        return _pick(self._edit(make, if_match), bearers)[0]

    def _load_once(self) -> tuple[_State, Book]:
        state = self._read_settled()
        book = self._reader.read(state.texts)
        if not book.lacking:
            return state, book
        try:
            with self._locked(File.LIST):
                state = self._read()
                if state.texts != book.texts:
                    book = self._reader.read(state.texts)
                completed = self._reader.complete(book, self._new_checksum)
                self._write(state, book, completed)
        except FileChangedError:
            raise
        except StoreError as error:
            if error.problems:
                raise
            raise BindingNotStoredError(
                f"{len(book.lacking)} new token(s) cannot be served, because the checksum of each"
                f" cannot be stored: {error.message} Make {self._paths[File.LIST]} writable, or"
                " write a line `token,checksum` for each into it.",
                book.credentials,
            ) from error
        return state, completed

    def _edit(self, make: Callable[[Book], Book], if_match: str | None) -> Book:
        def edit_once() -> Book:
            with self._locked(File.TOKENS, File.LIST):
                state = self._read()
                if if_match is not None and if_match != state.texts.etag:
                    raise StaleTextError(
                        tell("The token files were changed since you read them; nothing was saved.")
                    )
                old = self._reader.survey(state.texts)
                new = self._reader.complete(make(old), self._new_checksum)
                self._write(state, old, new)
                return new

        return _retry(edit_once)

    def _write(self, state: _State, old: Book, new: Book) -> None:
        """Save what differs and bring `state` up to date; takes the list back if a write fails."""
        for file, data in plan_writes(old, new):
            try:
                save(state.targets[file], data, state.snapshots[file], self._disk)
            except StoreError:
                if state.texts != old.texts:
                    with contextlib.suppress(StoreError):
                        listed = state.snapshots[File.LIST]
                        save(state.targets[File.LIST], old.texts.token_list, listed, self._disk)
                raise
            found = state.snapshots[file] = self._find(file, state.targets[file])
            if not found or found.data != data:
                raise FileChangedError(
                    tell("{path} was changed right after it was saved.", path=self._paths[file])
                )

    def _read_settled(self) -> _State:
        """Both files, whole; a save that was cut off is finished first."""
        state = self._read(is_settled=False)
        if not self._has_leftovers():
            return self._require_still(state)
        try:
            with self._locked(*(f for f, path in state.targets.items() if self._is_left(path))):
                pass
        except StoreError:
            # Nothing but a new text that never became the file: a nuisance, not an obstacle.
            if any(is_torn(target, self._disk) for target in state.targets.values()):
                raise
            return self._require_still(state)
        return self._read()

    def _read(self, *, is_settled: bool = True) -> _State:
        targets = {file: Path(os.path.realpath(path)) for file, path in self._paths.items()}
        if len(set(targets.values())) == 1:
            _, path = targets.popitem()
            text = f"The token file and the token list are one file: {path}"
            raise StoreError(Notice(NoticeCode.SAME_FILE, text, {"path": str(path)}))
        state = _State(targets, {file: self._find(file, path) for file, path in targets.items()})
        return self._require_still(state) if is_settled else state

    def _require_still(self, state: _State) -> _State:
        now = self._find_fingerprints()
        is_half = any(is_torn(target, self._disk) for target in state.targets.values())
        if is_half or now != state.fingerprints:
            raise FileChangedError(tell("The token files are being written by another program."))
        return state

    def _find(self, file: File, target: Path) -> Snapshot | None:
        path, limits = self._paths[file], self._options.text
        try:
            return self._disk.find(target, limits.file_bytes_max)
        except FileTooLargeError as error:
            raise StoreError(too_large(str(path), error.size_bytes, limits)) from error
        except OSError as error:
            text, cause = f"{path} cannot be read: {error.strerror}.", error.strerror or ""
            told = {"path": str(path), "cause": cause}
            raise StoreError(Notice(NoticeCode.UNREADABLE, text, told)) from error

    @contextlib.contextmanager
    def _locked(self, *files: File) -> Iterator[None]:
        """Hold the folders of these files, and finish what was cut off there."""
        targets = [Path(os.path.realpath(self._paths[file])) for file in files]
        with lock_folders({target.parent for target in targets}, self._options.lock_wait_s):
            for target in targets:
                if self._is_left(target):
                    recover(target, self._options.text.file_bytes_max, self._disk)
            yield

    def _has_leftovers(self) -> bool:
        return any(self._is_left(Path(os.path.realpath(path))) for path in self._paths.values())

    def _is_left(self, target: Path) -> bool:
        return has_leftovers(target, self._disk)

    def _find_fingerprints(self) -> list[Fingerprint | None]:
        found: list[Fingerprint | None] = []
        for path in self._paths.values():
            try:
                found.append(self._disk.find_fingerprint(path))
            except OSError:
                found.append(None)
        return found

    def _warn_of(self, state: _State) -> Iterator[Notice]:
        for file, found in state.snapshots.items():
            path = self._paths[file]
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

    def _show(self, texts: Texts) -> FileTexts:
        names = self._reader.names
        tokens = require_text(texts.tokens, names.tokens)
        return FileTexts(tokens, require_text(texts.token_list, names.token_list), texts.etag)


def _pick(book: Book, bearers: list[str]) -> tuple[Credential, ...]:
    return tuple(one for one in book.credentials if one.secret.reveal() in bearers)


def _retry(step: Callable[[], _T]) -> _T:
    """Do it again when another program wrote in between, a bounded number of times."""
    for _ in range(_TRY_COUNT_MAX - 1):
        with contextlib.suppress(FileChangedError):
            return step()
    return step()


def _encode(text: str) -> bytes:
    """Also what is no text (a lone surrogate out of JSON), which the parser then names."""
    return text.encode("utf-8", "surrogatepass")
