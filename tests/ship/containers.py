"""Images built and containers run without a container engine: Debian's buildah and runc, as root.

What an engine does, this does from the image's own configuration: its user, environment, command
and folder; a volume has the owner and the rights that the image gives the folder. The network is
the machine's, so that a container is asked at 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.ship.tools import ROOT, ToolError, run, say

# What is fetched is kept here, so that the next check takes a minute.
STORE: Final = Path(os.environ.get("IMAGE_STORE", "/var/tmp/cursor-api-images"))  # noqa: S108
MIRROR: Final = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
NEEDED: Final = ("buildah", "runc", "debootstrap")
# The name in the Dockerfile; here it stands for Debian with its own Python, which has the version.
BASE: Final = "python:3.13-slim"
SUITE: Final = "trixie"
STOP_S_MAX: Final = 30.0


def find_missing() -> str | None:
    """What keeps this machine from it, and what to do; None when nothing does."""
    if os.geteuid() != 0:
        return "building and running images without an engine takes root"
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        return f"apt-get install --no-install-recommends {' '.join(missing)}"
    return None


def buildah(*words: str | Path) -> str:
    """Run buildah on a store of its own."""
    stores = ("--root", STORE / "root", "--runroot", STORE / "run")
    return run("buildah", *stores, *words)


def prepare_base() -> None:
    """Make the base image, where it is not there yet: two minutes, and 80 MB to fetch."""
    STORE.mkdir(parents=True, exist_ok=True)
    if BASE in buildah("images", "--format", "{{.Name}}:{{.Tag}}"):
        return
    say(f"making the base image from Debian {SUITE} (first time only) ...")
    root = STORE / "debian"
    shutil.rmtree(root, ignore_errors=True)
    packages = "python3,python3-venv,ca-certificates"
    run("debootstrap", "--variant=minbase", f"--include={packages}", SUITE, root, MIRROR)
    (root / "usr" / "local" / "bin" / "python").symlink_to("/usr/bin/python3")
    # As in the image that has the name: a pip that the Dockerfile has to get rid of.
    pip = root / "usr" / "local" / "lib" / "python3.13" / "dist-packages" / "pip"
    pip.mkdir(parents=True)
    (pip / "__main__.py").write_text("print('a pip that should be gone')\n", encoding="utf-8")
    container = buildah("from", "scratch").strip()
    buildah("add", "-q", container, root, "/")
    buildah("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container)
    buildah("commit", "-q", container, BASE)
    buildah("rm", container)
    shutil.rmtree(root)


@dataclass(frozen=True, slots=True)
class Image:
    """An image that was built here. `config` is its own configuration, as an engine reads it."""

    name: str
    root: Path
    config: Mapping[str, Any] = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that it sets."""
        return dict(one.split("=", 1) for one in self.config["Env"])

    @property
    def user(self) -> tuple[int, int]:
        """Who it runs as, by numbers; ValueError where it says a name."""
        uid, _, gid = str(self.config["User"]).partition(":")
        return int(uid), int(gid)


def build(name: str, context: Path = ROOT, file: str = "Dockerfile", **arguments: str) -> Image:
    """Build a Dockerfile as it stands, with this machine's registry and certificates."""
    words: list[str | Path] = ["--isolation", "chroot", "--pull-never", "--format", "docker"]
    for source in _machine_files():
        words += ["--volume", f"{source}:{source}:ro"]
    for argument, text in arguments.items():
        words += ["--build-arg", f"{argument}={text}"]
    buildah("bud", "-q", *words, "-t", name, "-f", context / file, context)
    shown = json.loads(buildah("inspect", "--type", "image", name))
    container = buildah("from", "--pull-never", name).strip()
    root = Path(buildah("mount", container).strip())
    return Image(name, root, shown["Docker"]["config"])


def clean_up() -> None:
    """Let go of all containers; images stay for the next time."""
    buildah("rm", "--all")


def _machine_files() -> Iterator[str]:
    """What tells pip of this machine's certificates and registry."""
    for name in ("/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf"):
        if Path(name).is_file():
            yield name


