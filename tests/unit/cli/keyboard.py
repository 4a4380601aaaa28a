"""A command at a terminal, with somebody who answers what it asks."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

TIMEOUT_S = 30.0


def answer(
    command: Sequence[str], folder: Path, environ: Mapping[str, str], *turns: tuple[str, str]
) -> tuple[int, str]:
    """Run it to its end; gives its status and all that the terminal showed.

    Each turn is the end of a question and what is typed then.
    """
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    said, left = "", list(turns)
    deadline = time.monotonic() + TIMEOUT_S
    try:
        while time.monotonic() < deadline:
            if not select.select([leader], [], [], 0.1)[0]:
                if process.poll() is not None:
                    break
                continue
            try:
                said += os.read(leader, 4096).decode()
            except OSError:  # nobody has the other side open any more
                break
            if left and said.endswith(left[0][0]):
                os.write(leader, f"{left.pop(0)[1]}\n".encode())
        return process.wait(10), said
    finally:
        process.kill()
        process.wait()
        os.close(leader)
