"""Whether a gateway runs in a folder, and where: told by a file that it holds locked.

Rules of this file:
- The lock is shared by all gateways of a folder, and alone with whoever needs that none runs.
- The system lets go of it when its holder ends, however that is: the file is never removed, and
  what stands in it counts only while it is locked.
- A folder that cannot be written, or has no locks, tells nothing: gateways run there all the same.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cursor_api.domain.errors import StoreError
from cursor_api.files.lock import try_lock
from cursor_api.options.said import tell

RUNNING_NAME: Final = ".cursor-api.running"
# Far above what a gateway writes.
TEXT_BYTES_MAX: Final = 4096
# Whoever looks holds the lock for an instant.
_WAIT_S: Final = 2.0
_POLL_S: Final = 0.01
_NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)


def describe_running(root_url: str, pid: int | None = None) -> str:
    """What a gateway says of itself to the commands that are run beside it.

    `pid` is who hears signals for it, where that is not this process.
    """
    return json.dumps({"url": root_url, "pid": os.getpid() if pid is None else pid})


@contextmanager
def claim(folder: Path, text: str) -> Iterator[None]:
    """Run there while the context lasts; `text` is what `find_running` gives to others.

    Raises StoreError where somebody needs that none runs.
    """
    try:
        file = os.open(folder / RUNNING_NAME, os.O_RDWR | os.O_CREAT | _NO_FOLLOW, 0o600)
    except OSError:
        yield
        return
    try:
        _wait(file, folder)
        os.ftruncate(file, 0)
        os.write(file, text.encode())
        yield
    finally:
        os.close(file)


def find_running(folder: Path) -> str | None:
    """What the gateway that was started last says of itself; None where none runs."""
    try:
        file = os.open(folder / RUNNING_NAME, os.O_RDWR | _NO_FOLLOW)
    except OSError:
        return None
    try:
        if try_lock(file):
            return None
        return os.read(file, TEXT_BYTES_MAX).decode("utf-8", "replace") or None
    except (OSError, StoreError):
        return None
    finally:
        os.close(file)


def find_running_url(folder: Path) -> str | None:
    """The root URL of that gateway, as `describe_running` wrote it; None where none runs."""
    try:
        found = json.loads(find_running(folder) or "{}").get("url")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) and found.startswith(("http://", "https://")) else None


@contextmanager
def keep_stopped(folder: Path) -> Iterator[None]:
    """No gateway runs there while the context lasts; raises StoreError where one does."""
    try:
        file = os.open(folder / RUNNING_NAME, os.O_RDWR | os.O_CREAT | _NO_FOLLOW, 0o600)
    except OSError as error:
        raise StoreError(
            tell(
                "The folder {folder} cannot be written: {reason}.",
                folder=folder,
                reason=error.strerror,
            )
        ) from error
    try:
        if not try_lock(file):
            raise StoreError(tell("A gateway runs in {folder}; stop it first.", folder=folder))
        # Whoever looks meanwhile finds nobody.
        os.ftruncate(file, 0)
        yield
    finally:
        os.close(file)


def _wait(file: int, folder: Path) -> None:
    deadline = time.monotonic() + _WAIT_S
    while not try_lock(file, is_shared=True):
        if time.monotonic() >= deadline:
            raise StoreError(
                tell(
                    "The files in {folder} are being restored; start when that is done.",
                    folder=folder,
                )
            )
        time.sleep(_POLL_S)
