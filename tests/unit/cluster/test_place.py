"""What a worker is told by its supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import subprocess
import sys
from contextlib import closing

import msgspec
import psutil
import pytest

from cursor_api.cluster import place as module
from cursor_api.cluster.place import READY, VARIABLE, WorkerPlace, end_with_parent, find_place
from tests.waiting import until, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are for Linux")

ENDED = psutil.STATUS_ZOMBIE
# A parent that starts a child and dies of it; the child says how it ended to whoever reads.
PARENT = """
import os, signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-S", "-c", sys.argv[1]], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
CHILD = """
import sys, time
sys.path.extend({path!r})
from cursor_api.cluster.place import end_with_parent
end_with_parent()
print(flush=True)
time.sleep(30)
"""


def test_nobody_has_a_place_without_a_supervisor() -> None:
    """As one process serves, it is nobody's worker."""
    assert find_place({"PATH": "/bin"}) is None


async def test_a_place_is_taken_once_and_its_descriptors_go_no_further() -> None:
    """What a worker starts inherits neither, and does not think itself a worker."""
    read, write = os.pipe()
    for one in (read, write):
        os.set_inheritable(one, True)
    told = WorkerPlace(2, 3, read, write, os.getpid(), is_first_start=True, folder="/f")
    environ = {VARIABLE: msgspec.json.encode(told).decode(), "PATH": "/bin"}
    with closing(os.fdopen(read, "rb", 0)) as heard:
        place = find_place(environ)
        assert place == told
        assert environ == {"PATH": "/bin"}
        assert not os.get_inheritable(read)
        assert not os.get_inheritable(write)
        place.tell_ready()
        assert heard.read(1) == READY


async def test_a_worker_says_that_it_goes_on_until_nobody_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor is it held up by a supervisor that does not read."""
    monkeypatch.setattr(module, "BEAT_EVERY_S", 0.001)
    read, write = os.pipe()
    os.set_blocking(read, False)
    WorkerPlace(1, 2, 0, write, os.getpid(), is_first_start=True, folder="/f").tell_ready()
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, READY * 4096)
    await asyncio.sleep(0.01)
    while len(os.read(read, 65_536)) == 65_536:
        pass
    await until(lambda: select.select([read], [], [], 0)[0] == [read])
    os.close(read)
    await until(lambda: not _is_open(write))


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_a_reload_of_one_is_asked_of_all() -> None:
    """By way of the supervisor, which knows them."""
    heard: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _: heard.append(number))
    try:
        WorkerPlace(1, 2, 0, 0, os.getpid(), is_first_start=False, folder="/f").tell_all_to_reload()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert heard == [signal.SIGHUP]


@pytest.mark.parametrize(
    ("number", "is_first_start", "speaks"), [(1, True, True), (1, False, False), (2, True, False)]
)
def test_what_one_gateway_says_is_said_once(
    number: int,
    is_first_start: bool,  # noqa: FBT001 - a parameter of the test
    speaks: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The first worker says where the gateway is, when it is new."""
    place = WorkerPlace(number, 2, 0, 0, 0, is_first_start, "/f")
    assert place.speaks is speaks
    assert place.does_shared_work is (number == 1)


def test_who_is_bound_to_its_parent_ends_with_it() -> None:
    """Even where the parent has had no time to say anything."""
    child = CHILD.format(path=sys.path)
    done = subprocess.run(
        [sys.executable, "-S", "-c", PARENT, child], capture_output=True, timeout=20, check=False
    )
    assert done.returncode == -signal.SIGKILL
    child_pid = int(done.stdout)
    # Whoever has inherited it may not have heard of its end.
    wait_until(
        lambda: not psutil.pid_exists(child_pid) or psutil.Process(child_pid).status() == ENDED
    )


def test_a_bond_that_cannot_be_made_is_an_error() -> None:
    """No worker goes on that would outlive its supervisor."""
    with pytest.raises(OSError, match="PDEATHSIG"):
        end_with_parent(10_000)
