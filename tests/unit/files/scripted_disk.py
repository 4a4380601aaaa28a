"""A disk whose every step can be watched and made to fail, for the tests of saving."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from cursor_api.files.disk import Disk, Snapshot


class ScriptedDisk(Disk):
    """The real disk, which keeps a diary of its steps and fails at those it is told to.

    `fails` judges the diary's newest entry, `<step> <file>`, and gives an errno or 0.
    `is_mounted` names files that cannot be renamed over, as a file mounted by itself cannot.
    `before` is called with each entry before the step is done.
    """

    def __init__(self) -> None:
        self.diary: list[str] = []
        self.fails: Callable[[str], int] = lambda _entry: 0
        self.before: Callable[[str], None] = lambda _entry: None
        self.is_mounted: set[str] = set()
        self.write_part = 0.5
        self._names: dict[int, str] = {}

    def fail_at(self, number: int, code: int = errno.ENOSPC) -> None:
        """Fail at the `number`-th step from now, counted from 1, and at none after it."""
        start = len(self.diary)
        self.fails = lambda _entry: code if len(self.diary) == start + number else 0

    def fail_from(self, number: int, code: int = errno.EROFS) -> None:
        """Fail at the `number`-th step from now, counted from 1, and at each after it."""
        start = len(self.diary)
        self.fails = lambda _entry: code if len(self.diary) >= start + number else 0

    def _step(self, entry: str) -> None:
        self.before(entry)
        self.diary.append(entry)
        code = self.fails(entry)
        if code:
            raise OSError(code, os.strerror(code))

    def create(self, path: Path) -> int:
        """A step."""
        self._step(f"create {path.name}")
        file = super().create(path)
        self._names[file] = path.name
        return file

    def open_existing(self, path: Path) -> int:
        """A step."""
        self._step(f"open {path.name}")
        file = super().open_existing(path)
        self._names[file] = path.name
        return file

    def write(self, file: int, data: bytes) -> None:
        """A step; one that fails has written half of it, or another `write_part`."""
        try:
            self._step(f"write {self._names[file]}")
        except OSError:
            super().write(file, data[: int(len(data) * self.write_part)])
            raise
        super().write(file, data)

    def truncate(self, file: int, size_bytes: int) -> None:
        """A step."""
        self._step(f"truncate {self._names[file]}")
        super().truncate(file, size_bytes)

    def adopt(self, file: int, snapshot: Snapshot) -> None:
        """A step."""
        self._step(f"adopt {self._names[file]}")
        super().adopt(file, snapshot)

    def sync(self, file: int) -> None:
        """A step."""
        self._step(f"sync {self._names[file]}")
        super().sync(file)

    def rename(self, source: Path, target: Path) -> None:
        """A step."""
        self._step(f"rename {source.name} {target.name}")
        if target.name in self.is_mounted:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        super().rename(source, target)

    def remove(self, path: Path) -> None:
        """A step where there is something to remove."""
        if os.path.lexists(path):
            self._step(f"remove {path.name}")
        super().remove(path)

    def sync_folder(self, folder: Path) -> None:
        """A step."""
        self._step("sync folder")
        super().sync_folder(folder)
