"""The image as people run it, without a container engine: `make image-check`.

Builds the Dockerfile as it stands with Debian's buildah and runs it with runc, the gateway as
process 1: as the users under which platforms start it, on volumes as they find them, with a root
that cannot be written, and stopped in the middle of a stream. The simulated upstream is outside.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from scripts.space import make_space
from tests.acceptance import programs
from tests.ports import free_port
from tests.ship import containers
from tests.ship.containers import Container, Image, Wish, make_volume, running, wait_for
from tests.ship.tools import ROOT, ToolError, say
from tests.ship.trial import TrialError, ask, body, chat, look_at_console, require

KEY: Final = "ten-chars1"
ADVICE: Final = "openssl rand -hex 24"
# Docker's, between SIGTERM and SIGKILL.
ENGINE_GRACE_S: Final = 10.0
SLOW: Final = "/sim rate 10+bytes {}\nHello!"


@dataclass(frozen=True, slots=True)
class House:
    """What the checks share: the image, the upstream that is asked, and a folder for each."""

    image: Image
    upstream_url: str
    folder: Path
    _names: Iterator[int] = field(default_factory=lambda: iter(range(1000)))

    def new_folder(self) -> Path:
        """A path where nothing is."""
        return self.folder / f"check-{next(self._names)}"

    def new_volume(self) -> Path:
        """What an engine makes of a volume that is used for the first time."""
        return make_volume(self.image, self.new_folder())

    @contextmanager
    def serving(self, wish: Wish) -> Iterator[tuple[Container, str]]:
        """A gateway that serves, and its address."""
        port = str(free_port())
        more = {"AUTH_TOKEN": KEY, "PORT": port, "CURSOR_BASE_URL": self.upstream_url}
        wish = replace(wish, environment={**more, **wish.environment})
        scheme = "https" if "TLS_CERT_FILE" in wish.environment else "http"
        with running(self.image, wish, self.new_folder()) as container:
            wait_for(container, " from /data/.token")
            yield container, f"{scheme}://127.0.0.1:{port}"

    def refused(self, wish: Wish) -> str:
        """What a gateway says that does not start."""
        with running(self.image, wish, self.new_folder()) as container:
            status = container.process.wait(containers.STOP_S_MAX)
            require(status == 1, f"it ended with {status}:\n{container.said()}")
            return container.said()


def serve_and_save(house: House, user: tuple[int, int] | None, *, is_read_only: bool) -> None:
    """Save a token through the console's API, chat with it, and find it again after a restart."""
    volume = house.new_volume()
    wish = Wish(user=user, is_read_only=is_read_only, volumes={volume: "/data"})
    with house.serving(wish) as (container, url):
        told = ask(f"{url}/update-tokeninfo", KEY, json.dumps({"tokens": "a::token-a\n"}).encode())
        require(json.loads(told)["token_count"] == 1, told)
        chat(url, KEY)
        look_at_console(url)
        require(container.check_health(), "the health check says no")
        first = container.do("cat", "/proc/1/cmdline").split("\0")
        require(first[-3].endswith("/cursor-api"), f"process 1 is {first}")
        require(container.stop() == 0, container.said())
    for name in (".token", ".token-list"):
        status = (volume / name).stat()
        owner, mode = (user or house.image.user)[0], status.st_mode & 0o777
        require((status.st_uid, mode) == (owner, 0o600), f"{name}: {status.st_uid} {mode:o}")
    with house.serving(wish) as (container, _url):
        require("credentials: 1 from /data/.token" in container.said(), container.said())
        require(container.stop() == 0, container.said())


def check_users(house: House) -> str:
    """Whoever a platform starts it as, with group 0."""
    require(house.image.user == (1000, 0), f"USER is {house.image.user}")
    users = (None, (10001, 0), (1_000_650_000, 0))
    for user in users:
        serve_and_save(house, user, is_read_only=False)
    return "serves and saves as 1000:0 (its own), 10001:0 and 1000650000:0"


