"""The bridge's own folder: all that it may write, gone when it ends.

The bridge keeps conversations in clear there. So the folder is private, and is removed when the
bridge stops, and at the next start where the gateway did not come to that.

Rules of this file:
- Each gateway process has a folder of its own below one that all of the same user share. Whoever
  uses one holds its lock; one without a holder is left over, and so is the bridge that it names.
- All of it blocks and raises OSError.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from cursor_api.domain.errors import StoreError
from cursor_api.files.lock import lock_folders

PREFIX: Final = "bridge-"
PID_FILE: Final = "pid"
# Another gateway that starts at this moment looks through the same few folders.
LOCK_WAIT_S: Final = 5.0
_PRIVATE: Final = 0o700
_PS_S: Final = 2.0


def default_base() -> Path:
    """Where the folders of this user's gateways are, if nobody says otherwise."""
    return Path(tempfile.gettempdir()) / f"cursor-api-{_user_id()}"


class BridgeFolder:
    """A folder that is held until it is removed."""

    def __init__(self, path: Path, lock: ExitStack) -> None:
        self.path = path
        self._lock = lock

    def __repr__(self) -> str:
        return f"BridgeFolder({self.path})"

    @property
    def box(self) -> Path:
        """What the bridge may write; nothing outside of it."""
        return self.path / "box"

    @property
    def workspace(self) -> Path:
        """Where its agents work. It stays empty."""
        return self.box / "ws"

    @property
    def home(self) -> Path:
        """The user's home, as the bridge sees it."""
        return self.box / "home"

    @property
    def temporary(self) -> Path:
        """Where it keeps its token."""
        return self.box / "tmp"

    def note_pid(self, pid: int) -> None:
        """Whom to end, should this process not come to it."""
        (self.path / PID_FILE).write_text(str(pid))

    def clear(self) -> None:
        """Empty, for a bridge that starts anew."""
        shutil.rmtree(self.box, ignore_errors=True)
        for folder in (self.box, self.workspace, self.home, self.temporary):
            folder.mkdir(_PRIVATE)

    def remove(self) -> None:
        """Remove all of it, and let go."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def open_folder(base: Path) -> BridgeFolder:
    """A new folder, once those that are left over are gone; raises OSError."""
    base.mkdir(_PRIVATE, parents=True, exist_ok=True)
    _check_private(base)
    with ExitStack() as stack:
        try:
            stack.enter_context(lock_folders({base}, LOCK_WAIT_S))
        except StoreError as error:
            raise OSError(error.message) from error
        for left in base.glob(f"{PREFIX}*"):
            _sweep(left)
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        held = ExitStack()
        try:
            held.enter_context(lock_folders({path}, 0))
        except StoreError as error:
            raise OSError(error.message) from error
    folder = BridgeFolder(path, held)
    folder.clear()
    return folder


def _check_private(base: Path) -> None:
    """Raises OSError for a folder that others may write, or that is somebody else's."""
    if sys.platform == "win32":
        return  # folders of a user's temporary folder are the user's
    status = base.lstat()
    if (
        not stat.S_ISDIR(status.st_mode)
        or status.st_uid != os.getuid()
        or stat.S_IMODE(status.st_mode) & 0o077
    ):
        raise OSError(f"{base} is not a folder of this user alone (mode 0700)")


def _sweep(left: Path) -> None:
    """Remove a folder that nobody holds, and end the bridge that it names."""
    try:
        with lock_folders({left}, 0):
            with contextlib.suppress(OSError, ValueError):
                _end_left_over(int((left / PID_FILE).read_text()), left)
            shutil.rmtree(left, ignore_errors=True)
    except StoreError:
        return  # in use


def _end_left_over(pid: int, folder: Path) -> None:
    """End a process, if it is still the bridge of this folder: numbers are used again."""
    if str(folder) in _command_of(pid):
        os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


if sys.platform == "linux":

    def _command_of(pid: int) -> str:
        """How a process was started, its arguments included; raises OSError for none."""
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")

elif sys.platform == "win32":

    def _command_of(_pid: int) -> str:
        """Unknown: there the bridge ends with the gateway by its standard input alone."""
        return ""

else:

    def _command_of(pid: int) -> str:
        """How a process was started, its arguments included; "" for none."""
        asked = subprocess.run(  # noqa: S603 - a fixed program and a number
            ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
            timeout=_PS_S,
        )
        return asked.stdout


def _user_id() -> str:
    return str(os.getuid()) if sys.platform != "win32" else "user"
