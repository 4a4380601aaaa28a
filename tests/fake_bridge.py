"""A program that behaves like the bridge as a process, in the ways that a test wants."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from cursor_api.domain.credential import Secret
from cursor_api.upstreams.cursor_sdk.options import SdkOptions

# How it goes, after what it says on standard error.
BEHAVIOURS = {
    "good": "ready(); serve()",
    "ends": "print('no library', file=sys.stderr); sys.exit(3)",
    "silent": "time.sleep(60)",
    "stubborn": "signal.signal(signal.SIGTERM, signal.SIG_IGN); ready(); serve()",
    "chatty": "print('x' * 300_000, file=sys.stderr); ready(); talk(); serve()",
    "dies": "ready(); serve(1)",
    "other version": "VERSION = 'sdk.v2'; ready(); serve()",
    "no json": "print('cursor-sdk-bridge ready {', file=sys.stderr, flush=True); serve()",
    "no token": "ready(authTokenFile='/etc/hostname'); serve()",
    "no address": "ready(url=7); serve()",
    "elsewhere": "ready(host='192.0.2.1'); serve()",
    "other scheme": "ready(url='ftp://127.0.0.1:1'); serve()",
}

_SCRIPT = """#!{python}
import json, os, pathlib, signal, socket, sys, time
VERSION = "sdk.v1"
listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
(pathlib.Path(os.environ["HOME"]) / "pid").write_text(str(os.getpid()))

def ready(**changes):
    folder = pathlib.Path(os.environ["TMPDIR"])
    (folder / "auth-token").write_text("token-of-the-bridge\\n")
    said = {{"host": "127.0.0.1", "url": f"http://127.0.0.1:{{port}}",
            "authTokenFile": str(folder / "auth-token"), "new": [1]}}
    line = json.dumps(said | changes)
    print("cursor-sdk-bridge ready " + line, file=sys.stderr, flush=True)

def talk():
    for number in range(100):
        print(f"line {{number}} Bearer token-of-the-bridge crsr_{{'8' * 30}}", file=sys.stderr)

def serve(count=1000):
    for _ in range(count):
        connection, _ = listener.accept()
        with connection:
            while b"\\r\\n\\r\\n" not in (head := connection.recv(65536)):
                pass
            with open(os.environ["HOME"] + "/asked", "ab") as asked:
                asked.write(head)
            body = json.dumps({{"protocolVersion": VERSION, "message": "pong"}}).encode()
            connection.sendall(
                b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n%b"
                % (len(body), body)
            )

{behaviour}
"""


def write_fake_bridge(folder: Path, behaviour: str) -> Path:
    """An executable script; where it is, with its own name in it."""
    path = folder / f"{behaviour.replace(' ', '-')}-bridge"
    path.write_text(_SCRIPT.format(python=sys.executable, behaviour=BEHAVIOURS[behaviour]))
    path.chmod(0o700)
    return path


def fake_options(folder: Path, behaviour: str) -> SdkOptions:
    """With that program, and without the cage, in which no Python starts."""
    program = write_fake_bridge(folder, behaviour)
    return SdkOptions(bridge_bin=program, folder=folder / "base", is_caged=False)


TOKEN = Secret("token-of-the-bridge")


class SystemTime:
    """The machine's clock."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
