"""The two token files on a disk: read whole, saved whole, or left alone. Blocking.

Rules of this file:
- A load writes for two reasons. With a key, it seals the tokens that stand in the clear. And a
  token without a checksum gets one, as a new line at the end of the token list. Where that line
  cannot be stored the token is not served, since it would come as another device at every start:
  `BindingNotStoredError`, which carries those that can be served.
- A change happens under the lock of both folders: read, decide (`book`), write, in an order
  in which a crash loses no device. What fails in between is taken back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from cursor_api.domain.credential import Credential, CredentialChange, FileTexts
from cursor_api.domain.errors import BindingNotStoredError, StaleTextError, StoreError
from cursor_api.domain.problems import Notice
from cursor_api.files.atomic import FileChangedError
from cursor_api.files.disk import Disk, Fingerprint
from cursor_api.options.said import tell
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
from cursor_api.upstreams.cursor.token_files.pair import FileOptions, FilePair, State
from cursor_api.upstreams.cursor.token_files.repeats import warn_of_repeats
from cursor_api.upstreams.cursor.token_files.text import require_text

_T = TypeVar("_T")

# An editor or another process that gets in between three times in a row will not stop.
_TRY_COUNT_MAX: Final = 3


class TokenFiles:
    """Reads and changes `.token` and `.token-list`. One call at a time; other processes may too."""

    def __init__(
        self,
        names: Names,
        new_checksum: NewChecksum,
        options: FileOptions | None = None,
        disk: Disk | None = None,
    ) -> None:
        options = options or FileOptions()
        self._new_checksum = new_checksum
        self._pair = FilePair(names, options, disk or Disk())
        self._reader = Reader(names, options.text, options.forms)
        self._handled: list[Fingerprint | None] | None = None
        self._seen: list[Fingerprint | None] | None = None
        self.warnings: tuple[Notice, ...] = ()

    def load(self) -> tuple[Credential, ...]:
        """All credentials: the token file's order, then those that only the list has.

        Raises StoreError when the files cannot be read whole, and BindingNotStoredError when the
        line of a new token cannot be written; nothing is changed then.
        """
        before = self._pair.find_fingerprints()
        try:
            state, book = _retry(self._load_once)
        except BindingNotStoredError:
            raise  # has_changed() goes on saying so, until the disk takes the line
        except StoreError:
            if not self._pair.has_leftovers():
                self._handled = before
            raise
        unsealed = tuple(self._pair.seal(state))
        self._handled = state.fingerprints
        self.warnings = (*self._pair.warn_of(state), *warn_of_repeats(book.repeats), *unsealed)
        return book.credentials

    def look(self) -> Book:
        """What `load` would begin with: both files as they are, nobody given a checksum.

        Raises StoreError when they cannot be read whole. Tells `warnings`, as `load` does.
        """
        state = _retry(self._pair.read_settled)
        self.warnings = tuple(self._pair.warn_of(state))
        book = self._reader.read(state.texts)
        self.warnings += tuple(warn_of_repeats(book.repeats))
        return book

    def count_unsealed(self) -> int:
        """How many tokens a load would seal. Raises StoreError as `look` does."""
        state = _retry(self._pair.read_settled)
        book = self._reader.survey(state.texts)
        entries = ((File.TOKENS, book.tokens), (File.LIST, book.listed))
        return len(
            {
                entry.bearer
                for file, found in entries
                for entry in found
                if entry.bearer not in state.opened[file].sealed
            }
        )

    def has_changed(self) -> bool:
        """Whether the files differ from what `load` last judged, and stand still.

        Costs two calls of stat. True only when two calls in a row have seen the same, so that a
        file which an editor is still writing is left to it. Also True while a new token waits for
        a disk that can be written.
        """
        now = self._pair.find_fingerprints()
        is_still, self._seen = now == self._seen, now
        return is_still and now != self._handled

    def read_text(self) -> FileTexts:
        """Both files as text, valid or not. Raises StoreError when one is not readable text."""
        return self._show(_retry(self._pair.read_settled).texts)

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
        book = self._reader.survey(_retry(self._pair.read_settled).texts)
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

    def _load_once(self) -> tuple[State, Book]:
        state = self._pair.read_settled()
        book = self._reader.read(state.texts)
        if not book.lacking:
            return state, book
        try:
            with self._pair.locked(File.LIST):
                state = self._pair.read()
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
                tell(
                    "{count} new token(s) cannot be served, because the checksum of each cannot be"
                    " stored: {reason} Make {path} writable, or write a line `token,checksum` for"
                    " each into it.",
                    count=len(book.lacking),
                    reason=error.said,
                    path=self._pair.paths[File.LIST],
                ),
                book.credentials,
            ) from error
        return state, completed

    def _edit(self, make: Callable[[Book], Book], if_match: str | None) -> Book:
        def edit_once() -> Book:
            with self._pair.locked(File.TOKENS, File.LIST):
                state = self._pair.read()
                if if_match is not None and if_match != state.texts.etag:
                    raise StaleTextError(
                        tell("The token files were changed since you read them; nothing was saved.")
                    )
                old = self._reader.survey(state.texts)
                new = self._reader.complete(make(old), self._new_checksum)
                self._write(state, old, new)
                return new

        return _retry(edit_once)

    def _write(self, state: State, old: Book, new: Book) -> None:
        """Save what differs and bring `state` up to date; takes the list back if a write fails."""
        listed = state.snapshots[File.LIST]
        for file, data in plan_writes(old, new):
            try:
                saved = self._pair.save(state, file, data)
            except StoreError:
                if state.texts != old.texts:
                    with contextlib.suppress(StoreError):
                        self._pair.put_back(state, File.LIST, listed.data if listed else b"")
                raise
            self._pair.take_in(state, file, saved)

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
