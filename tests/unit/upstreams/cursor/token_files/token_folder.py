"""A folder with a token file, a token list and a store on them."""

from __future__ import annotations

import itertools
from pathlib import Path

from cursor_api.files.disk import Disk
from cursor_api.files.lock import LOCK_NAME
from cursor_api.upstreams.cursor.token_files.book import Names
from cursor_api.upstreams.cursor.token_files.files import TokenFiles
from cursor_api.upstreams.cursor.token_files.pair import FileOptions

OPTIONS = FileOptions(lock_wait_s=0.2)


def checksum(number: int) -> str:
    """A checksum of the known form, another one for each number."""
    return f"AAAAAAAA{number:064x}"


class Folder:
    """A folder with both files and a store on them, whose new checksums count from 1000."""

    def __init__(
        self, path: Path, disk: Disk | None = None, options: FileOptions = OPTIONS
    ) -> None:
        self.path = path
        self.token, self.listed = path / ".token", path / ".token-list"
        numbers = itertools.count(1000)
        names = Names(str(self.token), str(self.listed))
        self.files = TokenFiles(names, lambda: checksum(next(numbers)), options, disk)

    def write(self, token: str | bytes | None, listed: str | bytes | None = None) -> None:
        """Write what is given, as a careful user would: for his eyes only."""
        for path, text in ((self.token, token), (self.listed, listed)):
            if text is not None:
                path.write_bytes(text.encode() if isinstance(text, str) else text)
                path.chmod(0o600)

    def load(self) -> list[tuple[str, str]]:
        """What is served, as (token, checksum)."""
        return [(one.secret.reveal(), one.binding) for one in self.files.load()]

    def names(self) -> set[str]:
        """The names of all its files."""
        return {path.name for path in self.path.iterdir()}

    def contents(self) -> dict[str, bytes]:
        """Every file but the lock."""
        return {p.name: p.read_bytes() for p in self.path.iterdir() if p.name != LOCK_NAME}
