"""A folder that is a Hugging Face Space: `python -m scripts.space FOLDER`.

What is in deploy/huggingface, and beside it what its Dockerfile installs: the wheel of this
checkout and the lock of what it needs. A Space is a git repository: push the folder as it is.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PARTS: Final = (
    "deploy/huggingface/Dockerfile",
    "deploy/huggingface/README.md",
    "requirements/nodes.txt",
    "requirements/run.txt",
)


def make_space(folder: Path) -> Path:
    """Put it together in a folder, which is emptied of wheels; gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.whl"):
        old.unlink()
    for part in PARTS:
        shutil.copy(ROOT / part, folder)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    subprocess.run([*build, "-d", folder.absolute()], cwd=ROOT, check=True, capture_output=True)
    return folder


def main() -> int:
    """Make it where the command line says."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):  # noqa: PLR2004 - itself and one word
        sys.stderr.write(f"{__doc__}")
        return 2
    folder = make_space(Path(sys.argv[1]))
    sys.stdout.write(f"{folder} is a Space; docs/huggingface.md says how to push it.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
