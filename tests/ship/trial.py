"""A gateway as somebody has just installed it, tried: is it there, does it chat, does it end.

Only the standard library and the network: what is tried may stand anywhere, in a container too.
"""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.acceptance.programs import running

MODEL: Final = "gpt-4o-mini"
ANSWER_S_MAX: Final = 20.0
_KEY: Final = re.compile(r"^ +key +(\S+)$", re.MULTILINE)
# No proxy of the environment: what is asked is on this machine.
_OPEN: Final = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class TrialError(Exception):
    """What was tried did not do what it should; the message says what it did."""


def try_demo(command: Sequence[str], folder: Path, variables: Mapping[str, str] = {}) -> str:
    """Start `… demo`, chat, look at the console, and end it; gives what was seen, in words."""
    with running([*command, "demo"], folder, {"PORT": "0", **variables}) as demo:
        key = _KEY.search(demo.said())
        require(key is not None, f"no key in what it said:\n{demo.said()}")
        seen = [chat(demo.url, key[1] if key else ""), look_at_console(demo.url)]
        status = demo.stop()
        require(status == 0, f"ended with {status} at SIGTERM:\n{demo.said()}")
    return ", ".join(["demo", *seen, "SIGTERM"])


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
