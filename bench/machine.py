"""The facts about this machine and its software that a reader of the figures needs."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import psutil

from bench import peers
from bench.subjects import ROOT

LIBRARIES = ("uvicorn", "uvloop", "httptools", "aiohttp", "msgspec", "starlette")


def _cpu_model() -> str:
    with Path("/proc/cpuinfo").open() as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _revision() -> str:
    """The commit measured, and whether the tree differed from it."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "src", "bench")
        return git("rev-parse", "--short", "HEAD") + (" with changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "not a checkout"


def _library_versions() -> str:
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


class Bystanders:
    """How much of the processors others used since this was made."""

    def __init__(self) -> None:
        self._busy_s, self._ours_s, self._began = _busy_s(), _ours_s(), time.monotonic()

    def share(self) -> float:
        """0 to 1; only what we started and have ended by now counts as ours."""
        busy_s, ours_s = _busy_s() - self._busy_s, _ours_s() - self._ours_s
        available_s = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        return min(1.0, max(0.0, (busy_s - ours_s) / available_s))


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))


def _ours_s() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def facts() -> dict[str, str]:
    """Name -> value, in the order to be shown. No names of hosts or people."""
    memory_gb = psutil.virtual_memory().total / 1e9
    kernel = ".".join(platform.release().split("-")[0].split(".")[:2])
    found = {
        "processor": f"{_cpu_model()}, {os.cpu_count()} cores",
        "memory": f"{memory_gb:.0f} GB",
        "system": f"{platform.system()} {kernel}, {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": _library_versions(),
        "revision": _revision(),
    }
    try:
        found["Node.js (for Portkey)"] = peers.node_version()
    except (peers.PeerMissingError, OSError, subprocess.SubprocessError):
        found["Node.js (for Portkey)"] = "none"
    if sys.platform == "linux":
        found["C library"] = " ".join(platform.libc_ver())
    return found
