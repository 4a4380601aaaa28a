"""Where the repository is and which files belong to it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What a checkout without git (an unpacked archive) may hold besides its own files.
NOT_OURS = {"node_modules", "build", "dist", "__pycache__", "peers"}


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout's folder."""
    return ROOT


@pytest.fixture(scope="session")
def tracked_files() -> list[Path]:
    """Every file that is, or is about to be, part of the repository."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return sorted(path for path in ROOT.rglob("*") if path.is_file() and _is_ours(path))
    names = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return sorted(ROOT / name for name in names if name and (ROOT / name).is_file())


def _is_ours(path: Path) -> bool:
    """No file in a hidden folder or in one that a tool fills."""
    folders = path.relative_to(ROOT).parent.parts
    return not any(folder in NOT_OURS or folder.startswith(".") for folder in folders)
