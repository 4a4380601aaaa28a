"""A tool that takes any text, told to an upstream whose tools take objects: the text in a field."""

from __future__ import annotations

from typing import Final

import msgspec

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.wire.json_lenient import find_value

SCHEMA: Final = (
    b'{"type":"object","properties":{"input":{"type":"string",'
    b'"description":"What the tool is given."}},"required":["input"]}'
)


# Of one call, such as a patch of many files.
FREE_TEXT_BYTES_MAX: Final = 8 << 20


class _GrammarIn(msgspec.Struct, gc=False):
    """`syntax` is `lark` or `regex`. Chat completions have it one level deeper than responses."""

    syntax: str = ""
    definition: str = ""


class _FormatIn(_GrammarIn, gc=False):
    grammar: _GrammarIn | None = None


class _Arguments(msgspec.Struct):
    input: str


_FORMAT: Final = msgspec.json.Decoder(_FormatIn)
_decode = msgspec.json.Decoder(_Arguments).decode


def describe_tool(description: str, form: msgspec.Raw) -> str:
    """A tool's description with the form of its text: no upstream here is held to a grammar."""
    given = find_value(_FORMAT, form)
    grammar = given and (given.grammar or given)
    if not grammar or not grammar.definition:
        return description
    told = f"What the tool is given has to match this {grammar.syntax} grammar:\n"
    return f"{description}\n\n{told}{grammar.definition}".lstrip()


def read_free_text(arguments: bytes) -> str:
    """The text in arguments of this form; of any other, which the model made up, all of it."""
    try:
        return _decode(arguments).input
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return arguments.decode(errors="replace")


def hold_free_text(held: bytearray, piece: str) -> None:
    """Add a piece of such arguments to what has come; raises Fault for more than are held."""
    held += piece.encode()
    if len(held) > FREE_TEXT_BYTES_MAX:
        raise Fault(
            FaultKind.PROTOCOL_ERROR,
            f"The upstream calls a tool with more than {FREE_TEXT_BYTES_MAX >> 20} MiB of text.",
        )


def write_free_text(text: str) -> dict[str, str]:
    """The arguments that have this text."""
    return {"input": text}
