"""The token files of a gateway that has none: two texts in memory, under the same rules."""

from __future__ import annotations

from collections.abc import Sequence

from cursor_api.domain.credential import (
    Credential,
    CredentialChange,
    CredentialForm,
    FileTexts,
)
from cursor_api.domain.problems import Notice
from cursor_api.upstreams.cursor.forms import SESSION_TOKEN
from cursor_api.upstreams.cursor.token_files.book import (
    Book,
    Names,
    NewChecksum,
    Reader,
    Texts,
    require_match,
)
from cursor_api.upstreams.cursor.token_files.paste import PasteReader
from cursor_api.upstreams.cursor.token_files.text import TextLimits, require_text


class MemoryCredentialStore(PasteReader):
    """Implements `ports.CredentialStore` and the file store's management on two texts in memory.

    It has the file store's rules, so a checksum has to be of the known form; StoreError otherwise.
    """

    def __init__(
        self,
        credentials: Sequence[Credential],
        new_checksum: NewChecksum,
        limits: TextLimits | None = None,
        forms: tuple[CredentialForm, ...] = (SESSION_TOKEN,),
    ) -> None:
        self._new_checksum = new_checksum
        names = Names("token file", "token list")
        self._reader = Reader(names, limits or TextLimits(), forms)
        tokens = "".join(f"{one.alias}::{one.secret.reveal()}\n" for one in credentials)
        listed = "".join(
            f"{one.secret.reveal()},{one.binding}\n" for one in credentials if one.binding
        )
        self._book = self._reader.read(Texts(tokens.encode(), listed.encode()))

    def __repr__(self) -> str:
        return f"MemoryCredentialStore(etag={self._book.texts.etag})"

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """Nothing, ever."""
        return ()

    async def load(self) -> Sequence[Credential]:
        """All credentials, in order."""
        return self._book.credentials

    async def has_changed(self) -> bool:
        """False: nobody else can change it."""
        return False

    async def read_text(self) -> FileTexts:
        """Both texts."""
        names, texts = self._reader.names, self._book.texts
        tokens = require_text(texts.tokens, names.tokens)
        return FileTexts(tokens, require_text(texts.token_list, names.token_list), texts.etag)

    async def replace_text(
        self, tokens: str, token_list: str | None = None, *, if_match: str | None = None
    ) -> FileTexts:
        """Put new text in the place of both, or of the tokens alone. Raises StoreError."""
        require_match(self._book, if_match)
        as_list = self._book.texts.token_list
        if token_list is not None:
            as_list = token_list.encode("utf-8", "surrogatepass")
        texts = Texts(tokens.encode("utf-8", "surrogatepass"), as_list)
        self._keep(self._reader.read(texts))
        return await self.read_text()

    async def add(
        self, text: str, *, binding: str | None = None, if_match: str | None = None
    ) -> Sequence[Credential]:
        """Append one or more tokens; gives them. Raises StoreError, and then adds none."""
        require_match(self._book, if_match)
        changed, bearers = self._reader.add(self._book, text, binding)
        self._keep(changed)
        return [one for one in await self.load() if one.secret.reveal() in bearers]

    async def check(self, text: str, *, binding: str | None = None) -> None:
        """Whether `add` would take this now: raises what it would raise."""
        self._reader.add(self._book, text, binding)

    async def remove(self, alias: str, *, if_match: str | None = None) -> None:
        """Forget a credential. Raises UnknownCredentialError."""
        require_match(self._book, if_match)
        self._keep(self._reader.remove(self._book, alias))

    async def update(
        self, alias: str, change: CredentialChange, *, if_match: str | None = None
    ) -> Credential:
        """Change a credential; gives what it is now. Raises StoreError."""
        require_match(self._book, if_match)
        changed, bearer = self._reader.change(self._book, alias, change)
        self._keep(changed)
        return next(one for one in await self.load() if one.secret.reveal() == bearer)

    def _keep(self, book: Book) -> None:
        self._book = self._reader.complete(book, self._new_checksum)
