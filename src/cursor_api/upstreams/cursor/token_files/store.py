"""The credential store that users know: `.token` and `.token-list`, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from cursor_api.domain.credential import Credential, CredentialChange, FileTexts
from cursor_api.domain.errors import BindingNotStoredError
from cursor_api.domain.problems import Notice
from cursor_api.files.disk import Disk
from cursor_api.upstreams.cursor.token_files.book import Names, NewChecksum
from cursor_api.upstreams.cursor.token_files.files import TokenFiles
from cursor_api.upstreams.cursor.token_files.given import join
from cursor_api.upstreams.cursor.token_files.pair import FileOptions
from cursor_api.upstreams.cursor.token_files.paste import PasteReader

_T = TypeVar("_T")


class FileCredentialStore(PasteReader):
    """Implements `ports.CredentialStore`, and everything by which the files are managed.

    `new_checksum` gives a new device; it is asked once for each token that has none. Every call
    runs in a thread, one at a time; a call that is cancelled is finished there all the same.
    """

    def __init__(
        self,
        token_file: Path,
        token_list_file: Path,
        new_checksum: NewChecksum,
        options: FileOptions | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._given = options.given if options else ()
        self.token_file = token_file
        self.token_list_file = token_list_file
        names = Names(str(token_file), str(token_list_file))
        self._files = TokenFiles(names, new_checksum, options, disk)
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"FileCredentialStore({str(self.token_file)!r}, {str(self.token_list_file)!r})"

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """What the last good load found worth telling: a file that others can read, and such."""
        return self._files.warnings

    async def load(self) -> Sequence[Credential]:
        """All credentials: the token file's order, those that only the list has, the given ones.

        Raises StoreError when the files cannot be read whole, and BindingNotStoredError when the
        line of a new token cannot be written; nothing is changed then.
        """
        try:
            return join(await self._run(self._files.load), self._given)
        except BindingNotStoredError as error:
            known = join(error.known, self._given)
            raise BindingNotStoredError(error.said, known) from error

    async def count_unsealed(self) -> int:
        """How many tokens a load would seal. Raises StoreError when they cannot be read."""
        return await self._run(self._files.count_unsealed)

    async def has_changed(self) -> bool:
        """Whether a load would see something new: to be asked about once a second.

        True only when two calls in a row have seen the same change.
        """
        return await self._run(self._files.has_changed)

    async def read_text(self) -> FileTexts:
        """Both files as text, valid or not. Raises StoreError when one is not readable text."""
        return await self._run(self._files.read_text)

    async def replace_text(
        self, tokens: str, token_list: str | None = None, *, if_match: str | None = None
    ) -> FileTexts:
        """Put new text in the place of both files, or of the token file alone (None).

        The text is written as it is, line ends included; new tokens are listed at once. Gives
        what is there now. Raises StoreError with all problems when a line cannot be used, and
        StaleTextError when `if_match` is not the etag of what is there.
        """
        return await self._run(partial(self._files.replace_text, tokens, token_list, if_match))

    async def add(
        self, text: str, *, binding: str | None = None, if_match: str | None = None
    ) -> Sequence[Credential]:
        """Append one or more tokens, spelled as in a token file, and list them; gives them.

        Raises StoreError when one cannot be used or is there already; then none is added.
        """
        return await self._run(partial(self._files.add, text, binding, if_match))

    async def check(self, text: str, *, binding: str | None = None) -> None:
        """Whether `add` would take this now: raises what it would raise, and writes nothing."""
        await self._run(partial(self._files.check, text, binding))

    async def remove(self, alias: str, *, if_match: str | None = None) -> None:
        """Delete a credential's line from both files. Raises UnknownCredentialError."""
        await self._run(partial(self._files.remove, alias, if_match))

    async def update(
        self, alias: str, change: CredentialChange, *, if_match: str | None = None
    ) -> Credential:
        """Rewrite a credential's line; gives what it is now.

        Raises UnknownCredentialError, and StoreError when a new part is not valid or not free.
        """
        return await self._run(partial(self._files.update, alias, change, if_match))

    async def _run(self, step: Callable[[], _T]) -> _T:
        # Shielded: a cancelled call must neither drop a save that waits for its thread nor give
        # up its turn while the thread writes.
        return await asyncio.shield(self._take_turn(step))

    async def _take_turn(self, step: Callable[[], _T]) -> _T:
        async with self._turn:
            return await asyncio.to_thread(step)
