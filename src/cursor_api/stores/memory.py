"""Stores that forget at the end of the process: the reference implementations of the ports."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice

from cursor_api.domain.credential import Credential, CredentialChange, FileTexts
from cursor_api.domain.errors import StaleTextError
from cursor_api.domain.record import RequestRecord, Status
from cursor_api.stores.token_book import Book, Names, NewChecksum, Reader, Texts
from cursor_api.stores.token_text import TextLimits, require_text

# What the reference shows at /logs.
ENTRIES_MAX = 100


class MemoryRequestLog:
    """Implements `ports.RequestLog` with the last `entries_max` requests.

    Recording takes the same time however many there are.
    """

    def __init__(self, entries_max: int = ENTRIES_MAX) -> None:
        if entries_max < 1:
            raise ValueError("a request log keeps at least one entry")
        self._entries_max = entries_max
        self._records: OrderedDict[str, RequestRecord] = OrderedDict()
        # Requests that were pushed out while they ran; their end is no new request.
        self._pushed_out: OrderedDict[str, None] = OrderedDict()
        self._total_count = 0

    def __repr__(self) -> str:
        return f"MemoryRequestLog(kept={len(self._records)}, total={self._total_count})"

    def restore(self, records: Iterable[RequestRecord], total_count: int) -> None:
        """Begin with what an earlier process recorded, oldest first; only while this is empty."""
        for record in records:
            self.record(record)
        self._total_count = total_count

    def record(self, record: RequestRecord) -> None:
        """Keep it; a known id is replaced where it stands, a new one pushes out the oldest."""
        if record.id in self._records:
            self._records[record.id] = record
        elif record.id not in self._pushed_out:
            self._total_count += 1
            self._records[record.id] = record
            if len(self._records) > self._entries_max:
                self._push_out()
        elif record.status is not Status.PENDING:
            del self._pushed_out[record.id]

    def recent(self, count: int) -> Sequence[RequestRecord]:
        """The last `count` requests, oldest first."""
        newest_first = list(islice(reversed(self._records.values()), max(count, 0)))
        return newest_first[::-1]

    @property
    def total_count(self) -> int:
        """Requests ever recorded, those that were pushed out included."""
        return self._total_count

    def _push_out(self) -> None:
        _, oldest = self._records.popitem(last=False)
        if oldest.status is Status.PENDING:
            self._pushed_out[oldest.id] = None
            if len(self._pushed_out) > self._entries_max:
                self._pushed_out.popitem(last=False)


class MemoryCredentialStore:
    """Implements `ports.CredentialStore` and the file store's management on two texts in memory.

    It has the file store's rules, so a checksum has to be of the known form; StoreError otherwise.
    """

    def __init__(
        self,
        credentials: Sequence[Credential],
        new_checksum: NewChecksum,
        limits: TextLimits | None = None,
    ) -> None:
        self._new_checksum = new_checksum
        self._reader = Reader(Names("token file", "token list"), limits or TextLimits())
        tokens = "".join(f"{one.alias}::{one.secret.reveal()}\n" for one in credentials)
        listed = "".join(f"{one.secret.reveal()},{one.checksum}\n" for one in credentials)
        self._book = self._reader.read(Texts(tokens.encode(), listed.encode()))

    def __repr__(self) -> str:
        return f"MemoryCredentialStore(etag={self._book.texts.etag})"

    @property
    def warnings(self) -> tuple[str, ...]:
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
        self._require_match(if_match)
        as_list = self._book.texts.token_list
        if token_list is not None:
            as_list = token_list.encode("utf-8", "surrogatepass")
        texts = Texts(tokens.encode("utf-8", "surrogatepass"), as_list)
        self._keep(self._reader.read(texts))
        return await self.read_text()

    async def add(
        self, text: str, *, checksum: str | None = None, if_match: str | None = None
    ) -> Sequence[Credential]:
        """Append one or more tokens; gives them. Raises StoreError, and then adds none."""
        self._require_match(if_match)
        changed, bearers = self._reader.add(self._book, text, checksum)
        self._keep(changed)
        return [one for one in await self.load() if one.secret.reveal() in bearers]

    async def check(self, text: str, *, checksum: str | None = None) -> None:
        """Whether `add` would take this now: raises what it would raise."""
        self._reader.add(self._book, text, checksum)

    async def remove(self, alias: str, *, if_match: str | None = None) -> None:
        """Forget a credential. Raises UnknownCredentialError."""
        self._require_match(if_match)
        self._keep(self._reader.remove(self._book, alias))

    async def update(
        self, alias: str, change: CredentialChange, *, if_match: str | None = None
    ) -> Credential:
        """Change a credential; gives what it is now. Raises StoreError."""
        self._require_match(if_match)
        changed, bearer = self._reader.change(self._book, alias, change)
        self._keep(changed)
        return next(one for one in await self.load() if one.secret.reveal() == bearer)

    def _require_match(self, if_match: str | None) -> None:
        if if_match is not None and if_match != self._book.texts.etag:
            raise StaleTextError("The tokens were changed since you read them; nothing was saved.")

    def _keep(self, book: Book) -> None:
        self._book = self._reader.complete(book, self._new_checksum)
