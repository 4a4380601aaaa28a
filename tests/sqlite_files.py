"""Harm to SQLite files."""

from __future__ import annotations

from pathlib import Path

PAGE_BYTES = 4096


def torn(path: Path) -> None:
    """Every page but the first is overwritten, as by a disk that has lost its mind."""
    data = path.read_bytes()
    assert len(data) > PAGE_BYTES
    path.write_bytes(data[:PAGE_BYTES] + b"\xee" * (len(data) - PAGE_BYTES))
