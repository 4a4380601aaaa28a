"""Kills a process that saves the token files at each of its system calls. Linux only.

`python store_killer.py <scenario> <folder>` forks the writer again and again and traces it with
ptrace: in the first round it dies before its first system call, then after it, then before its
second, until one writer reaches its end. After each death the files are looked at and then loaded,
as by the next start of the gateway. A JSON report goes to standard output.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cursor_api.files.disk import Disk
from cursor_api.upstreams.cursor.token_files.book import Names
from cursor_api.upstreams.cursor.token_files.files import TokenFiles

TRACE_ME, CONTINUE_TO_SYSTEM_CALL, SET_OPTIONS = 0, 24, 0x4200
MARK_SYSTEM_CALLS = 1
SYSTEM_CALL_STOP = signal.SIGTRAP | 0x80
STOPS_MAX = 5000
# How a writer ends that could not work, or may not be traced here.
FAILED, REFUSED = 1, 77

FIRST_NEW, FIRST_NEW_OF_NEXT_START = 1000, 5000


class MountedDisk(Disk):
    """A disk on which the token list is mounted by itself, so that nothing replaces it."""

    def rename(self, source: Path, target: Path) -> None:
        """As Linux does it."""
        if target.name == "list":
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        super().rename(source, target)


def checksum(number: int) -> str:
    """A checksum of the known form, another one for each number."""
    return f"AAAAAAAA{number:064x}"


def listed(**numbers: int) -> str:
    """The text of a token list."""
    return "".join(f"{token},{checksum(number)}\n" for token, number in numbers.items())


@dataclass(frozen=True)
class Scenario:
    """What stands in the files, what the writer does, and what may stand there afterwards.

    `lists` are the texts of the token list at any moment, `tokens` those of the token file.
    `may_be_given` are tokens that the next start may give a device, since they have none stored.
    """

    tokens: tuple[str, ...]
    lists: tuple[str, ...]
    work: Callable[[TokenFiles], object]
    may_be_given: frozenset[str] = frozenset()
    disk: Disk = field(default_factory=Disk)


OLD = "# mine\n" + listed(a=1, b=2)
GROWN = OLD + listed(c=FIRST_NEW)
CHANGED = listed(c=FIRST_NEW)

SCENARIOS = {
    "load": Scenario(("a\nb\nc\n",), (OLD, GROWN), lambda files: files.load(), frozenset("c")),
    "load-in-place": Scenario(
        ("a\nb\nc\n",), (OLD, GROWN), lambda files: files.load(), frozenset("c"), MountedDisk()
    ),
    "add": Scenario(("a\nb\n", "a\nb\nc\n"), (OLD, GROWN), lambda files: files.add("c")),
    "remove": Scenario(
        ("x::a\nb\n", "b\n"),
        (OLD, "# mine\n" + listed(b=2)),
        lambda files: files.remove("x"),
    ),
    "remove-in-place": Scenario(
        ("x::a\nb\n", "b\n"),
        (OLD, "# mine\n" + listed(b=2)),
        lambda files: files.remove("x"),
        disk=MountedDisk(),
    ),
    "replace": Scenario(
        ("a\nb\n", "c\n"),
        (OLD, CHANGED + listed(a=1, b=2), CHANGED),
        lambda files: files.replace_text("c\n", ""),
    ),
    "replace-in-place": Scenario(
        ("a\nb\n", "c\n"),
        (OLD, CHANGED + listed(a=1, b=2), CHANGED),
        lambda files: files.replace_text("c\n", ""),
        disk=MountedDisk(),
    ),
}


@dataclass
class Report:
    """How many deaths there were, what was found after them, and what should not have been."""

    deaths: int = 0
    finished: bool = False
    kinds: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def ptrace(request: int, process_id: int, data: int = 0) -> None:
    """The system call; raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    library.ptrace.restype = ctypes.c_long
    if library.ptrace(request, process_id, None, data) == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def store(folder: Path, first_new: int, disk: Disk) -> TokenFiles:
    """A store whose new devices are numbered from `first_new`."""
    numbers = itertools.count(first_new)
    names = Names(str(folder / "tokens"), str(folder / "list"))
    return TokenFiles(names, lambda: checksum(next(numbers)), disk=disk)


