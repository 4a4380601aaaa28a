"""What a worker is told by the supervisor that starts it: which one it is, and what it inherits."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from cursor_api.cluster.siblings import Meeting, meet_siblings

if TYPE_CHECKING:
    import ctypes

# Taken out of the environment at once: no program that a worker starts takes it for its own.
VARIABLE: Final = "_CURSOR_API_WORKER"
READY: Final = b"1"
# So often a worker that serves says that it goes on; the supervisor waits for several of these.
BEAT_EVERY_S: Final = 1.0
# <sys/prctl.h>
_PR_SET_PDEATHSIG: Final = 1


class WorkerPlace(msgspec.Struct, frozen=True):
    """One of `count` workers; `number` counts from 1.

    `listener` and `ready` are file descriptors: its own listening socket, and the pipe in which it
    says that it serves, and that it goes on. `is_first_start`: nobody has been told yet that the
    gateway serves. Workers meet at sockets in `folder`. All count together at `shared_url`, where
    nobody has set REDIS_URL.
    """

    number: int
    count: int
    listener: int
    ready: int
    supervisor: int
    is_first_start: bool
    folder: str
    shared_url: str | None = None

    @property
    def speaks(self) -> bool:
        """Whether it says what one gateway says once."""
        return self.number == 1 and self.is_first_start

    @property
    def does_shared_work(self) -> bool:
        """Whether what one of them has to do is its to do."""
        return self.number == 1

    def meet_siblings(self, node: str) -> AbstractContextManager[Meeting]:
        """Ask the other workers and be asked, for as long as the context lasts."""
        return meet_siblings(Path(self.folder), self.number, self.count, node)

    def tell_ready(self) -> None:
        """It serves, and says so from now on for as long as the event loop turns; once."""
        os.set_blocking(self.ready, False)
        self._beat(asyncio.get_running_loop())

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            # A supervisor that is stopped itself finds enough in the pipe when it goes on.
            with contextlib.suppress(BlockingIOError):
                os.write(self.ready, READY)
        except BrokenPipeError:
            # It has ended, or is of a version that does not listen.
            os.close(self.ready)
        else:
            loop.call_later(BEAT_EVERY_S, self._beat, loop)

    def tell_all_to_reload(self) -> None:
        """Each worker reads everything again, as at SIGHUP to the supervisor; this one, too."""
        os.kill(self.supervisor, signal.SIGHUP)


def find_place(environ: MutableMapping[str, str]) -> WorkerPlace | None:
    """This process's, taken out of its environment; None where no supervisor has started it."""
    text = environ.pop(VARIABLE, None)
    if text is None:
        return None
    place = msgspec.json.decode(text, type=WorkerPlace)
    for descriptor in (place.listener, place.ready):
        os.set_inheritable(descriptor, False)
    return place


@functools.cache
def load_libc() -> ctypes.CDLL:
    """The system's own library; loaded before a fork, where the child needs it."""
    import ctypes  # noqa: PLC0415 - half a megabyte, for workers alone

    return ctypes.CDLL(None, use_errno=True)


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """Have the system send this process a signal when its parent ends, however that is; Linux only.

    A child of a parent that has ended before has another one by now: whoever calls looks.
    """
    if load_libc().prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0) != 0:
        import ctypes  # noqa: PLC0415 - see `load_libc`

        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
