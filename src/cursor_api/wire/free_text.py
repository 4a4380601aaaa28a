"""A tool that takes any text, told to an upstream whose tools take objects: the text in a field."""

from __future__ import annotations

from typing import Final

import msgspec

SCHEMA: Final = (
    b'{"type":"object","properties":{"input":{"type":"string",'
    b'"description":"What the tool is given."}},"required":["input"]}'
)


class _Arguments(msgspec.Struct):
    input: str


_decode = msgspec.json.Decoder(_Arguments).decode


def read_free_text(arguments: bytes) -> str:
    """The text in arguments of this form; of any other, which the model made up, all of it."""
    try:
        return _decode(arguments).input
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return arguments.decode(errors="replace")


def write_free_text(text: str) -> dict[str, str]:
    """The arguments that have this text."""
    return {"input": text}