def check_read_only(house: House) -> str:
    """`--read-only --tmpfs /tmp`."""
    serve_and_save(house, None, is_read_only=True)
    return "the same with a root that cannot be written"


def check_stop(house: House) -> str:
    """A stream that is under way ends whole; one that is too long is told, within Docker's time."""
    for size, is_whole in ((200, True), (4000, False)):
        with house.serving(Wish({"TOKENS": "a::token-a"})) as (container, url):
            answer = _Stream(url, SLOW.format(size))
            answer.wait_for_text()
            began = time.monotonic()
            require(container.stop() == 0, container.said())
            spent = time.monotonic() - began
            require(spent < ENGINE_GRACE_S, f"it took {spent:.1f} s to stop")
            text = answer.end()
        is_done = text.rstrip().endswith("data: [DONE]")
        require(is_done is is_whole, f"the stream of {size} bytes ended with {text[-300:]!r}")
        require(is_whole or '"error"' in text, f"an end without a word: {text[-300:]!r}")
    return "at SIGTERM a stream ends whole, a longer one with an error, both within ten seconds"


class _Stream:
    """A streamed chat, read by a thread."""

    def __init__(self, url: str, prompt: str) -> None:
        place = urllib.parse.urlsplit(url)
        self._socket = socket.create_connection((place.hostname or "", place.port or 80), 30)
        data = body(prompt, stream=True)
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            f"Authorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + data)
        self._text = bytearray()
        self._has_text = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        with self._socket:
            while piece := self._socket.recv(65536):
                self._text += piece
                if b'"content":"' in self._text:
                    self._has_text.set()

    def wait_for_text(self) -> None:
        """Until the answer has begun."""
        require(self._has_text.wait(20), f"no text came: {bytes(self._text)!r}")

    def end(self) -> str:
        """All that came, once the connection is closed; the marks of chunks left out."""
        self._thread.join(30)
        lines = self._text.decode().replace("\r\n", "\n").split("\n")
        return "\n".join(line for line in lines if line.startswith("data: "))


def check_volumes(house: House) -> str:
    """A volume that is root's, and one of the earlier image's: told what to do, and that helps."""
    roots = house.new_folder()
    roots.mkdir(0o755)
    with house.serving(Wish({"TOKENS": "a::token-a"}, volumes={roots: "/data"})) as (
        container,
        url,
    ):
        said = container.said()
        require("give the user with the id 1000 the right to write it" in said, said)
        chat(url, KEY)
    old = house.new_volume()
    (old / ".token").write_text("a::token-a\n", encoding="utf-8")
    for path in (old, old / ".token"):
        os.chown(path, 10001, 10001)
        path.chmod(0o700 if path.is_dir() else 0o600)
    said = house.refused(Wish({"AUTH_TOKEN": KEY}, volumes={old: "/data"}))
    require("give the user with the id 1000 the right to read it" in said, said)
    with house.serving(Wish(user=(10001, 0), volumes={old: "/data"})) as (_container, url):
        chat(url, KEY)
    return "a root-owned volume serves with a warning; one of uid 10001 does with --user 10001:0"


def check_keys(house: House) -> str:
    """Too short a key, an example and none are refused with the line that makes a good one."""
    for key in ("short", "your_token", ""):
        said = house.refused(Wish({"AUTH_TOKEN": key}))
        require(ADVICE in said, said)
        require("Traceback" not in said, said)
    with house.serving(Wish()) as (container, _url):
        require("has fewer than 16 characters" in container.said(), container.said())
    return "short keys and examples are refused with the fix; ten characters serve with a warning"


