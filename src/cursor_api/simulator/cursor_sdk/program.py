"""The simulated bridge as a program, which `CURSOR_SDK_BRIDGE_BIN` can name.

Run as `python -m cursor_api.simulator.cursor_sdk.program`, and without the cage, which lets no
bridge read Python's own files (`CURSOR_SDK_BRIDGE_CAGE=false`). It takes the genuine bridge's
flags, and two of its own: `--sim-never-ready`, and `--sim-dies-after SECONDS`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from cursor_api.simulator.cursor_sdk.bridge import BridgeSimulator
from cursor_api.simulator.cursor_sdk.options import BridgeOptions

READY = "cursor-sdk-bridge ready "


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The flags that it knows; others are passed over, as a later bridge may have more."""
    parser = argparse.ArgumentParser("cursor-sdk-bridge")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    for flag in ("workspace", "state-root", "tool-callback-url", "tool-callback-auth-token"):
        parser.add_argument(f"--{flag}", default="")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--sim-never-ready", action="store_true")
    parser.add_argument("--sim-dies-after", type=float)
    known, _ = parser.parse_known_args(list(arguments))
    return known


def ready_line(bridge: BridgeSimulator, token_file: Path, workspace: str) -> str:
    """What the genuine bridge writes to stderr when it listens."""
    facts = {
        "schemaVersion": 1,
        "serverVersion": "1.0.0",
        "pid": os.getpid(),
        "transport": "tcp",
        "protocol": "connect",
        "host": bridge.options.host,
        "port": bridge.port,
        "url": bridge.url,
        "authTokenFile": str(token_file),
        "workspaceRef": workspace,
        "stateRoot": str(token_file.parent),
    }
    return READY + msgspec.json.encode(facts).decode()


async def serve(flags: argparse.Namespace) -> None:
    """Until it is told to stop."""
    options = BridgeOptions(
        host=flags.host,
        port=flags.port,
        token=secrets.token_urlsafe(32),
        tool_callback_url=flags.tool_callback_url,
        tool_callback_token=flags.tool_callback_auth_token,
    )
    async with BridgeSimulator(options) as bridge:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, bridge.is_shut_down.set)
        # As the genuine one does: a folder in TMPDIR, which it never removes.
        token_file = Path(tempfile.mkdtemp(prefix="cursor-sdk-bridge-")) / "auth-token"
        token_file.touch(0o600)
        token_file.write_text(bridge.token, encoding="ascii")
        if not flags.sim_never_ready:
            sys.stderr.write(ready_line(bridge, token_file, flags.workspace) + "\n")
            sys.stderr.flush()
        try:
            async with asyncio.timeout(flags.sim_dies_after):
                await bridge.is_shut_down.wait()
        except TimeoutError:
            os._exit(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """The program."""
    asyncio.run(serve(read_arguments(sys.argv[1:] if arguments is None else arguments)))


if __name__ == "__main__":
    main()
