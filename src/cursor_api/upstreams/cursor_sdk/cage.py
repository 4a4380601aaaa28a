"""Starts the bridge so that it ends with the gateway, and touches nothing but its own folder.

Run as a program of its own (`python -I -S cage.py '{…}'`), between the gateway and the bridge: what
it does to itself lasts beyond `exec`, and cannot be done to the gateway. Nothing but the standard
library is at hand there.

Rules of this file:
- On Linux this process becomes the bridge. The kernel ends it with the gateway, `kill -9` included,
  and Landlock denies it every file that is not listed.
- Elsewhere this process stays, with the bridge as its child: the end of its standard input, which
  the gateway holds, is the end of both.
- Whatever fails is said in one line on standard error, after MARK.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from typing import Any, Final, NoReturn, TypedDict

MARK: Final = "cursor-api-cage: "

# linux/prctl.h
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
# The same on every machine that Node runs on (asm-generic/unistd.h).
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
# linux/landlock.h
_CREATE_RULESET_VERSION: Final = 1
_RULE_PATH_BENEATH: Final = 1
_EXECUTE: Final = 1 << 0
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_TRUNCATE: Final = 1 << 14
# What a rule about a file, and not a folder, may hold.
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
# By ABI: every right that it knows over files (refer from 2, truncate from 3, devices from 5).
_RIGHTS_BY_ABI: Final = ((5, (1 << 16) - 1), (3, (1 << 15) - 1), (2, (1 << 14) - 1))
_RIGHTS_OF_FIRST_ABI: Final = (1 << 13) - 1
# From this one on signals and abstract sockets of processes outside can be denied as well.
_ABI_WITH_SCOPES: Final = 6
_SCOPES: Final = 3
# From this one on there is a word about the network, where everything stays allowed.
_ABI_WITH_NETWORK: Final = 4
_STOP_S: Final = 2.0


class Orders(TypedDict):
    """What this program is told.

    `parent` is the process that it must not outlive. `readable`, `runnable` and `writable` are
    files and folders; missing ones are passed over. `is_caged` False leaves all files open.
    """

    argv: list[str]
    parent: int
    is_caged: bool
    readable: list[str]
    runnable: list[str]
    writable: list[str]


def find_landlock_abi() -> int:
    """The version of Landlock in this kernel; 0 where there is none, or it is switched off."""
    if sys.platform != "linux":
        return 0
    try:
        return _call(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)
    except OSError:
        return 0


def enter_cage(orders: Orders) -> None:
    """Deny this process all files but those listed, for good; raises OSError."""
    abi = find_landlock_abi()
    rights = next(
        (rights for first, rights in _RIGHTS_BY_ABI if abi >= first), _RIGHTS_OF_FIRST_ABI
    )
    words = [rights]
    if abi >= _ABI_WITH_NETWORK:
        words.append(0)
    if abi >= _ABI_WITH_SCOPES:
        words.append(_SCOPES)
    attributes = struct.pack(f"={len(words)}Q", *words)
    ruleset = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    read = _READ_FILE | _READ_DIR
    for paths, allowed in (
        (orders["readable"], read),
        (orders["runnable"], read | _EXECUTE),
        (orders["writable"], rights & ~_EXECUTE),
    ):
        for path in paths:
            _allow(ruleset, path, allowed & rights)
    _call(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # no such library folder here
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - pathlib costs this program a third of its start
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, place)
        _call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(place)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: Any) -> int:
    """A system call; raises OSError."""
    # The kernel takes longs, and ctypes would pass ints.
    longs = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result: int = _libc().syscall(ctypes.c_long(number), *longs)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def bind_to_parent(parent: int) -> None:
    """Die with the parent, whatever it dies of; raises OSError where it is gone already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise ProcessLookupError("the gateway has ended")


def _prctl(option: int, value: int) -> None:
    nothing = ctypes.c_ulong(0)
    if _libc().prctl(option, ctypes.c_ulong(value), nothing, nothing, nothing) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def become(orders: Orders) -> NoReturn:
    """On Linux: bind, cage, and turn into the bridge."""
    bind_to_parent(orders["parent"])
    # Without it Landlock takes root only, and a program with more rights could be started.
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if orders["is_caged"]:
        enter_cage(orders)
    # Python sets it for itself where no language is set.
    os.environ.pop("LC_CTYPE", None)
    argv = orders["argv"]
    os.execv(argv[0], argv)  # noqa: S606 - this is what the program is for


def watch(orders: Orders) -> int:
    """Elsewhere: run the bridge until it ends or standard input does; its exit code."""
    bridge = subprocess.Popen(orders["argv"], stdin=subprocess.DEVNULL)  # noqa: S603 - the same

    def end_with_gateway() -> None:
        # Not by way of `sys.stdin`, whose lock the end of this process would wait for.
        while os.read(0, 1):
            pass
        bridge.terminate()
        try:
            bridge.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            bridge.kill()

    threading.Thread(target=end_with_gateway, daemon=True).start()
    return bridge.wait()


def main(text: str, *, becomes: bool = sys.platform == "linux") -> int:
    """Do what the orders say; comes back with an exit code where this process stays or fails."""
    orders: Orders = json.loads(text)
    # Of the loader of an executable that is one file; it has done its work.
    for name in [name for name in os.environ if name.startswith("_PYI_")]:
        del os.environ[name]
    try:
        if becomes:
            become(orders)
        return watch(orders)
    except OSError as error:
        sys.stderr.write(f"{MARK}{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
