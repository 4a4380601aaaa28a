"""The pool's memory over a restart, as one JSON file; losing it costs a few refused requests."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from cursor_api.domain.errors import StoreError
from cursor_api.domain.standing import Standing, Wishes
from cursor_api.ports import PoolState
from cursor_api.stores.atomic import save
from cursor_api.stores.disk import Disk

VERSION = 1
# 10,000 credentials with long histories are 5 MB.
SIZE_BYTES_MAX = 64 * 1024 * 1024


class _Kept(msgspec.Struct):
    wishes: Wishes
    standing: Standing


class _Document(msgspec.Struct):
    version: int
    credentials: dict[str, _Kept]


class FilePoolStateStore:
    """Implements `ports.PoolStateStore` with one file that only its owner can read."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._path = path
        self._disk = disk or Disk()

    def __repr__(self) -> str:
        return f"FilePoolStateStore({str(self._path)!r})"

    async def load(self) -> PoolState:
        """What was saved last. Raises StoreError for a file that is not of this form."""
        return await asyncio.to_thread(self._load)

    async def save(self, state: PoolState) -> None:
        """Replace the file whole. Raises StoreError; the old file is still there then."""
        document = _Document(
            VERSION, {key: _Kept(wishes, standing) for key, (wishes, standing) in state.items()}
        )
        data = msgspec.json.encode(document)
        await asyncio.to_thread(self._save, data)

    def _load(self) -> PoolState:
        try:
            snapshot = self._disk.find(self._path, SIZE_BYTES_MAX)
        except OSError as error:
            raise StoreError(f"{self._path} cannot be read: {error.strerror}.") from error
        if snapshot is None:
            return {}
        try:
            document = msgspec.json.decode(snapshot.data, type=_Document)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StoreError(f"{self._path} is not a pool state: {error}.") from error
        if document.version != VERSION:
            raise StoreError(
                f"{self._path} has version {document.version}; this program writes {VERSION}."
            )
        return {key: (kept.wishes, kept.standing) for key, kept in document.credentials.items()}

    def _save(self, data: bytes) -> None:
        try:
            over = self._disk.find(self._path, SIZE_BYTES_MAX)
        except OSError as error:
            raise StoreError(f"{self._path} cannot be read: {error.strerror}.") from error
        save(self._path, data, over, self._disk)


class MemoryPoolStateStore:
    """Implements `ports.PoolStateStore` until the process ends."""

    def __init__(self) -> None:
        self._state: PoolState = {}

    async def load(self) -> PoolState:
        """What was saved last."""
        return self._state

    async def save(self, state: PoolState) -> None:
        """Keep it."""
        self._state = dict(state)
