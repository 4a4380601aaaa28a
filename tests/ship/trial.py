"""A gateway as somebody has just installed it, tried: is it there, does it chat, does it end.

    python tests/ship/trial.py COMMAND [WORD ...]     tries `COMMAND … demo`

Nothing but the standard library: it runs on every system that something is released for, and what
it tries may stand anywhere, in a container too.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MODEL: Final = "gpt-4o-mini"
# Generous: an executable unpacks itself first, and machines of others are slow.
START_S_MAX: Final = 60.0
STOP_S_MAX: Final = 20.0
ANSWER_S_MAX: Final = 20.0
IS_WINDOWS: Final = sys.platform == "win32"
_URL: Final = re.compile(r"http://127\.0\.0\.1:\d+")
_KEY: Final = re.compile(r"^ +key +(\S+)$", re.MULTILINE)
# Without these a program does not start, or not as its user's.
_KEPT: Final = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE")
# No proxy of the environment: what is asked is on this machine.
_OPEN: Final = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class TrialError(Exception):
    """What was tried did not do what it should; the message says what it did."""


@dataclass(frozen=True, slots=True)
class Started:
    """A program that serves."""

    url: str
    output: Path
    process: subprocess.Popen[bytes]

    def said(self) -> str:
        """All that it has written."""
        return self.output.read_text(encoding="utf-8")

    def stop(self) -> None:
        """Ask it to end as its system does; raises TrialError where it does not end well."""
        if sys.platform == "win32":
            self.process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_S_MAX)
        # Windows gives a program that was asked to end no status of its own.
        require(IS_WINDOWS or status == 0, f"it ended with {status}:\n{self.said()}")


@contextmanager
def starting(command: Sequence[str], folder: Path, more: Mapping[str, str]) -> Iterator[Started]:
    """Start it in the folder, wait until it has said where it listens, and end it afterwards."""
    output = folder / "said.txt"
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**kept, "PYTHONIOENCODING": "utf-8", **more},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    try:
        yield Started(_wait_for_url(process, output), output, process)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_for_url(process: subprocess.Popen[bytes], output: Path) -> str:
    deadline = time.monotonic() + START_S_MAX
    while True:
        said = output.read_text(encoding="utf-8", errors="replace")
        found = _URL.search(said)
        if found is not None:
            return found[0]
        require(process.poll() is None, f"it ended before it served:\n{said}")
        require(time.monotonic() < deadline, f"it does not say where it serves:\n{said}")
        time.sleep(0.05)


def try_demo(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> str:
    """Start `… demo`, chat, look at the console, and end it; gives what was seen, in words."""
    with starting([*command, "demo"], folder, {"PORT": "0", **(more or {})}) as demo:
        key = _KEY.search(demo.said())
        require(key is not None, f"no key in what it said:\n{demo.said()}")
        seen = [chat(demo.url, key[1] if key else ""), look_at_console(demo.url)]
        demo.stop()
    return ", ".join(["demo", *seen, "CTRL_BREAK" if IS_WINDOWS else "SIGTERM"])


def chat(url: str, key: str, path: str = "/v1/chat/completions") -> str:
    """One chat as a whole and one as a stream, which say the same."""
    whole = json.loads(ask(url + path, key, body("Hello!")))["choices"][0]["message"]["content"]
    require("simulator" in whole, f"this is no answer of the simulator: {whole!r}")
    streamed = ask(url + path, key, body("Hello!", stream=True))
    require(streamed.rstrip().endswith("data: [DONE]"), f"a stream without an end: {streamed!r}")
    require(said_in(streamed) == whole, f"{said_in(streamed)!r} is not {whole!r}")
    return "chat and stream"


def look_at_console(url: str) -> str:
    """The page, and a script and a text that it loads: all are files of the package."""
    page = ask(f"{url}/tokeninfo")
    scripts = re.findall(r'src="([^"]+\.js)"', page)
    require(bool(scripts), f"a console without a script: {page[:200]!r}")
    for script in scripts:
        require(len(ask(urllib.parse.urljoin(f"{url}/tokeninfo", script))) > 0, script)
    return "console"


def body(prompt: str, **more: Any) -> bytes:
    """A chat request."""
    message = {"role": "user", "content": prompt}
    return json.dumps({"model": MODEL, "messages": [message], **more}).encode()


def ask(url: str, key: str = "", data: bytes | None = None) -> str:
    """The text of an answer; raises HTTPError for a status that is an error."""
    request = urllib.request.Request(url, data)  # noqa: S310 - an address of our own program
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    if data is not None:
        request.add_header("Content-Type", "application/json")
    with _OPEN(request, timeout=ANSWER_S_MAX) as answer:
        text: str = answer.read().decode()
    return text


def said_in(stream: str) -> str:
    """The text of all events of a stream."""
    events = [line[6:] for line in stream.splitlines() if line.startswith("data: {")]
    choices = [choice for event in events for choice in json.loads(event)["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def require(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - an assertion of its own
    """Raise TrialError where it does not hold."""
    if not condition:
        raise TrialError(otherwise)


def main() -> int:
    """Try what the command line says."""
    with tempfile.TemporaryDirectory(prefix="trial-", ignore_cleanup_errors=True) as name:
        command = [str(Path(sys.argv[1]).resolve()), *sys.argv[2:]]
        try:
            sys.stdout.write(f"{sys.argv[1]}: {try_demo(command, Path(name))}\n")
        except TrialError as error:
            sys.stderr.write(f"FAILED: {error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