@dataclass(frozen=True, slots=True)
class Wish:
    """How to start a container: what `docker run` has options for."""

    environment: Mapping[str, str] = field(default_factory=dict)
    # None: the image's own.
    user: tuple[int, int] | None = None
    is_read_only: bool = False
    # A folder in the container by the one of the machine that is mounted there.
    volumes: Mapping[Path, str] = field(default_factory=dict)
    command: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Container:
    """One that runs."""

    name: str
    output: Path
    process: subprocess.Popen[bytes]
    image: Image

    def said(self) -> str:
        """What it has written."""
        return self.output.read_text(encoding="utf-8")

    def do(self, *command: str) -> str:
        """Run a command in it, as its user; raises ToolError where it fails."""
        return _runc("exec", self.name, *command)

    def check_health(self) -> bool:
        """What the image's health check says; True where it has none, as an engine takes it."""
        test = self.image.config.get("Healthcheck", {}).get("Test", ["CMD", "true"])
        try:
            self.do(*test[1:])
        except ToolError:
            return False
        return True

    def stop(self) -> int:
        """SIGTERM to process 1, as an engine does; its exit status."""
        _runc("kill", self.name, "TERM")
        return self.process.wait(STOP_S_MAX)


@contextlib.contextmanager
def running(image: Image, wish: Wish, folder: Path) -> Iterator[Container]:
    """Start a container and end it afterwards."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(_specify(image, wish)), encoding="utf-8")
    name = f"cursor-api-{os.getpid()}-{folder.name}"
    output = folder / "output.txt"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            ["runc", "--root", STORE / "runc", "run", "--bundle", folder, name],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Container(name, output, process, image)
    finally:
        if process.poll() is None:
            with contextlib.suppress(ToolError):
                _runc("kill", name, "KILL")
        process.wait()


def wait_for(container: Container, text: str, seconds: float = 30.0) -> str:
    """What it has said, once the text is in it. Raises ToolError when it never is."""
    deadline = time.monotonic() + seconds
    while text not in (said := container.said()):
        if container.process.poll() is not None or time.monotonic() > deadline:
            raise ToolError(f"it never said {text!r}:\n{said}")
        time.sleep(0.05)
    return said


def make_volume(image: Image, folder: Path, target: str = "/data") -> Path:
    """What an engine makes of a new named volume: the image's folder, its owner and rights."""
    source = image.root / target.removeprefix("/")
    folder.mkdir()
    status = source.stat()
    os.chown(folder, status.st_uid, status.st_gid)
    folder.chmod(status.st_mode & 0o7777)
    return folder


def _runc(*words: str) -> str:
    return run("runc", "--root", STORE / "runc", *words)


@functools.cache
def _plain_spec() -> str:
    """What runc itself proposes."""
    folder = STORE / "spec"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run("runc", "spec", cwd=folder)
    return (folder / "config.json").read_text(encoding="utf-8")


def _specify(image: Image, wish: Wish) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(_plain_spec())
    uid, gid = wish.user or image.user
    files_max = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    environment = {**image.environment, **wish.environment}
    spec["process"] |= {
        "terminal": False,
        "user": {"uid": uid, "gid": gid},
        "args": list(wish.command or image.config["Cmd"]),
        "env": [f"{name}={text}" for name, text in environment.items()],
        "cwd": image.config["WorkingDir"] or "/",
        "noNewPrivileges": True,
        "capabilities": {},
        # As engines have it: what the machine allows. runc's own 1,024 is too few for a server.
        "rlimits": [{"type": "RLIMIT_NOFILE", "hard": files_max, "soft": files_max}],
    }
    spec["root"] = {"path": str(image.root), "readonly": wish.is_read_only}
    if wish.is_read_only:
        options = ["nosuid", "nodev", "mode=1777", "size=64m"]
        spec["mounts"].append(
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": options}  # noqa: S108
        )
    for source, target in wish.volumes.items():
        spec["mounts"].append(
            {
                "destination": target,
                "type": "bind",
                "source": str(source),
                "options": ["rbind", "rw"],
            }
        )
    # The machine's own network, and no cgroup of its own, which nothing here needs.
    spec["linux"]["namespaces"] = [
        one for one in spec["linux"]["namespaces"] if one["type"] not in {"network", "cgroup"}
    ]
    spec["mounts"] = [one for one in spec["mounts"] if one["type"] != "cgroup"]
    return spec
