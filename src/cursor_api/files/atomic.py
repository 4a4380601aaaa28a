"""Replacing a file so that a crash at any moment leaves the old one or the new one.

Rules of this file:
- The caller holds the folder's lock (`lock.py`), so the names below are this process's alone.
- The new text is written to `<file>.saving` in the same folder, synced, and renamed over the
  file. A leftover `.saving` means that nothing had happened to the file yet.
- A file that is mounted by itself (`docker run -v ./.token-list:/app/.token-list`) cannot be
  renamed over. Then the old text is kept as `<file>.before-saving`, the file is written in place,
  and both are removed. A leftover pair is all that `recover` needs to finish the save. Where the
  folder cannot be written either, nothing is saved: there is no safe way.
- Nothing is left to be repaired by hand. A file that somebody has written since a save was cut off
  counts as it stands.
- Whatever fails is a StoreError that says what the file holds now.
"""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path
from typing import Final

from cursor_api.domain.errors import StaleTextError, StoreError
from cursor_api.files.disk import Disk, Snapshot
from cursor_api.options.said import tell

# rename(2) over a mount point; the second where the file system is stacked.
_MOUNTED: Final = {errno.EBUSY, errno.EXDEV}


class FileChangedError(StaleTextError):
    """Another program wrote the file between its reading and its saving; nothing was changed."""


def save(target: Path, data: bytes, over: Snapshot | None, disk: Disk) -> None:
    """Put `data` in the place of `over`, which is what `target` held when it was read.

    `target` is no link. A file that exists keeps its mode and, where possible, its owner; a new
    one has mode 0600. Raises StoreError; the file is whole then, and the old one unless the
    message says otherwise. Raises FileChangedError when `target` is not `over` any more.
    """
    saving = _saving(target)
    try:
        disk.remove(saving)
        _write_new(saving, data, over, disk)
        _require_same(target, over, disk)
        is_renamed = _rename(saving, target, disk)
    except OSError as error:
        _drop(disk, saving)
        raise StoreError(_not_written(target, error)) from error
    except FileChangedError:
        _drop(disk, saving)
        raise
    if not is_renamed and over is not None:
        _save_in_place(target, data, over, disk)
    try:
        disk.sync_folder(target.parent)
    except OSError as error:
        words = tell(
            "{path} was saved, but the disk does not confirm it: {reason}.",
            path=target,
            reason=error.strerror,
        )
        raise StoreError(words) from error


def has_leftovers(target: Path, disk: Disk) -> bool:
    """Whether a save of this file is going on, or was cut off."""
    return any(map(disk.exists, (_saving(target), _before(target), _part(target))))


def is_torn(target: Path, disk: Disk) -> bool:
    """Whether the file itself may be half written: only where it is saved in place."""
    return disk.exists(_before(target))


def recover(target: Path, size_bytes_max: int, disk: Disk) -> None:
    """Finish or forget a save that was cut off, so that the file is whole.

    What somebody has written into the file since stays; its text before the save is then kept as
    `set_aside(target)`. Raises StoreError when the disk does not let it be done.
    """
    saving, before = _saving(target), _before(target)
    try:
        if disk.exists(before):
            _settle(target, size_bytes_max, disk)
            disk.remove(before)
        disk.remove(_part(target))
        disk.remove(saving)
        disk.sync_folder(target.parent)
    except OSError as error:
        raise StoreError(
            tell(
                "A save of {path} was cut off and cannot be finished: {reason}.",
                path=target,
                reason=error.strerror,
            )
        ) from error


def set_aside(target: Path) -> Path:
    """Where a text is kept that somebody's own took the place of."""
    return target.with_name(target.name + ".set-aside")


def _settle(target: Path, size_bytes_max: int, disk: Disk) -> None:
    """Make the file whole, whatever is left of it and of a save in place."""
    now, old, new = (
        disk.find(path, size_bytes_max) for path in (target, _before(target), _saving(target))
    )
    wanted = new or old
    if old is None or wanted is None:
        return
    if now is None:
        disk.rename(_saving(target) if new else _before(target), target)
    elif not now.data or (new and _is_mix(now.data, old.data, new.data)):
        if now.data not in {old.data, wanted.data}:
            _overwrite(target, wanted.data, disk)
    elif now.data != old.data:
        disk.rename(_before(target), set_aside(target))