def check_health(house: House) -> str:
    """The health check with a prefix, another port and TLS; it says no where nothing serves."""
    with house.serving(Wish({"ROUTE_PREFIX": "/ai", "TOKENS": "a::token-a"})) as (container, url):
        require(container.check_health(), "not with ROUTE_PREFIX")
        chat(url, KEY, "/ai/v1/chat/completions")
    volume = house.new_volume()
    shutil.copy(ROOT / "tests" / "vectors" / "tls" / "good.pem", volume / "cert.pem")
    os.chown(volume / "cert.pem", *house.image.user)
    tls = {"TLS_CERT_FILE": "/data/cert.pem"}
    with house.serving(Wish(tls, volumes={volume: "/data"})) as (container, _url):
        require(container.check_health(), "not with TLS")
    (volume / ".env").write_text("\n".join(f"{k}={v}" for k, v in tls.items()), encoding="utf-8")
    (volume / ".env").chmod(0o644)
    with house.serving(Wish(volumes={volume: "/data"})) as (container, _url):
        require(container.check_health(), "not with TLS in .env")
    sleeping = Wish(command=["python", "-c", "print('up', flush=True); input()"])
    with running(house.image, sleeping, house.new_folder()) as container:
        require(not container.check_health(), "it calls healthy what does not serve")
    return "the health check follows ROUTE_PREFIX, PORT and TLS"


def check_space(house: House) -> str:
    """The folder that `make space` makes, as Hugging Face builds and starts it."""
    image = containers.build("cursor-api-space", make_space(house.new_folder()))
    require(image.environment["PORT"] == "7860", "the port is not the front matter's")
    space = replace(house, image=image)
    secrets = {"TOKENS": "a::token-a\nb::token-b", "ROUTE_PREFIX": "/own"}
    for user in ((1000, 0), (1000, 1000)):
        with space.serving(Wish(secrets, user=user)) as (container, url):
            require("2 from the settings" in container.said(), container.said())
            chat(f"{url}/own", KEY)
            require(container.stop() == 0, container.said())
        serve_and_save(space, user, is_read_only=False)
    return "the Space serves as user 1000 with groups 0 and 1000: TOKENS, a prefix, saving in /data"


def check_contents(house: House) -> str:
    """No pip, nothing that is anybody's to write, no sources of ours but the package."""
    root = house.image.root
    found = [str(one) for name in ("pip", "ensurepip") for one in root.rglob(f"{name}/__main__.py")]
    require(not found, f"pip is in it: {found}")
    require(not list(root.glob("opt/build*")), "the tools of building are in it")
    status = (root / "data").stat()
    seen = (status.st_uid, status.st_gid, f"{status.st_mode & 0o7777:o}")
    require(seen == (1000, 0, "770"), f"/data is {seen}")
    return "no pip in it; /data is for group 0"


CHECKS: Final[tuple[Callable[[House], str], ...]] = (
    check_contents,
    check_users,
    check_read_only,
    check_stop,
    check_volumes,
    check_keys,
    check_health,
    check_space,
)


def main() -> int:
    """Build and check; 0 when all is well."""
    missing = containers.find_missing()
    if missing:
        say(f"cannot check the image here: {missing}")
        return 1
    began = time.monotonic()
    try:
        containers.prepare_base()
        began = time.monotonic()
        _check_all()
    except (AssertionError, ToolError, TrialError, OSError, subprocess.TimeoutExpired) as error:
        say(f"FAILED: {error}")
        return 1
    finally:
        containers.clean_up()
    say(f"the image is right ({time.monotonic() - began:.0f} s)")
    return 0


def _check_all() -> None:
    image = containers.build("cursor-api-check")
    say(f"built {image.name} from the Dockerfile")
    with tempfile.TemporaryDirectory(prefix="image-check-") as name:
        folder = Path(name)
        # The users of containers pass through it.
        folder.chmod(0o755)
        (folder / "simulator").mkdir()
        command = [str(ROOT / ".venv/bin/cursor-api"), "simulate", "--port", "0"]
        with programs.running(command, folder / "simulator") as simulator:
            house = House(image, simulator.url, folder)
            for check in CHECKS:
                say(f"- {check(house)}")


if __name__ == "__main__":
    sys.exit(main())
