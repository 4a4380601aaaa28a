"""The operating system as whoever saves a file sees it: one small method for each step.

A test makes any step fail by overriding it. All of it blocks and raises OSError.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from pathlib import Path
from typing import Final, Self

from msgspec import Struct

from cursor_api.domain.value import repr_without

# What Windows has and others lack, and the other way round.
_BINARY: Final[int] = getattr(os, "O_BINARY", 0)
_NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
# Opening a named pipe must not wait for somebody to write into it.
_NON_BLOCKING: Final[int] = getattr(os, "O_NONBLOCK", 0)

MODE_PRIVATE: Final = 0o600
# An editor that is saving is done within a few tries.
_READ_COUNT_MAX: Final = 5
_RENAME_COUNT_MAX: Final = 10
_RENAME_PAUSE_S: Final = 0.05
# File systems that cannot sync a folder say so in one of these ways.
_NO_FOLDER_SYNC: Final = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}


class Fingerprint(Struct, frozen=True):
    """What changes when a file does, or when its name comes to mean another file.

    Both times are kept, in nanoseconds: a copy may set the time of modification to anything, but
    not that of the change of status, which tells a change of mode as well.
    """

    device: int
    inode: int
    size_bytes: int
    modified_at_ns: int
    changed_at_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """The part of a file's status that matters."""
        return cls(
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )


class Snapshot(Struct, frozen=True):
    """A file's bytes with everything that a replacement of it has to keep."""

    data: bytes
    fingerprint: Fingerprint
    mode: int
    user_id: int
    group_id: int
    link_count: int

    __repr__ = repr_without("data")


class FileTooLargeError(OSError):
    """The file is larger than asked for; it was not read. `size_bytes` is what it has."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(errno.EFBIG, "File too large")
        self.size_bytes = size_bytes


class Disk:
    """Reading and writing, step by step."""

    def find_fingerprint(self, path: Path) -> Fingerprint | None:
        """The fingerprint of the file that a path leads to, links followed; None if none is."""
        try:
            return Fingerprint.of(os.stat(path))  # noqa: PTH116 - the steps of this class are os's
        except FileNotFoundError:
            return None

    def find(self, path: Path, size_bytes_max: int) -> Snapshot | None:
        """A regular file as it stood at one moment; None if there is none.

        Raises OSError for what is no regular file and for a file that does not stand still.
        """
        for _ in range(_READ_COUNT_MAX):
            try:
                file = os.open(path, os.O_RDONLY | _BINARY | _NON_BLOCKING)
            except FileNotFoundError:
                return None
            try:
                before = os.fstat(file)
                data = _read(file, before, size_bytes_max)
                after = os.fstat(file)
            finally:
                os.close(file)
            if Fingerprint.of(before) == Fingerprint.of(after) and len(data) == after.st_size:
                return Snapshot(
                    data,
                    Fingerprint.of(after),
                    stat.S_IMODE(after.st_mode),
                    after.st_uid,
                    after.st_gid,
                    after.st_nlink,
                )
        raise OSError(errno.EBUSY, "The file is being written by another program")

    def create(self, path: Path) -> int:
        """A new file that only its owner can read, open for writing; gives its descriptor."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY | _NO_FOLLOW
        return os.open(path, flags, MODE_PRIVATE)

    def open_existing(self, path: Path) -> int:
        """A file that is there, open for writing from its beginning; gives its descriptor."""
        return os.open(path, os.O_WRONLY | _BINARY | _NO_FOLLOW)

    def write(self, file: int, data: bytes) -> None:
        """All of `data`, from where the descriptor stands."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]

    def truncate(self, file: int, size_bytes: int) -> None:
        """Cut the file off."""
        os.ftruncate(file, size_bytes)

    def adopt(self, file: int, snapshot: Snapshot) -> None:
        """Give the file the owner and the mode of another. An owner one may not give is not."""
        if sys.platform != "win32":
            status, owner = os.fstat(file), (snapshot.user_id, snapshot.group_id)
            if (status.st_uid, status.st_gid) != owner:
                try:
                    os.fchown(file, *owner)
                except OSError:
                    with contextlib.suppress(OSError):
                        os.fchown(file, -1, snapshot.group_id)
            # Asked for only where it differs: file systems without modes refuse even to keep one.
            if stat.S_IMODE(status.st_mode) != snapshot.mode:
                os.fchmod(file, snapshot.mode)

    def sync(self, file: int) -> None:
        """Wait until the file is on the disk."""
        os.fsync(file)

    def close(self, file: int) -> None:
        """Give the descriptor back."""
        os.close(file)

    def rename(self, source: Path, target: Path) -> None:
        """Put one file in the place of another, in one step."""
        # Windows refuses while another program, a virus scanner perhaps, has the target open.
        for _ in range(_RENAME_COUNT_MAX - 1 if sys.platform == "win32" else 0):
            with contextlib.suppress(PermissionError):
                os.replace(source, target)  # noqa: PTH105 - the steps of this class are os's
                return
            time.sleep(_RENAME_PAUSE_S)
        os.replace(source, target)  # noqa: PTH105 - as above

    def remove(self, path: Path) -> None:
        """Remove a file; it need not exist."""
        path.unlink(missing_ok=True)

    def exists(self, path: Path) -> bool:
        """Whether the name is taken, be it by a link to nowhere."""
        return os.path.lexists(path)

    def sync_folder(self, folder: Path) -> None:
        """Wait until the names in a folder are on the disk, where the system can."""
        if sys.platform != "win32":
            file = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(file)
            except OSError as error:
                if error.errno not in _NO_FOLDER_SYNC:
                    raise
            finally:
                os.close(file)


def _read(file: int, status: os.stat_result, size_bytes_max: int) -> bytes:
    if not stat.S_ISREG(status.st_mode):
        is_folder = stat.S_ISDIR(status.st_mode)
        code = errno.EISDIR if is_folder else errno.EINVAL
        raise OSError(code, "It is a folder" if is_folder else "It is no regular file")
    if status.st_size > size_bytes_max:
        raise FileTooLargeError(status.st_size)
    parts = []
    # One more than it says, so that a file that grows is noticed.
    left_bytes = status.st_size + 1
    while left_bytes and (part := os.read(file, left_bytes)):
        parts.append(part)
        left_bytes -= len(part)
    return b"".join(parts)
