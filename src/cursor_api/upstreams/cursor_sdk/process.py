"""One life of the bridge's process: started, spoken to, stopped.

Rules of this file:
- It gets no variable of the gateway's environment, no key, no input, and one folder.
- Its standard error is read for as long as it lives, or it would stop at a full pipe.
- No wait is without an end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.domain.own_program import own_environment, own_program
from cursor_api.options.addresses import is_loopback
from cursor_api.options.said import tell
from cursor_api.transport.options import check_base_url
from cursor_api.upstreams.cursor_sdk import cage
from cursor_api.upstreams.cursor_sdk.calls import BridgeAddress
from cursor_api.upstreams.cursor_sdk.folder import BridgeFolder
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from cursor_api.upstreams.cursor_sdk.program import BridgeProgram

READY: Final = b"cursor-sdk-bridge ready "
# Half a second on a desktop, some seconds on a small board with a slow card.
READY_S: Final = 20.0
# Idle it ends in 30 ms; with a stream open it does not end by itself.
STOP_S: Final = 2.0
# They are in the pipe when it has ended; somebody it has started might hold that open.
LAST_WORDS_S: Final = 1.0
# The ready line has 400 bytes. What is longer is cut, for it is only shown.
LINE_BYTES_MAX: Final = 16 << 10
TOKEN_BYTES_MAX: Final = 512
_READ_BYTES: Final = 4 << 10

# What Node and its libraries read of a Linux system: shared libraries, names, certificates, time.
# A folder where files are replaced while the bridge runs: a new file is not the one that is named.
_SYSTEM_FILES: Final = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"),
    *("/etc/resolv.conf", "/run/systemd/resolve", "/etc/hosts", "/etc/nsswitch.conf"),
    *("/etc/host.conf", "/etc/gai.conf", "/etc/ssl/certs", "/etc/pki/tls/certs"),
    *("/etc/localtime", "/usr/share/zoneinfo", "/dev/urandom", "/dev/random"),
)
# The loader of shared libraries counts as a program.
_LOADERS: Final = (
    *("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-linux-armhf.so.3"),
)


class Launch(Struct, frozen=True):
    """How to start a bridge. `say` takes what it writes, a line at a time."""

    program: BridgeProgram
    folder: BridgeFolder
    options: SdkOptions
    say: Callable[[str], None]
    ready_s: float = READY_S


class BridgeProcess:
    """A bridge that runs. `exited` is done when it has ended, and gives its exit code."""

    def __init__(self, process: asyncio.subprocess.Process, say: Callable[[str], None]) -> None:
        self._process = process
        self._say = say
        self._ready: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._drain_task = asyncio.create_task(self._drain())
        self.exited = asyncio.create_task(process.wait())

    def __repr__(self) -> str:
        return f"BridgeProcess({self.pid}, {'ended' if self.exited.done() else 'runs'})"

    @property
    def pid(self) -> int:
        """Of the bridge itself on Linux, elsewhere of the program around it."""
        return self._process.pid

    async def wait_ready(self, limit_s: float) -> dict[str, Any]:
        """What its ready line says; raises Fault(UNREACHABLE) where none comes in time."""
        await asyncio.wait(
            (self._ready, self.exited), timeout=limit_s, return_when=asyncio.FIRST_COMPLETED
        )
        if not self._ready.done() and self.exited.done():
            await self._take_last_words()
        if self._ready.done():
            return _read_ready(self._ready.result())
        if self.exited.done():
            raise Fault(
                FaultKind.UNREACHABLE,
                tell(
                    "The Cursor SDK bridge ended before it was ready (exit code {code}); the"
                    " gateway's log has what it said.",
                    code=self.exited.result(),
                ),
            )
        raise Fault(
            FaultKind.UNREACHABLE,
            tell(
                "The Cursor SDK bridge was not ready within {limit_s} s; the gateway's log has what"
                " it said.",
                limit_s=f"{limit_s:g}",
            ),
        )

    async def stop(self) -> None:
        """End it, with force where it does not go by itself."""
        if not self.exited.done():
            self._ask_to_end()
            await asyncio.wait((self.exited,), timeout=STOP_S)
        if not self.exited.done():
            self._kill()
            await self.exited
        await self._take_last_words()
        self._drain_task.cancel()
        await asyncio.gather(self._drain_task, return_exceptions=True)

    async def _take_last_words(self) -> None:
        await asyncio.wait((self._drain_task,), timeout=LAST_WORDS_S)

    def _ask_to_end(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()  # of the program around the bridge: its sign to end both
        else:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                # It has a session of its own, and so a group.
                os.killpg(self.pid, signal.SIGKILL)

    async def _drain(self) -> None:
        stderr = self._process.stderr
        line = b""
        while stderr is not None and (data := await stderr.read(_READ_BYTES)):
            *whole, line = (line + data).split(b"\n")
            for one in whole:
                self._take(one)
            line = line[:LINE_BYTES_MAX]
        if line:
            self._take(line)

    def _take(self, line: bytes) -> None:
        if line.startswith(READY):
            if not self._ready.done():
                self._ready.set_result(line.removeprefix(READY))
        elif line.strip():
            self._say(line[:LINE_BYTES_MAX].decode(errors="replace"))


async def start_process(launch: Launch) -> tuple[BridgeProcess, BridgeAddress]:
    """Start it, and give it with its address once it is ready; raises Fault."""
    folder = launch.folder
    program = launch.program
    orders = make_orders(launch)
    between = own_program(cage.__name__, str(cage.__file__), "-I", "-S", "-B")
    argv = (*between, json.dumps(orders))
    is_exec = sys.platform == "linux"
    try:
        folder.clear()
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=subprocess.DEVNULL if is_exec else subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**make_environment(folder, launch.options), **own_environment()},
            cwd=folder.workspace,
            # Ctrl-C in the gateway's terminal is for the gateway, which ends the runs first.
            start_new_session=True,
        )
    except OSError as error:
        raise Fault(
            FaultKind.UNREACHABLE,
            tell(
                "The Cursor SDK bridge cannot be started ({program}: {reason}).",
                program=program.executable.name,
                reason=error.strerror,
            ),
        ) from error
    bridge = BridgeProcess(process, launch.say)
    try:
        folder.note_pid(bridge.pid)
        ready = await bridge.wait_ready(launch.ready_s)
        return bridge, _find_address(ready, folder)
    except BaseException:
        await bridge.stop()
        raise


def make_orders(launch: Launch) -> cage.Orders:
    """What the program in between is told."""
    program, folder, options = launch.program, launch.folder, launch.options
    extra = [str(options.ca_file)] if options.ca_file else []
    return {
        "argv": [*program.argv, "--workspace", str(folder.workspace)],
        "parent": os.getpid(),
        "is_caged": options.is_caged and cage.find_landlock_abi() > 0,
        "readable": [str(program.root), *_SYSTEM_FILES, *extra],
        "runnable": [str(program.executable), *_LOADERS],
        "writable": [str(folder.box), "/dev/null"],
    }


def make_environment(folder: BridgeFolder, options: SdkOptions) -> Mapping[str, str]:
    """All of the bridge's environment."""
    made = {
        # It needs no other program.
        "PATH": "/nonexistent",
        "HOME": str(folder.home),
        "TMPDIR": str(folder.temporary),
        "CURSOR_SDK_CLIENT_LANGUAGE": "python",
        # Node brings its own OpenSSL; the system's configuration may name any file.
        "OPENSSL_CONF": os.devnull,
    }
    if sys.platform == "win32":
        made |= {
            "USERPROFILE": str(folder.home),
            "TEMP": str(folder.temporary),
            "TMP": str(folder.temporary),
            # Without it Windows opens no sockets.
            "SYSTEMROOT": os.environ.get("SYSTEMROOT", r"C:\Windows"),
        }
    proxy = options.find_proxy()
    if proxy is not None:
        made |= {
            "HTTPS_PROXY": proxy.reveal(),
            "HTTP_PROXY": proxy.reveal(),
            # Our callback, on this machine.
            "NO_PROXY": "127.0.0.1,localhost,::1",
            "NODE_USE_ENV_PROXY": "1",
        }
    if options.ca_file is not None:
        made["NODE_EXTRA_CA_CERTS"] = str(options.ca_file)
    if options.backend_url:
        made |= {
            "CURSOR_BACKEND_URL": options.backend_url,
            "CURSOR_WEBSITE_URL": options.backend_url,
        }
    return made


