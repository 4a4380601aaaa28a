"""The pool's memory over a restart, as one JSON file; losing it costs a few refused requests.

Rules of this file:
- A save happens under the lock of the folder, and finishes first what was cut off there.
- Reading takes no lock, but waits for a save of the file that is going on, and finishes one that
  was cut off. Only a half written file is worth failing for: what else is left over is a nuisance.
- A link is followed: the file that it leads to is the one that is replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from cursor_api.domain.credential_health import CredentialHealth, Preferences
from cursor_api.domain.errors import StoreError
from cursor_api.files.atomic import has_leftovers, is_torn, recover, save
from cursor_api.files.disk import Disk, Fingerprint, Snapshot
from cursor_api.files.lock import lock_folders
from cursor_api.options.said import tell
from cursor_api.ports.stores import PoolState

VERSION: Final = 1
# 10,000 credentials with long histories are 5 MB.
SIZE_BYTES_MAX: Final = 64 * 1024 * 1024
# A save takes milliseconds; a process that holds the lock for longer hangs on its disk.
LOCK_WAIT_S: Final = 5.0
# Another process that begins a save in place right after each look will not stop.
_READ_COUNT_MAX: Final = 3


# The names in the file are those of its first version.
class _Kept(msgspec.Struct, rename={"preferences": "wishes", "health": "standing"}):
    preferences: Preferences
    health: CredentialHealth


class _Document(msgspec.Struct):
    version: int
    credentials: dict[str, _Kept]


class FilePoolStateStore:
    """Implements `ports.PoolStateStore` with one file that only its owner can read."""

    def __init__(
        self, path: Path, disk: Disk | None = None, lock_wait_s: float = LOCK_WAIT_S
    ) -> None:
        self._path = path
        self._disk = disk or Disk()
        self._lock_wait_s = lock_wait_s
        # What this process knows of the file.
        self._known: PoolState = {}
        self._fingerprint: Fingerprint | None = None

    def __repr__(self) -> str:
        return f"FilePoolStateStore({str(self._path)!r})"

    async def load(self) -> PoolState:
        """What was saved last. Raises StoreError for a file that is not of this form."""
        return await asyncio.to_thread(self._load)

    async def save(self, state: PoolState) -> None:
        """Replace the file whole. Raises StoreError; the old file is still there then."""
        await asyncio.to_thread(self._save, state)

    async def merge(self, state: PoolState) -> PoolState:
        """See ports.PoolStateStore."""
        return await asyncio.to_thread(self._merge, state)

    async def has_changed(self) -> bool:
        """See ports.PoolStateStore; False where the file cannot be looked at."""
        return await asyncio.to_thread(self._has_changed)

    def _load(self) -> PoolState:
        snapshot = self._read_whole()
        state = self._decode(snapshot)
        self._remember(state, snapshot)
        return state

    def _remember(self, state: PoolState, snapshot: Snapshot | None) -> None:
        self._known = state
        self._fingerprint = snapshot.fingerprint if snapshot is not None else None

    def _decode(self, snapshot: Snapshot | None) -> PoolState:
        if snapshot is None:
            return {}
        try:
            document = msgspec.json.decode(snapshot.data, type=_Document)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StoreError(
                tell("{path} is not a pool state: {reason}.", path=self._path, reason=error)
            ) from error
        if document.version != VERSION:
            raise StoreError(
                tell(
                    "{path} has version {theirs}; this program writes {ours}.",
                    path=self._path,
                    theirs=document.version,
                    ours=VERSION,
                )
            )
        return {key: (kept.preferences, kept.health) for key, kept in document.credentials.items()}

    def _read_whole(self) -> Snapshot | None:
        target = self._target()
        for _ in range(_READ_COUNT_MAX):
            self._settle(target)
            snapshot = self._find(target)
            if not is_torn(target, self._disk):
                return snapshot
        raise StoreError(tell("{path} is being written by another process.", path=self._path))

    def _settle(self, target: Path) -> None:
        """Wait for a save that is going on, or finish one that was cut off."""
        if not has_leftovers(target, self._disk):
            return
        try:
            with self._locked(target):
                pass
        except StoreError:
            if is_torn(target, self._disk):
                raise

    def _save(self, state: PoolState) -> None:
        target = self._target()
        with self._locked(target):
            self._write(target, state)

    def _merge(self, state: PoolState) -> PoolState:
        target = self._target()
        with self._locked(target):
            snapshot = self._find(target)
            if snapshot is not None and snapshot.fingerprint != self._fingerprint:
                # What nobody can read is replaced.
                with contextlib.suppress(StoreError):
                    state = merge_states(self._known, state, self._decode(snapshot))
            self._write(target, state)
        return state

    def _write(self, target: Path, state: PoolState) -> None:
        document = _Document(
            VERSION,
            {key: _Kept(preferences, health) for key, (preferences, health) in state.items()},
        )
        save(target, msgspec.json.encode(document), self._find(target), self._disk)
        self._known = state
        self._fingerprint = self._disk.find_fingerprint(target)

    def _has_changed(self) -> bool:
        try:
            return self._disk.find_fingerprint(self._target()) != self._fingerprint
        except OSError:
            return False

    @contextmanager
    def _locked(self, target: Path) -> Iterator[None]:
        with lock_folders({target.parent}, self._lock_wait_s):
            if has_leftovers(target, self._disk):
                recover(target, SIZE_BYTES_MAX, self._disk)
            yield

    def _target(self) -> Path:
        return Path(os.path.realpath(self._path))

    def _find(self, target: Path) -> Snapshot | None:
        try:
            return self._disk.find(target, SIZE_BYTES_MAX)
        except OSError as error:
            raise StoreError(
                tell("{path} cannot be read: {reason}.", path=self._path, reason=error.strerror)
            ) from error


def merge_states(known: PoolState, mine: PoolState, theirs: PoolState) -> PoolState:
    """Two changes of what was known, put together; where both changed the same, mine counts.

    What the owner prefers and what was learnt are apart: the one seldom changes, the other always.
    """
    merged = {key: kept for key, kept in theirs.items() if key in mine or key not in known}
    for key, (preferences, health) in mine.items():
        known_preferences, known_health = known.get(key, (Preferences(), None))
        if key in theirs:
            their_preferences, their_health = theirs[key]
            preferences = preferences.merge(known_preferences, their_preferences)  # noqa: PLW2901
            if health == known_health:
                health = their_health  # noqa: PLW2901 - the newer one
        merged[key] = preferences, health
    return merged


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

    async def merge(self, state: PoolState) -> PoolState:
        """Keep it: nobody else does."""
        await self.save(state)
        return state

    async def has_changed(self) -> bool:
        """By nobody else."""
        return False
