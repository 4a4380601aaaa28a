"""How a module of this package is run as a program apart, by the Python that runs the gateway.

An executable that is one file (`sys.frozen`) has no Python beside it and unpacks itself when it is
started: it is told the module's name, and where it is unpacked already, so that this is not done
again and no process of its own stands between the gateway and the program.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Final

# What the executable's entry (scripts/executable.py) looks for.
RUN_MODULE: Final = "--run-module"
# Of PyInstaller's loader.
_UNPACKED: Final = "_PYI_"


def is_one_file() -> bool:
    """Whether this gateway is an executable that holds its own Python."""
    return bool(getattr(sys, "frozen", False))


def own_program(module: str, file: str, *flags: str) -> tuple[str, ...]:
    """The command that runs a module; its file and Python's flags count where there is a Python."""
    if is_one_file():
        return (sys.executable, RUN_MODULE, module)
    return (sys.executable, *flags, file)


def own_environment() -> Mapping[str, str]:
    """What such a program's environment needs, whatever else is kept from it; mostly nothing."""
    if not is_one_file():
        return {}
    return {name: text for name, text in os.environ.items() if name.startswith(_UNPACKED)}