def _read_ready(line: bytes) -> dict[str, Any]:
    try:
        ready: Any = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        ready = None
    if not isinstance(ready, dict):
        raise _unclear("is not JSON")
    return ready


def _find_address(ready: Mapping[str, Any], folder: BridgeFolder) -> BridgeAddress:
    """Where it listens, by its ready line and the file that this names; raises Fault."""
    url, token_file = ready.get("url"), ready.get("authTokenFile")
    if not isinstance(url, str) or not isinstance(token_file, str):
        raise _unclear("has no url or no authTokenFile")
    host = ready.get("host")
    try:
        url = check_base_url(url)
        if not isinstance(host, str) or not is_loopback(host):
            raise _unclear("names an address that is not of this machine")
        path = Path(token_file).resolve(strict=True)
        if not path.is_relative_to(folder.box.resolve()):
            raise _unclear("names a token file outside of its folder")
        with path.open("rb") as file:
            token = file.read(TOKEN_BYTES_MAX).decode("ascii").strip()
    except (OSError, ValueError) as error:
        raise _unclear("names an address or a token file that cannot be used") from error
    return BridgeAddress(url, Secret(token), str(folder.workspace))


def _unclear(what: str) -> Fault:
    return Fault(
        FaultKind.PROTOCOL_ERROR, f"The ready line of the Cursor SDK bridge {what}. Upgrade it?"
    )