def _require_same(target: Path, over: Snapshot | None, disk: Disk) -> None:
    if disk.find_fingerprint(target) != (over.fingerprint if over else None):
        raise FileChangedError(
            tell("{path} was changed by another program; it was not saved.", path=target)
        )


def _save_in_place(target: Path, data: bytes, over: Snapshot, disk: Disk) -> None:
    """Write over a file that cannot be renamed over; `.saving` holds the new text already."""
    saving, before = _saving(target), _before(target)
    try:
        # Opened first: one that may not be written is left alone, and nothing is left beside it.
        file = disk.open_existing(target)
    except OSError as error:
        _drop(disk, saving)
        raise StoreError(_not_written(target, error)) from error
    try:
        disk.remove(_part(target))
        _write_new(_part(target), over.data, None, disk)
        disk.sync_folder(target.parent)
        # From here on `recover` takes the pair for the truth, so both have to be whole.
        disk.rename(_part(target), before)
        disk.sync_folder(target.parent)
    except OSError as error:
        disk.close(file)
        _drop(disk, before, _part(target), saving)
        raise StoreError(_not_written(target, error)) from error
    try:
        _fill(file, data, disk)
    except OSError as error:
        _put_back(target, over.data, disk)
        _drop(disk, before, saving)
        raise StoreError(_not_written(target, error)) from error
    _drop(disk, before, saving)


def _put_back(target: Path, data: bytes, disk: Disk) -> None:
    """Give a file its text again; raises StoreError where it has another one then."""
    try:
        _overwrite(target, data, disk)
    except OSError as error:
        with contextlib.suppress(OSError):
            now = disk.find(target, len(data))
            if now is not None and now.data == data:
                return  # not a byte had been written
        raise StoreError(
            tell(
                "{path} is half written: {reason}. Its text before is in {before}; it is put right"
                " by itself as soon as the disk can be written.",
                path=target,
                reason=error.strerror,
                before=_before(target),
            )
        ) from error


def _write_new(path: Path, data: bytes, like: Snapshot | None, disk: Disk) -> None:
    file = disk.create(path)
    try:
        disk.write(file, data)
        if like is not None:
            disk.adopt(file, like)
        disk.sync(file)
    finally:
        disk.close(file)


def _overwrite(target: Path, data: bytes, disk: Disk) -> None:
    _fill(disk.open_existing(target), data, disk)


def _fill(file: int, data: bytes, disk: Disk) -> None:
    """Make this the whole text of an open file, and close it."""
    try:
        disk.write(file, data)
        disk.truncate(file, len(data))
        disk.sync(file)
    finally:
        disk.close(file)


def _rename(source: Path, target: Path, disk: Disk) -> bool:
    """Whether it worked; False over a file that is mounted by itself."""
    try:
        disk.rename(source, target)
    except OSError as error:
        if error.errno in _MOUNTED:
            return False
        raise
    return True


def _is_mix(now: bytes, old: bytes, new: bytes) -> bool:
    """Whether each byte is the old or the new one in its place: nobody else has written."""
    shortest, longest = sorted((len(old), len(new)))
    return shortest <= len(now) <= longest and all(
        byte in old[place : place + 1] + new[place : place + 1] for place, byte in enumerate(now)
    )


def _drop(disk: Disk, *paths: Path) -> None:
    """Remove what is not needed any more; if that fails, `recover` does it at the next load."""
    with contextlib.suppress(OSError):
        for path in paths:
            disk.remove(path)


def _saving(target: Path) -> Path:
    return target.with_name(target.name + ".saving")


def _before(target: Path) -> Path:
    return target.with_name(target.name + ".before-saving")


def _part(target: Path) -> Path:
    return target.with_name(target.name + ".before-saving.part")


def _not_written(target: Path, error: OSError) -> str:
    return tell(
        "{path} cannot be written and is as it was: {reason}.", path=target, reason=error.strerror
    )
