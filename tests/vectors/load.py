"""Golden bytes: each file says where its facts come from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def load(name: str) -> Any:
    """The content of `<name>.json` in this folder."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Answer:
    """A whole StreamChat answer: its bytes, and what a reader must find in them."""

    data: bytes
    payloads: tuple[bytes, ...]  # inflated, the end-of-stream last
    texts: tuple[str, ...]


def answer() -> Answer:
    """The answer of `answer.json`."""
    content = load("answer")
    return Answer(
        bytes.fromhex("".join(content["hex"])),
        tuple(bytes.fromhex(payload) for payload in content["payloads_hex"]),
        tuple(content["texts"]),
    )
