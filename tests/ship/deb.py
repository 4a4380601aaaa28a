"""The Debian package, built from the lock; and tried: `make deb`, `make deb-check`.

The trial is a small Debian of its own that boots systemd in namespaces: the package is installed,
the service started as its unit says, hardened as that is, and everything is taken out again.
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final

from tests.ship.tools import ROOT, TOOLS, ToolError, run, say

BUILT: Final = ROOT / "build" / "deb"
LIBRARY: Final = "/usr/lib/cursor-api"
# What is fetched is kept here, so that the next check takes half a minute.
STORE: Final = Path(os.environ.get("IMAGE_STORE", "/var/tmp/cursor-api-images"))  # noqa: S108
MIRROR: Final = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
# The release whose Python is the lock's oldest.
SUITE: Final = "bookworm"
PACKAGES: Final = "python3,systemd,systemd-sysv,dbus,curl,ca-certificates"
NEEDED: Final = ("debootstrap", "unshare", "nsenter", "dpkg-deb")
SPACES: Final = ("--mount", "--pid", "--cgroup", "--uts", "--ipc", "--net")
EXPOSURE_MAX: Final = 15  # tenths
READY_S_MAX: Final = 60.0
# As docs/operations.md has it, for one command.
AS_THE_SERVICE: Final = (
    *("systemd-run", "--pipe", "--wait", "--quiet", "--collect", "-p", "DynamicUser=yes"),
    *("-p", "User=cursor-api", "-p", "StateDirectory=cursor-api"),
    *("-p", "WorkingDirectory=/var/lib/cursor-api"),
)
KEY: Final = "a-key-for-the-debian-package"
BOOT: Final = """
set -e
mount --bind {root} {root}
cd {root}
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs dev
for name in null zero full random urandom tty; do
  touch dev/$name
  mount --bind /dev/$name dev/$name
