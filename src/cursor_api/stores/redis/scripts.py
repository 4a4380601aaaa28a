"""The Lua that stands in files: each script, with what several of them begin with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from msgspec import Struct

_FOLDER: Final = Path(__file__).with_name("lua")


class Script(Struct, frozen=True):
    """One; `sha` is what the server calls it."""

    name: str
    text: str
    sha: str


def read_script(name: str, begin: str = "counters") -> Script:
    """The one of `lua/<name>.lua`, after another one, or "" for none."""
    names = filter(None, (begin, name))
    parts = [(_FOLDER / f"{one}.lua").read_bytes() for one in names]
    text = b"".join(parts).replace(b"\r\n", b"\n").decode()
    # The server's name for it, and no secret.
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
