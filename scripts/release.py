"""The next release, from the version in the package and the fragments of the changelog.

    python -m scripts.release          shows what would be written, and writes nothing
    python -m scripts.release --write  writes CHANGELOG.md and removes the fragments

Nothing is committed, tagged or sent anywhere: that is for a person, and the last lines say how.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from cursor_api import __version__

ROOT: Final = Path(__file__).parents[1]
# A final version, or one of a candidate.
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+(?:rc\d+)?")
_RELEASED: Final = re.compile(r"^## (\S+) \(", re.MULTILINE)


def main() -> int:
    """Show or write it; 1 where there is nothing to release."""
    parser = argparse.ArgumentParser(prog="python -m scripts.release")
    parser.add_argument("--write", action="store_true", help="write CHANGELOG.md")
    is_write = parser.parse_args().write
    problem = find_problem(__version__, ROOT)
    if problem:
        sys.stderr.write(f"error: {problem}\n")
        return 1
    today = dt.datetime.now(dt.UTC).date().isoformat()
    mode = "--yes" if is_write else "--draft"
    towncrier = [sys.executable, "-m", "towncrier", "build", mode, "--version", __version__]
    status = subprocess.run([*towncrier, "--date", today], cwd=ROOT, check=False).returncode
    if status == 0:
        sys.stdout.write(_next_steps(is_write=is_write))
    return status


def find_problem(version: str, root: Path) -> str | None:
    """Why this version cannot be released; None when it can."""
    if not _VERSION.fullmatch(version):
        return f"{version} is no version of a release; set __version__ in cursor_api/__init__.py"
    released = _RELEASED.findall((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    if version in released:
        return f"{version} is released already; raise __version__ in cursor_api/__init__.py"
    fragments = [path for path in (root / "changelog.d").glob("*.md") if path.name != "README.md"]
    if not fragments:
        return "changelog.d has no fragment: nothing that a user can notice has changed"
    return None


def _next_steps(*, is_write: bool) -> str:
    if not is_write:
        return "\nNothing was written. To write it: make release WRITE=yes\n"
    return (
        f"\nWritten. Read CHANGELOG.md, commit it as `Release {__version__}`, and tag the commit"
        f" v{__version__}; the workflow `release` makes the rest of the tag.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
