"""One life of the bridge's process, well and badly behaved."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import structs
from msgspec.structs import replace

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.upstreams.cursor_sdk.calls import BridgeAddress
from cursor_api.upstreams.cursor_sdk.folder import open_folder
from cursor_api.upstreams.cursor_sdk.options import SdkOptions
from cursor_api.upstreams.cursor_sdk.process import (
    LINE_BYTES_MAX,
    STOP_S,
    BridgeProcess,
    Launch,
    make_environment,
    make_orders,
    start_process,
)
from cursor_api.upstreams.cursor_sdk.program import find_program
from tests.fake_bridge import TOKEN, fake_options


@asynccontextmanager
async def launch_of(folder: Path, behaviour: str, said: list[str]) -> AsyncIterator[Launch]:
    """How to start a program that behaves so; its folder is removed at the end."""
    options = fake_options(folder, behaviour)
    own = open_folder(folder / "base")
    try:
        yield Launch(find_program(options.bridge_bin), own, options, said.append)
    finally:
        own.remove()


@asynccontextmanager
async def started(
    folder: Path, behaviour: str, said: list[str]
) -> AsyncIterator[tuple[BridgeProcess, BridgeAddress]]:
    """One that runs, and is stopped at the end."""
    async with launch_of(folder, behaviour, said) as launch:
        bridge, address = await start_process(launch)
        try:
            yield bridge, address
        finally:
            await bridge.stop()


async def test_its_ready_line_says_where_it_is(tmp_path: Path) -> None:
    """With the token from the file that it names; it ends when it is asked to."""
    async with started(tmp_path, "good", []) as (bridge, address):
        assert (address.token, address.url[:17]) == (TOKEN, "http://127.0.0.1:")
        assert "runs" in repr(bridge)
        await bridge.stop()
        assert bridge.exited.result() != -9
        assert "ended" in repr(bridge)


async def test_one_that_does_not_end_is_ended(tmp_path: Path) -> None:
    """After a limit, by force."""
    async with started(tmp_path, "stubborn", []) as (bridge, _):
        asked_at = time.monotonic()
        await bridge.stop()
        assert time.monotonic() - asked_at >= STOP_S
        assert bridge.exited.result() == -9


@pytest.mark.parametrize(
    ("behaviour", "words", "kind"),
    [
        ("ends", r"ended before it was ready \(exit code 3\)", FaultKind.UNREACHABLE),
        ("silent", r"was not ready within 0\.4 s", FaultKind.UNREACHABLE),
        ("no json", "is not JSON", FaultKind.PROTOCOL_ERROR),
        ("no token", "outside of its folder", FaultKind.PROTOCOL_ERROR),
        ("no address", "has no url", FaultKind.PROTOCOL_ERROR),
        ("elsewhere", "not of this machine", FaultKind.PROTOCOL_ERROR),
        ("other scheme", "cannot be used", FaultKind.PROTOCOL_ERROR),
    ],
)
async def test_one_that_is_not_ready(
    tmp_path: Path, behaviour: str, words: str, kind: FaultKind
) -> None:
    """It is said what was wrong, what it said is kept, and nothing of it is left running."""
    said: list[str] = []
    async with launch_of(tmp_path, behaviour, said) as launch:
        limit_s = 0.4 if behaviour == "silent" else 10
        with pytest.raises(Fault, match=words) as caught:
            await start_process(structs.replace(launch, ready_s=limit_s))
        assert caught.value.kind is kind
        assert said == (["no library"] if behaviour == "ends" else [])
        # Where it never came to be itself it is gone all the same.
        noted = launch.folder.home / "pid"
        if noted.exists():
            with pytest.raises(ProcessLookupError):
                os.kill(int(noted.read_text()), 0)


async def test_what_it_says_is_read_for_ever_and_cut(tmp_path: Path) -> None:
    """A line without an end fills no memory, and one after the other comes through."""
    said: list[str] = []
    async with started(tmp_path, "chatty", said), asyncio.timeout(10):
        while len(said) < 101:
            await asyncio.sleep(0.01)
    assert len(said) == 101
    assert len(said[0]) == LINE_BYTES_MAX
    assert said[-1].startswith("line 99 ")


async def test_a_program_that_is_no_program(tmp_path: Path) -> None:
    """The kernel's refusal is said by the program in between."""
    said: list[str] = []
    async with launch_of(tmp_path, "good", said) as launch:
        program = launch.program.executable
        program.write_bytes(b"\x7fELF nonsense")
        with pytest.raises(Fault, match="exit code 1"):
            await start_process(launch)
    assert said[0].startswith("cursor-api-cage: ")


def test_its_environment_is_made_and_not_inherited(tmp_path: Path) -> None:
    """With a proxy and authorities where they are set, and never a key."""
    folder = open_folder(tmp_path / "base")
    plain = make_environment(folder, SdkOptions())
    assert set(plain) == {
        *("PATH", "HOME", "TMPDIR", "CURSOR_SDK_CLIENT_LANGUAGE", "OPENSSL_CONF"),
    }
    assert plain["PATH"] == "/nonexistent"
    options = SdkOptions(
        proxy=Secret("http://me:word@proxy:1"),
        ca_file=Path("/etc/company.pem"),
        backend_url="http://127.0.0.1:1",
    )
    more = make_environment(folder, options)
    assert {name: more[name] for name in more if name not in plain} == {
        "HTTPS_PROXY": "http://me:word@proxy:1",
        "HTTP_PROXY": "http://me:word@proxy:1",
        "NO_PROXY": "127.0.0.1,localhost,::1",
        "NODE_USE_ENV_PROXY": "1",
        "NODE_EXTRA_CA_CERTS": "/etc/company.pem",
        "CURSOR_BACKEND_URL": "http://127.0.0.1:1",
        "CURSOR_WEBSITE_URL": "http://127.0.0.1:1",
    }
    folder.remove()


def test_its_orders_open_what_it_needs(tmp_path: Path) -> None:
    """Its own files to read, its box to write, itself to run; no part of the user's home."""
    folder = open_folder(tmp_path / "base")
    options = replace(fake_options(tmp_path, "good"), is_caged=True, ca_file=Path("/etc/own.pem"))
    program = find_program(options.bridge_bin)
    orders = make_orders(Launch(program, folder, options, print))
    assert orders["argv"] == [*program.argv, "--workspace", str(folder.workspace)]
    assert orders["writable"] == [str(folder.box), "/dev/null"]
    assert str(program.executable) in orders["runnable"]
    assert {str(program.root), "/etc/own.pem"} <= set(orders["readable"])
    home = str(Path.home())
    assert not any(path in {"/", home, "/etc", "/proc", "/usr"} for path in orders["readable"])
    assert make_orders(Launch(program, folder, replace(options, is_caged=False), print))[
        "is_caged"
    ] is (False)
    assert orders["is_caged"] in {sys.platform == "linux", False}
    folder.remove()
