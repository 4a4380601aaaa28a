"""Building the wheel, and an environment that holds it and what it is locked to, nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND_S_MAX = 120.0  # pip on a machine whose other core is busy

_PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
_LOCKED = re.compile(r"^([\w.-]+)==", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the wheel in it."""

    folder: Path

    @property
    def command(self) -> str:
        """The command that the wheel brings."""
        return str(self.folder / "bin" / "cursor-api")

    @property
    def python(self) -> str:
        """The environment's Python."""
        return str(self.folder / "bin" / "python")

    @property
    def site(self) -> Path:
        """Where the wheel and its dependencies are."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.folder / "lib" / version / "site-packages"


def build_wheel(folder: Path) -> Path:
    """Build the repository's wheel into the folder, with nothing from a network."""
    _run(*_PIP, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Installed:
    """A new environment with the wheel and the dependencies that it is locked to.

    The dependencies are links into this environment, one for each name that they bring: quicker
    than installing them again, and a package that only the tests need stays invisible.
    """
    _run(sys.executable, "-m", "venv", "--without-pip", folder)
    installed = Installed(folder)
    _run(*_PIP, "--python", installed.python, "install", "--no-deps", "--no-index", wheel)
    for source in locked_files():
        (installed.site / source.name).symlink_to(source)
    return installed


def locked_files() -> Iterator[Path]:
    """Everything that the locked dependencies have put into this environment's folder."""
    locked = _LOCKED.findall((ROOT / "requirements" / "run.txt").read_text(encoding="utf-8"))
    for name in locked:
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # not for this platform
        tops = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
        yield from (Path(str(distribution.locate_file(top))) for top in sorted(tops))


def _run(*command: str | Path) -> None:
    """Run a tool; its complaints are the test's."""
    # Without the settings of the person who runs the tests: an index or a user's own packages.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
    result = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=COMMAND_S_MAX,
        env=environment,
        cwd=ROOT,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
