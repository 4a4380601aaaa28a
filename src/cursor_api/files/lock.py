"""A lock against a second process that saves in the same folder.

The lock is on an empty file there. It is never removed: a process that waits for it holds it open,
and would go on alone. The system lets go of it when its process ends, however. It is not needed for
reading.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from cursor_api.domain.errors import StoreError
from cursor_api.options.said import tell

LOCK_NAME: Final = ".cursor-api.lock"
_POLL_S: Final = 0.01
# File systems without locks: better to save there without one than not at all.
_NO_LOCKS: Final = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL}


@contextmanager
def lock_folders(folders: set[Path], wait_s: float) -> Iterator[None]:
    """Hold the locks of folders, always taken in the same order.

    Raises StoreError when one is not free within `wait_s`, or its file cannot be made.
    """
    deadline = time.monotonic() + wait_s
    with ExitStack() as stack:
        for folder in sorted(folders):
            stack.enter_context(_lock(folder / LOCK_NAME, deadline))
        yield


@contextmanager
def _lock(path: Path, deadline: float) -> Iterator[None]:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    try:
        file = os.open(path, flags, 0o600)
    except OSError as error:
        raise StoreError(
            tell(
                "The folder {folder} cannot be written ({reason}). A file is saved by way of a"
                " second one beside it, so mount a folder, not a single file.",
                folder=path.parent,
                reason=error.strerror,
            )
        ) from error
    try:
        while not try_lock(file):
            if time.monotonic() >= deadline:
                raise StoreError(
                    tell(
                        "Another process is saving in this folder and does not finish: {path}"
                        " stays locked. Nothing was changed.",
                        path=path,
                    )
                )
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(file)


if sys.platform == "win32":
    import msvcrt

    def try_lock(file: int, *, is_shared: bool = False) -> bool:
        """Whether the open file is this process's now; the system has no shared locks."""
        del is_shared
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(file: int, *, is_shared: bool = False) -> bool:
        """Whether the open file is this process's now, or that of all who share it."""
        mode = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
        try:
            fcntl.flock(file, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise StoreError(
                    tell("The lock cannot be taken: {reason}.", reason=error.strerror)
                ) from error
        return True