def start_writer(folder: Path, scenario: Scenario) -> int:
    """A process that stops itself before it works; gives its id."""
    files = store(folder, FIRST_NEW, scenario.disk)
    process_id = os.fork()
    if process_id == 0:
        outcome = FAILED
        try:
            ptrace(TRACE_ME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            scenario.work(files)
            outcome = 0
        except PermissionError:
            outcome = REFUSED
        finally:
            os._exit(outcome)
    return process_id


def run_until(process_id: int, stop_number: int) -> bool:
    """Let a writer run to its n-th stop at a system call and kill it there; False if it ended."""
    _, status = os.waitpid(process_id, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == REFUSED:
        raise PermissionError
    ptrace(SET_OPTIONS, process_id, MARK_SYSTEM_CALLS)
    stops, pending = 0, 0
    while True:
        ptrace(CONTINUE_TO_SYSTEM_CALL, process_id, pending)
        _, status = os.waitpid(process_id, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0, "the writer failed by itself"
            return False
        assert os.WIFSTOPPED(status), f"the writer was killed by somebody else: {status}"
        stopped_by = os.WSTOPSIG(status)
        pending = 0 if stopped_by == SYSTEM_CALL_STOP else stopped_by
        stops += stopped_by == SYSTEM_CALL_STOP
        if stops == stop_number:
            os.kill(process_id, signal.SIGKILL)
            os.waitpid(process_id, 0)
            return True


def judge(folder: Path, scenario: Scenario, report: Report) -> None:
    """Look at the files as they lie there, then start again."""
    tokens, as_list = (folder / "tokens").read_text(), (folder / "list").read_text()
    whole = tokens in scenario.tokens and as_list in scenario.lists
    if whole:
        kind = f"tokens {scenario.tokens.index(tokens)}, list {scenario.lists.index(as_list)}"
    else:
        kind = "torn"
    report.kinds[kind] = report.kinds.get(kind, 0) + 1
    if not whole and not isinstance(scenario.disk, MountedDisk):
        report.wrong.append(f"death {report.deaths}: {tokens!r} {as_list!r}")
    try:
        credentials = store(folder, FIRST_NEW_OF_NEXT_START, scenario.disk).load()
    except Exception as error:  # noqa: BLE001 - any exception is a finding of this program
        report.wrong.append(f"death {report.deaths}: {error!r}")
        return
    given = {one.secret.reveal() for one in credentials if one.binding > checksum(4999)}
    if not given <= scenario.may_be_given:
        report.wrong.append(f"death {report.deaths}: new devices for {given} after {kind}")
    texts = (folder / "tokens").read_text(), (folder / "list").read_text()
    may = {text + listed(c=FIRST_NEW_OF_NEXT_START) for text in scenario.lists if given}
    if texts[0] not in scenario.tokens or texts[1] not in {*scenario.lists, *may}:
        report.wrong.append(f"death {report.deaths}: {texts} after the next start")
    left = {path.name for path in folder.iterdir()} - {"tokens", "list", ".cursor-api.lock"}
    if left:
        report.wrong.append(f"death {report.deaths}: {left} left over after the next start")


def kill_at_each_system_call(folder: Path, scenario: Scenario) -> Report:
    """One death after the other."""
    report = Report()
    for stop_number in range(1, STOPS_MAX):
        for path in folder.iterdir():
            path.unlink()
        (folder / "tokens").write_text(scenario.tokens[0])
        (folder / "list").write_text(scenario.lists[0])
        died = run_until(start_writer(folder, scenario), stop_number)
        report.deaths += died
        judge(folder, scenario, report)
        if not died:
            report.finished = True
            break
    return report


if __name__ == "__main__":
    try:
        report = kill_at_each_system_call(Path(sys.argv[2]), SCENARIOS[sys.argv[1]])
    except PermissionError:
        sys.exit(REFUSED)
    sys.stdout.write(json.dumps(asdict(report)))
