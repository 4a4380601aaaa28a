"""The TOML file as programs change it, and the files of keys that its blocks name.

Rules of this file:
- One writer at a time, and every save is whole or not made (`files/`).
- What the file would hold is checked before it is put in place.
- A key is written to a file that only its owner can read, and never over another one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.files.atomic import recover, save
from cursor_api.files.disk import Disk, Snapshot
from cursor_api.files.lock import lock_folders
from cursor_api.options.said import tell
from cursor_api.settings.load import Draft
from cursor_api.settings.sources import FILE_BYTES_MAX

# Another save takes milliseconds; whoever waits longer should hear of it.
LOCK_WAIT_S: Final = 5.0


def change_file(
    path: Path, change: Callable[[str], str], check: Callable[[Draft], None], disk: Disk
) -> None:
    """Put what `change` makes of the text in its place, once `check` has let it pass.

    A file that is not there is an empty one. Raises StoreError, and what the two raise; the file
    is as it was then.
    """
    target = Path(os.path.realpath(path))
    with lock_folders({target.parent}, LOCK_WAIT_S):
        recover(target, FILE_BYTES_MAX, disk)
        over = _find(target, disk)
        try:
            text = over.data.decode() if over else ""
        except UnicodeDecodeError as error:
            raise StoreError(tell("{path} is not UTF-8; save it as UTF-8.", path=path)) from error
        draft = Draft(path, change(text))
        check(draft)
        save(target, draft.text.encode(), over, disk)


def write_key_file(path: Path, keys: Sequence[Secret], disk: Disk) -> None:
    """One key a line, in a new file; raises StoreError, also for a file that is there."""
    with lock_folders({path.parent}, LOCK_WAIT_S):
        save(path, "".join(f"{key.reveal()}\n" for key in keys).encode(), None, disk)


def remove_key_file(path: Path, disk: Disk) -> None:
    """Raises StoreError where it cannot be removed; it need not be there."""
    try:
        disk.remove(path)
        disk.sync_folder(path.parent)
    except OSError as error:
        raise StoreError(
            tell("{path} cannot be removed: {reason}.", path=path, reason=error.strerror)
        ) from error


def _find(target: Path, disk: Disk) -> Snapshot | None:
    try:
        return disk.find(target, FILE_BYTES_MAX)
    except OSError as error:
        raise StoreError(
            tell("{path} cannot be read: {reason}.", path=target, reason=error.strerror)
        ) from error
