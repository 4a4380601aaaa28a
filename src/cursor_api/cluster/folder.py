"""A folder for the sockets of one gateway's processes, as long as its supervisor runs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cursor_api.domain.errors import StoreError
from cursor_api.options.said import tell

# The address of a socket has 107 bytes at most.
PARENT_BYTES_MAX: Final = 70


@contextmanager
def private_folder() -> Iterator[Path]:
    """Which only this user can enter, and which is gone afterwards; raises StoreError."""
    parent = tempfile.gettempdir()
    if len(os.fsencode(parent)) > PARENT_BYTES_MAX:
        # No address of a socket would be short enough.
        parent = "/tmp"  # noqa: S108 - mkdtemp makes what is private
    try:
        folder = Path(tempfile.mkdtemp(prefix="cursor-api-", dir=parent))
    except OSError as error:
        raise StoreError(
            tell(
                "The folder {folder} cannot be written ({reason}), and the workers meet at sockets"
                " in it: set TMPDIR to another.",
                folder=parent,
                reason=error.strerror,
            )
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
