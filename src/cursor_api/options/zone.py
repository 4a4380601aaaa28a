"""The time zone of this machine, by its IANA name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cursor_api.options.kinds import is_zone

# Below such a folder the path is the name: /usr/share/zoneinfo on Linux, /var/db/timezone/zoneinfo
# on macOS, with "posix" or "uclibc" in between on some systems.
_DATABASE = "/zoneinfo/"
_NAME_LENGTH_MAX = 64


def find_machine_zone(environ: Mapping[str, str], root: Path = Path("/")) -> str | None:
    """The name of the machine's time zone, None where it cannot be known.

    Asked in the C library's order: TZ, then /etc/localtime; then Debian's /etc/timezone, which
    has the name where /etc/localtime is a copy. `root` is where the file system begins.
    """
    named = environ.get("TZ", "").removeprefix(":")
    if named:
        name = named.rpartition(_DATABASE)[2]
        # Set to a rule like "CST-8" it has no name, and the files say nothing about it.
        return name if is_zone(name) else None
    for name in (_linked(root / "etc/localtime"), _written(root / "etc/timezone")):
        if name and is_zone(name):
            return name
    return None


def _linked(path: Path) -> str:
    try:
        target = path.readlink().as_posix()
    except OSError:
        return ""
    return target.rpartition(_DATABASE)[2].removeprefix("posix/") if _DATABASE in target else ""


def _written(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            return file.readline(_NAME_LENGTH_MAX).strip()
    except (OSError, UnicodeDecodeError):
        return ""
