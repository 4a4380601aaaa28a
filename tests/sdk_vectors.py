"""Frames that the genuine bridge 1.1.0 sent, by the name of their sequence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cursor_api.wire.connect import encode_end_stream, encode_envelope

FILE = Path(__file__).parent / "vectors" / "sdk_bridge.json"
_LOADED: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
SEQUENCES: tuple[str, ...] = tuple(_LOADED["sequences"])


def frames_of(name: str) -> list[dict[str, Any]]:
    """The items of the first sequence whose name begins so, without its end."""
    found = next(key for key in SEQUENCES if key.startswith(name))
    frames: list[dict[str, Any]] = _LOADED["sequences"][found]
    return frames


def bytes_of(name: str) -> bytes:
    """The same as they travel, with their end."""
    items = [encode_envelope(json.dumps(item).encode()) for item in frames_of(name)]
    return b"".join(items) + encode_end_stream()