done
mkdir dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir -p run/old
pivot_root . run/old
umount -l /run/old
exec /lib/systemd/systemd --unit=multi-user.target
"""


def build() -> Path:
    """Make the package of this checkout for this machine's kind; gives the file."""
    shutil.rmtree(BUILT, ignore_errors=True)
    library = BUILT / "lib"
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", BUILT)
    wheel = next(BUILT.glob("*.whl"))
    install = (sys.executable, "-m", "pip", "install", "-q", "--target", library)
    run(*install, "--require-hashes", "-r", ROOT / "requirements" / "run.txt")
    run(*install, "--no-deps", wheel)
    shutil.rmtree(library / "bin", ignore_errors=True)
    for cache in list(library.rglob("__pycache__")):
        shutil.rmtree(cache)
    # Made once here, as the service may not write there; the files' times do not count then.
    compileall.compile_dir(
        str(library),
        quiet=2,
        stripdir=str(library),
        prependdir=LIBRARY,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
    nfpm = ("package", "-f", "deploy/deb/nfpm.yaml", "-p", "deb", "-t", BUILT)
    run(TOOLS / "nfpm", *nfpm, more=_facts(wheel))
    return next(BUILT.glob("*.deb"))


def _facts(wheel: Path) -> dict[str, str]:
    """What the package's description leaves open."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    author = project["authors"][0]
    major, minor = sys.version_info[:2]
    return {
        "VERSION": wheel.name.split("-")[1],
        "ARCH": run("dpkg", "--print-architecture").strip(),
        "PYTHON": f"{major}.{minor}",
        "NEXT_PYTHON": f"{major}.{minor + 1}",
        "MAINTAINER": f"{author['name']} <{author['email']}>",
        "BUILT": str(BUILT.relative_to(ROOT)),
    }


def find_missing() -> str | None:
    """What keeps this machine from trying it, and what to do; None when nothing does."""
    if os.geteuid() != 0:
        return "trying the package takes root"
    missing = [name for name in NEEDED if shutil.which(name) is None]
    return f"apt-get install --no-install-recommends {' '.join(missing)}" if missing else None


class Machine:
    """A Debian that has booted in namespaces of its own."""

    def __init__(self, root: Path, init: int) -> None:
        self.root = root
        self._init = init

    def run(self, *command: str) -> str:
        """Run a command in there as root; raises ToolError."""
        namespaces = [f"--{name.strip('-')}" for name in SPACES]
        inside = ("nsenter", "--target", str(self._init), *namespaces)
        return run(*inside, *command, seconds=120)

    def wait(self, what: str, is_so: Callable[[], bool]) -> None:
        """Until it is so; raises ToolError."""
        deadline = time.monotonic() + READY_S_MAX
        while not is_so():
            if time.monotonic() > deadline:
                raise ToolError(f"{what}: not within {READY_S_MAX:g} s\n{self.journal()}")
            time.sleep(0.2)

    def journal(self) -> str:
        """What the service has said."""
        return self.run("journalctl", "--no-pager", "-u", "cursor-api", "-o", "cat")

    def state(self) -> str:
        """The service's: active, failed or another."""
        return self.run("systemctl", "show", "-P", "ActiveState", "cursor-api").strip()

    def status(self, path: str, *options: str) -> int:
        """The status of an answer, 0 where nobody listens."""
        url = f"http://127.0.0.1:3000{path}"
        curl = ("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *options, url)
        try:
            return int(self.run(*curl))
        except ToolError:
            return 0


@contextmanager
def booted() -> Iterator[Machine]:
    """A fresh copy of the small Debian, booted; ended and removed afterwards."""
    base = STORE / f"debian-{SUITE}"
    if not base.exists():
        say(f"fetching Debian {SUITE} (first time only) ...")
        STORE.mkdir(parents=True, exist_ok=True)
        part = base.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, part, MIRROR)
        part.rename(base)
    root = STORE / "deb-trial"
    shutil.rmtree(root, ignore_errors=True)
    run("cp", "-a", base, root)
    process = subprocess.Popen(
        ["unshare", *SPACES, "--fork", "--kill-child", "sh", "-c", BOOT.format(root=root)],
        env={"PATH": os.environ["PATH"], "container": "unshare"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    try:
        yield _wait_for_init(process, root)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(root, ignore_errors=True)


def _wait_for_init(process: subprocess.Popen[bytes], root: Path) -> Machine:
    deadline = time.monotonic() + READY_S_MAX
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None and time.monotonic() < deadline:
        for child in children.read_text().split():
            machine = Machine(root, int(child))
            try:
                machine.run("systemctl", "is-system-running", "--wait")
            except ToolError as error:
                # Some of a machine's own units have nothing to do in here.
                if "degraded" not in str(error):
                    continue
            return machine
        time.sleep(0.2)
    raise ToolError("systemd did not boot")


def try_package(package: Path) -> None:
    """Install, start, use, reload, renew, take out; raises ToolError or AssertionError."""
    with booted() as machine:
        shutil.copy(package, machine.root / "tmp")
        say(machine.run("dpkg", "-i", f"/tmp/{package.name}").splitlines()[-1])  # noqa: S108
        _refuses_without_a_key(machine)
        settings = machine.root / "etc" / "cursor-api" / "cursor-api.env"
        settings.write_text(f"AUTH_TOKEN={KEY}\n", encoding="utf-8")
        machine.run("systemctl", "start", "cursor-api")
        machine.wait("serving", lambda: machine.status("/readyz") == 200)
        _serves(machine)
        machine.run("dpkg", "-i", f"/tmp/{package.name}")  # noqa: S108
        assert KEY in settings.read_text(encoding="utf-8"), "an upgrade replaced the settings"
        machine.wait("serving after an upgrade", lambda: machine.status("/readyz") == 200)
        tokens = machine.root / "var" / "lib" / "private" / "cursor-api" / ".token"
        assert "token-of-a-test" in tokens.read_text(encoding="utf-8")
        machine.run("dpkg", "--remove", "cursor-api")
        assert machine.status("/readyz") == 0, "it goes on after its removal"
        assert tokens.exists(), "removing the program removed the tokens"
        machine.run("dpkg", "--purge", "cursor-api")
        assert not tokens.exists()
        assert not settings.exists()
        say("installed, upgraded, removed and purged: as it should be")


def _refuses_without_a_key(machine: Machine) -> None:
    machine.run("systemctl", "start", "cursor-api")
    machine.wait("its refusal", lambda: machine.state() == "failed")
    assert "AUTH_TOKEN" in machine.journal(), machine.journal()
    say("without a key it does not start, and says so")
    machine.run("systemctl", "reset-failed", "cursor-api")


def _serves(machine: Machine) -> None:
    """As its unit has it: a user of its own, its folder, and what it may not."""
    key = ("-H", f"Authorization: Bearer {KEY}")
    added = ("-d", '{"tokens": "me::token-of-a-test"}', "-H", "Content-Type: application/json")
    assert machine.status("/update-tokeninfo", *key, *added) == 200, machine.journal()
    machine.run("systemctl", "reload", "cursor-api")
    machine.wait("a reload", lambda: "credentials reloaded" in machine.journal())
    shown = machine.run("systemctl", "show", "-P", "MainPID", "cursor-api").strip()
    assert "me " in machine.run(*AS_THE_SERVICE, "cursor-api", "token", "list")
    status = machine.run("cat", f"/proc/{shown}/status")
    assert "CapEff:\t0000000000000000" in status, status
    assert "NoNewPrivs:\t1" in status, status
    assert "Uid:\t0" not in status, status
    level = f"--threshold={EXPOSURE_MAX}"
    told = machine.run("systemd-analyze", "security", "--no-pager", level, "cursor-api")
    say(told.strip().splitlines()[-1].strip("→ "))
    say("it serves, saves a token and reloads, hardened as the unit has it")


def main() -> int:
    """`make deb`, or `make deb-check` with --try."""
    package = build()
    say(f"{package.relative_to(ROOT)}: {package.stat().st_size // 1_000_000} MB")
    if "--try" not in sys.argv[1:]:
        return 0
    missing = find_missing()
    if missing is not None:
        say(f"not tried: {missing}")
        return 1
    try:
        try_package(package)
    except (ToolError, AssertionError) as error:
        say(f"FAILED: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
