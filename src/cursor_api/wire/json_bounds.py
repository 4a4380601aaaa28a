r"""How deeply a JSON text nests and how much it holds, found out before it is decoded.

Rules of this file:
- Work on a large text is a generator that stops after each slice of it: whoever drives it has
  other callers, too. What it returns, or the Fault it raises, is the result.
- Brackets inside strings do not count. To be right about that only well-formed escapes are
  needed, and the decoder stops at the first that is not, so that nothing nests behind it.
- Only bytes methods touch the text: they cost a quarter of a nanosecond a byte where a regular
  expression costs ten.
- Commas between values are told from those in texts only where there are more than could be
  between values: few requests have so many.

What each step makes of `{"a\"[":[{"b":[]}],"c":{}}`, where a string holds an escaped quote and a
bracket that is none. In between a quote is an `a`; an opening bracket is shown as `(` here and a
closing one as `)`, for `'` and `"`, which they are in the code, are hard to read.

    (a\a(a((aba()))aa())    only quotes, brackets and what escapes consist of are kept
    (a(a((aa()))aa())       escapes are taken away, then all other letters
    (a(a((()))())           so are strings in which no bracket stands
    ( and ((()))())         cut at the quotes, every second piece is inside a string and goes
    (((()))())              5 containers; each `()` is taken away together with its like, and
    ((())) → (()) → () →    that can be done four times: the depth is 4
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import accumulate
from typing import Final

from msgspec import Struct

from cursor_api.domain.errors import Fault, invalid_request
from cursor_api.options.kinds import whole
from cursor_api.options.setting import setting

# What is looked at in one go, a quarter of a millisecond's work, of the worst kind three. Requests
# without images are smaller.
SLICE_BYTES: Final = 128 * 1024

DEPTH_CODE: Final = "json_above_max_depth"
CONTAINERS_CODE: Final = "json_above_max_containers"
VALUES_CODE: Final = "json_above_max_values"

# What is kept of a text: quotes, brackets, backslashes, and what may follow a backslash; without
# the last, `\n"` would become `\"`. Braces count as brackets: which belong together the decoder
# finds out. Each is spelled as a character that may follow a backslash in Python as well, so that
# its codec takes all that is escaped away in one go: a quote as `a`, an opening bracket as `'`, a
# closing one as `"`; where commas are looked for, they are kept in place of brackets, as `v`.
_ESCAPED: Final = b"\\/bfnrtu"
_DROPPED: Final = bytes(set(range(256)) - set(b'"[]{}' + _ESCAPED))
_SPELLED: Final = bytes.maketrans(b'"[{]}/u', b"a''\"\"ff")
_DROPPED_FOR_COMMAS: Final = bytes(set(range(256)) - set(b'",' + _ESCAPED))
_COMMAS_SPELLED: Final = bytes.maketrans(b'",/u', b"avff")
_QUOTE: Final = b"a"
_COMMA: Final = b"v"
_NOT_STRUCTURE: Final = bytes(set(range(256)) - set(b"a'\"v"))
_PAIR: Final = b"'\""
# An opening bracket as the signed byte 1, a closing one as -1.
_STEPS: Final = bytes.maketrans(_PAIR, b"\x01\xff")
# Levels are taken away one by one as long as that leaves no more than this; towers are counted.
SLOW_SHARE: Final = 0.75


class JsonLimits(Struct, frozen=True):
    """What a caller's JSON may be like.

    `depth_max`: a decoder's own bound is the interpreter's recursion, which no setting of ours
    moves and which is ten times as much in one Python as in the next.
    `containers_max`: in 10 MiB there is room for five million.
    `values_max`: there is room for as many. Each becomes an object, and some are looked at.
    """

    depth_max: int = setting(
        "GATEWAY_JSON_DEPTH_MAX",
        whole(8, 100_000, 128),
        "128",
        "How deeply objects and arrays may be nested in a request body. A chat needs six"
        " levels; the schemas of tools, which are not counted, some twenty more.",
        key="json_depth_max",
    )
    containers_max: int = setting(
        "GATEWAY_JSON_CONTAINERS_MAX",
        whole(1000, 100_000_000, 100_000),
        "100000",
        "Most objects and arrays in a request body. The longest chat within the other"
        " limits has 70,000. A body full of empty ones would block all other answers"
        " for a quarter of a second and take 200 MB.",
        key="json_containers_max",
    )
    values_max: int = setting(
        "GATEWAY_JSON_VALUES_MAX",
        whole(1000, 100_000_000, 200_000),
        "200000",
        "Most values in the objects and arrays of a request body, texts and numbers included. The"
        " longest chat within the other limits has 150,000. A body full of numbers would block all"
        " other answers for a second and take 500 MB. Embeddings may have any number of tokens.",
        key="json_values_max",
    )


def check_bounds(
    text: bytes, limits: JsonLimits, slice_bytes: int = SLICE_BYTES
) -> Generator[None, None, None]:
    """Raise Fault where a text nests too deeply or holds too much; a slice in a step.

    A text that is no JSON passes or is refused; it never makes the decoder go deeper.
    """
    if len(text) <= slice_bytes and len(text) <= 2 * min(limits.containers_max, limits.values_max):
        # Most requests have fewer brackets, those in strings included, than would be too deep.
        if text.count(b"[") + text.count(b"{") > limits.depth_max:
            kept = text.translate(_SPELLED, _DROPPED)
            _check_depth(_outside(kept, is_inside=False)[0], limits)
        return
    yield
    structure = b""
    is_inside = False
    commas_count = start = 0
    while start < len(text):
        end = _find_end(text, start, slice_bytes)
        commas_count += text.count(b",", start, end)
        brackets, is_inside = _outside(
            text[start:end].translate(_SPELLED, _DROPPED), is_inside=is_inside
        )
        structure += brackets
        # Each is opened and closed.
        if len(structure) > 2 * limits.containers_max:
            raise invalid_request(
                f"The request body holds more than {limits.containers_max} objects and arrays.",
                code=CONTAINERS_CODE,
            )
        start = end
        yield
    _check_depth(structure, limits)
    if commas_count >= limits.values_max:
        yield from _check_values(text, limits, slice_bytes)


def _check_values(text: bytes, limits: JsonLimits, slice_bytes: int) -> Generator[None, None, None]:
    """Raise Fault where there are too many; a comma is between two of them, or in a text."""
    is_inside = False
    commas_count = start = 0
    while start < len(text):
        end = _find_end(text, start, slice_bytes)
        commas, is_inside = _outside(
            text[start:end].translate(_COMMAS_SPELLED, _DROPPED_FOR_COMMAS), is_inside=is_inside
        )
        commas_count += commas.count(_COMMA)
        if commas_count >= limits.values_max:
            raise invalid_request(
                f"The request body holds more than {limits.values_max} values.", code=VALUES_CODE
            )
        start = end
        yield


def _find_end(text: bytes, start: int, slice_bytes: int) -> int:
    """Where a slice ends: never between a backslash and what it escapes."""
    end = start + slice_bytes
    piece = text[start:end]
    return end + (len(piece) - len(piece.rstrip(b"\\"))) % 2


def _outside(kept: bytes, *, is_inside: bool) -> tuple[bytes, bool]:
    """The brackets or commas outside of strings, and whether the text ends inside of one."""
    try:
        plain = kept.decode("unicode_escape")
    except UnicodeDecodeError:
        # It ends with a backslash and is no JSON.
        plain = kept.rstrip(b"\\").decode("unicode_escape")
    # Two quotes without a bracket between them change nothing for what stands behind.
    structure = plain.encode("latin-1").translate(None, _NOT_STRUCTURE).replace(2 * _QUOTE, b"")
    pieces = structure.split(_QUOTE)
    return b"".join(pieces[is_inside::2]), is_inside ^ (len(pieces) % 2 == 0)


def _check_depth(structure: bytes, limits: JsonLimits) -> None:
    if _measure(structure) > limits.depth_max:
        raise too_deep(limits)


def _measure(structure: bytes) -> int:
    """How many brackets are open at once at most."""
    depth = 0
    while structure:
        # Takes away the innermost level everywhere; of real requests that is most of them.
        rest = structure.replace(_PAIR, b"")
        if len(rest) > SLOW_SHARE * len(structure):
            return depth + max(accumulate(memoryview(structure.translate(_STEPS)).cast("b")))
        structure = rest
        depth += 1
    return depth


def too_deep(limits: JsonLimits) -> Fault:
    """For a text that nests too deeply."""
    return invalid_request(
        f"The request body is nested more than {limits.depth_max} levels deep.", code=DEPTH_CODE
    )
