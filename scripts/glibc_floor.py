"""The oldest glibc that an executable runs with: `python scripts/glibc_floor.py WORK_FOLDER`.

The newest symbol version that any part asks for, the loader and Python's library included.
"""

import ast
import re
import sys
from pathlib import Path

VERSION = re.compile(rb"GLIBC_2\.(\d+)")


def find_floor(files: list[Path]) -> int:
    """The minor version of glibc 2 that all of them need; 0 where none needs any."""
    return max((int(v) for one in files for v in VERSION.findall(one.read_bytes())), default=0)


def read_parts(folder: Path) -> list[Path]:
    """The compiled files that PyInstaller has put into the executable, by its own list."""
    text = (folder / "PKG-00.toc").read_text(encoding="utf-8")
    return [
        Path(part[1])
        for value in ast.literal_eval(text)
        if isinstance(value, list)
        for part in value
        if part[2] in {"BINARY", "EXTENSION"}
    ]


if __name__ == "__main__":
    sys.stdout.write(f"needs glibc 2.{find_floor(read_parts(Path(sys.argv[1])))} or newer\n")
