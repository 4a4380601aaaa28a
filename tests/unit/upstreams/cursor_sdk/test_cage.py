"""What stands between the gateway and the bridge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cursor_api.upstreams.cursor_sdk import cage

PYTHON = os.path.realpath(sys.executable)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
needs_landlock = pytest.mark.skipif(
    cage.find_landlock_abi() == 0, reason="this kernel has no Landlock"
)
ATTEMPTS = """
import json, os, sys
outside, inside = sys.argv[1:]
def attempt(work):
    try:
        work()
    except OSError as error:
        return error.errno
    return 0
print(json.dumps([
    attempt(lambda: open(outside + "/secret").read()),
    attempt(lambda: os.listdir(outside)),
    attempt(lambda: open(outside + "/new", "w")),
    attempt(lambda: os.truncate(outside + "/secret", 0)),
    attempt(lambda: os.execv("/bin/sh", ["sh", "-c", "true"])),
    attempt(lambda: open(inside + "/own", "w").write("x")),
    attempt(lambda: os.rename(inside + "/own", inside + "/new")),
]))
"""


def orders(argv: list[str], *, is_caged: bool = False, writable: str = "") -> str:
    """Orders for this process's child, in which a Python can start."""
    base = sys.base_prefix
    told: cage.Orders = {
        "argv": argv,
        "parent": os.getpid(),
        "is_caged": is_caged,
        "readable": [base, "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"],
        "runnable": [PYTHON, "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"],
        "writable": [writable, "/nowhere/at/all"],
    }
    return json.dumps(told)


def run_cage(text: str) -> subprocess.CompletedProcess[str]:
    """The program itself, as it is started between the two."""
    return subprocess.run(
        [sys.executable, "-I", "-S", cage.__file__, text],
        capture_output=True,
        text=True,
        check=False,
    )


@on_linux
@needs_landlock
def test_a_caged_process_has_its_own_folder_and_nothing_else(tmp_path: Path) -> None:
    """Neither reading nor writing nor running; files that are not there are no matter."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret").write_text("canary")
    argv = [PYTHON, "-I", "-S", "-c", ATTEMPTS, str(outside), str(inside)]
    done = run_cage(orders(argv, is_caged=True, writable=str(inside)))
    assert done.stderr == ""
    assert json.loads(done.stdout) == [13, 13, 13, 13, 13, 0, 0]
    assert (outside / "secret").read_text() == "canary"


@on_linux
def test_without_the_cage_it_still_ends_with_the_gateway() -> None:
    """The kernel is told whose child it is, and what it may not gain."""
    asked = (
        "import ctypes; libc = ctypes.CDLL(None); number = ctypes.c_int();"
        "libc.prctl(2, ctypes.byref(number), 0, 0, 0);"
        "print(number.value, libc.prctl(39, 0, 0, 0, 0))"
    )
    done = run_cage(orders([PYTHON, "-I", "-S", "-c", asked]))
    assert (done.stdout, done.stderr) == ("9 1\n", "")


@on_linux
def test_a_failure_is_said_in_a_line() -> None:
    """A program that is not there; a gateway that has gone meanwhile."""
    for told, words in (
        (orders(["/nowhere"]), "No such file"),
        (json.dumps(json.loads(orders(["/bin/true"])) | {"parent": 1}), "has ended"),
    ):
        done = run_cage(told)
        assert done.returncode == 1
        assert done.stderr.startswith(cage.MARK)
        assert words in done.stderr


@pytest.mark.parametrize("ends_first", ["bridge", "gateway"])
def test_where_the_kernel_does_not_help_it_stays_and_watches(ends_first: str) -> None:
    """The end of its input ends both; the bridge's own end is its end."""
    child = "import sys; sys.exit(7)" if ends_first == "bridge" else "import time; time.sleep(60)"
    program = (
        "import sys; from cursor_api.upstreams.cursor_sdk.cage import main;"
        "sys.exit(main(sys.argv[1], becomes=False))"
    )
    text = orders([PYTHON, "-I", "-S", "-c", child])
    with subprocess.Popen([sys.executable, "-c", program, text], stdin=subprocess.PIPE) as watching:
        assert watching.stdin is not None
        if ends_first == "gateway":
            watching.stdin.close()
        assert watching.wait(5) == (7 if ends_first == "bridge" else 256 - 15)


def test_a_bridge_that_cannot_start_is_said_there_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the same words."""
    assert cage.main(orders(["/nowhere"]), becomes=False) == 1
    assert capsys.readouterr().err.startswith(cage.MARK)
