"""Where the bridge's program is: in the package `cursor-sdk`, or where a setting says.

The package is never imported. It carries Node and the bridge, and nothing else of it is used.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import sysconfig
from pathlib import Path
from typing import Final, NamedTuple

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.said import fill, tell

PACKAGE: Final = "cursor_sdk"
REQUIREMENT: Final = "cursor-sdk>=1.1,<2"

NOT_INSTALLED: Final = tell(
    "Cursor's official way needs the package cursor-sdk, which is not installed. The operator can"
    ' install it into the gateway\'s Python environment: pip install "{requirement}"',
    requirement=REQUIREMENT,
)
NO_PACKAGE_FOR_MUSL: Final = tell(
    "Cursor's official way needs the package cursor-sdk, which Cursor does not make for systems"
    " with musl, such as Alpine. The operator can run the gateway on a system with glibc, such as"
    " Debian, or attach it to a bridge that runs elsewhere (CURSOR_SDK_BRIDGE_URL)."
)
INCOMPLETE_PACKAGE: Final = tell(
    "The installed package cursor-sdk has no bridge in it. The operator can install it again:"
    ' pip install --force-reinstall "{requirement}"',
    requirement=REQUIREMENT,
)
NO_PROGRAM: Final = tell(
    "CURSOR_SDK_BRIDGE_BIN names {path}, which is not a program that can be run."
)


class BridgeProgram(NamedTuple):
    """How to start a bridge. `root` has all of its files, `executable` is what runs."""

    argv: tuple[str, ...]
    root: Path
    executable: Path


def find_program(bridge_bin: Path | None = None) -> BridgeProgram:
    """The program of the setting, else that of the package; raises Fault that says what to do."""
    if bridge_bin is None:
        program = _of_folder(_find_package() / "_vendor" / "bridge")
        if program is None:
            raise Fault(FaultKind.UNREACHABLE, INCOMPLETE_PACKAGE)
        return program
    path = bridge_bin.resolve()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise Fault(FaultKind.UNREACHABLE, fill(NO_PROGRAM, path=bridge_bin))
    # The script of Cursor's archives leaves a shell behind that does not pass signals on.
    return _of_folder(path.parent.parent) or BridgeProgram((str(path),), path.parent, path)


def _find_package() -> Path:
    importlib.invalidate_caches()
    spec = importlib.util.find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        is_musl = "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "")
        raise Fault(FaultKind.UNREACHABLE, NO_PACKAGE_FOR_MUSL if is_musl else NOT_INSTALLED)
    return Path(folders[0])


def _of_folder(root: Path) -> BridgeProgram | None:
    """What is started in a folder that is laid out as Cursor's archives are; None for another."""
    node = root / "bin" / ("node.exe" if sys.platform == "win32" else "node")
    script = root / "dist" / "bin" / "cursor-sdk-bridge.js"
    if not node.is_file() or not script.is_file():
        return None
    return BridgeProgram((str(node), str(script)), root, node)
