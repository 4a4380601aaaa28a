"""Which versions of the agents are pinned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).with_name("package.json")
LOCK: Final = Path(__file__).with_name("package-lock.json")


def pinned_versions() -> dict[str, str]:
    """By the package's name."""
    versions: dict[str, str] = json.loads(PACKAGE.read_text(encoding="utf-8"))["dependencies"]
    return versions
