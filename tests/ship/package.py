"""What would be published to a registry, checked and installed as users do: `make package-check`.

Builds the source archive and the wheel, asks the usual judges of metadata, installs the wheel into
a new environment of every Python that this machine has, runs it with and without the compiled
parts that are not to be had everywhere, and goes through each line by which people install it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.ship.tools import ROOT, TOOLS, ToolError, copy_checkout, run, say
from tests.ship.trial import TrialError, require, try_demo

VERSIONS: Final = ("3.11", "3.12", "3.13", "3.14")
# It has no wheels for Windows and rarer systems.
HIDDEN: Final = ("uvloop",)
SCORE: Final = "10"


def main() -> int:
    """Check everything; 0 when all is well."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="package-check-") as name:
        folder = Path(name)
        try:
            wheel = build(folder / "dist")
            judge(folder / "dist", wheel)
            for python in find_pythons():
                try_python(python, wheel, folder)
            try_ways(wheel, folder)
        except (AssertionError, ToolError, TrialError) as error:
            say(f"FAILED: {error}")
            return 1
    say(f"the package is right ({time.monotonic() - began:.0f} s)")
    return 0


def build(folder: Path) -> Path:
    """Both archives; the wheel made of the source archive is the one made of the checkout."""
    for target in ("sdist", "wheel"):
        run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder)
    (archive,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    with tarfile.open(archive) as tar:
        tar.extractall(folder.parent / "unpacked", filter="data")
    (unpacked,) = (folder.parent / "unpacked").iterdir()
    again = folder.parent / "again"
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", again, cwd=unpacked)
    (other,) = again.glob("*.whl")
    require(files_of(wheel) == files_of(other), "the wheel of the source archive is another one")
    say(f"built {archive.name} ({archive.stat().st_size // 1024} KiB) and {wheel.name}")
    return wheel


def files_of(wheel: Path) -> dict[str, int]:
    """The names in a wheel, each with its checksum."""
    with zipfile.ZipFile(wheel) as archive:
        return {one.filename: one.CRC for one in archive.infolist()}


def judge(dist: Path, wheel: Path) -> None:
    """The usual judges of what a registry gets, each with its full marks."""
    (archive,) = dist.glob("*.tar.gz")
    told = run(TOOLS / "pyroma", "--min", SCORE, archive)
    rating = re.search(r"Final rating: (\d+)/10", told)
    require(rating is not None and rating[1] == SCORE, told)
    run(TOOLS / "twine", "check", "--strict", archive, wheel)
    run(TOOLS / "check-wheel-contents", wheel)
    say("pyroma 10/10, twine check --strict, check-wheel-contents: no complaint")


def find_pythons() -> Iterator[Path]:
    """Of each version the first that runs; PYTHONS may name more, with blanks between."""
    more = [Path(one) for one in os.environ.get("PYTHONS", "").split()]
    for version in VERSIONS:
        pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python3"))
        for python in (*more, Path(f"/usr/bin/python{version}"), *pyenv, _which(version)):
            if python is not None and _is_version(python, version):
                yield python
                break
        else:
            say(f"Python {version}: not on this machine, skipped")


def _which(version: str) -> Path | None:
    found = shutil.which(f"python{version}")
    return Path(found) if found else None


def _is_version(python: Path, version: str) -> bool:
    """Whether it runs and can make environments: what pyenv puts in its place may do neither."""
    program = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        return run(python, "-c", program, seconds=20).strip() == version
    except (ToolError, OSError):
        return False


def try_python(python: Path, wheel: Path, folder: Path) -> None:
    """Install the wheel as a user would, run it, then once more without compiled extras."""
    name = run(python, "-c", "import platform; print(platform.python_version())").strip()
    place = folder / name
    run(TOOLS / "uv", "venv", "-q", "--python", python, place)
    locked = ("-c", ROOT / "requirements" / "run.txt")
    run(TOOLS / "uv", "pip", "install", "-q", "--python", place / "bin" / "python", *locked, wheel)
    command = [str(place / "bin" / "cursor-api")]
    say(f"Python {name}: {try_demo(command, place)}")
    run(TOOLS / "uv", "pip", "uninstall", "-q", "--python", place / "bin" / "python", *HIDDEN)
    say(f"Python {name} without {' and '.join(HIDDEN)}: {try_demo(command, place)}")


def try_ways(wheel: Path, folder: Path) -> None:
    """Each line of README and docs/install.md that installs from a checkout or the registry."""
    checkout = copy_checkout(folder / "checkout")
    home = folder / "home"
    home.mkdir()
    own = {
        "PIPX_HOME": str(home / "pipx"),
        "PIPX_BIN_DIR": str(home / "bin"),
        "UV_TOOL_DIR": str(home / "uv"),
        "UV_TOOL_BIN_DIR": str(home / "uv-bin"),
    }
    run(TOOLS / "pipx", "install", "--quiet", ".", cwd=checkout, more=own)
    say(f"pipx install .: {try_demo([str(home / 'bin' / 'cursor-api')], home)}")
    run(TOOLS / "uv", "tool", "install", "-q", ".", cwd=checkout, more=own)
    say(f"uv tool install .: {try_demo([str(home / 'uv-bin' / 'cursor-api')], home)}")
    run(TOOLS / "uv", "sync", "-q", "--python", sys.executable, cwd=checkout)
    command = [str(TOOLS / "uv"), "run", "--project", str(checkout), "cursor-api"]
    say(f"uv sync, uv run cursor-api: {try_demo(command, home, machine_settings())}")
    # The registry's form, with the wheel in place of the name: nothing is published yet.
    for way in (("uvx", "--from"), ("pipx", "run", "--spec")):
        command = [str(TOOLS / way[0]), *way[1:], str(wheel), "cursor-api"]
        run(*command, "--version", more=own)
        name = " ".join(word for word in way if not word.startswith("-"))
        say(f"{name} cursor-api: {try_demo(command, home, {**machine_settings(), **own})}")


def machine_settings() -> dict[str, str]:
    """What tells installers of this machine's registry and certificates."""
    prefixes = ("PIP_", "UV_", "SSL_", "REQUESTS_")
    return {name: text for name, text in os.environ.items() if name.startswith(prefixes)}


if __name__ == "__main__":
    sys.exit(main())
