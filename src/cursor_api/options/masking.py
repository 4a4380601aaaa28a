"""What looks like a secret, and characters that play tricks, taken out of a text.

The way without a find is the common one and the one that has to be cheap.
"""

from __future__ import annotations

import re

MARK = "[redacted]"

# Forms of a Cursor credential (upstreams/cursor/forms.py) and of what callers present.
# A character class is wider than the form itself, so that two secrets run together leave no tail,
# and every repetition that could begin anywhere is bounded, so that a hostile text costs no time.
_SHAPES = re.compile(
    r"""
    (?: user_ [^:%\s"'<>]{1,64} (?: :: | (?: % (?:25)? 3A ){2} ) [^\s"',;<>)\]}\\]+ )     # cookie
  | (?: (?<= bearer ) (?: \s | %20 | \+ )++ (?! \[redacted\] )   # what is marked stays as it is
        [^\s"',;<>)\]}\\]+ (?: ,\s* [^\s"',;<>)\]}\\]+ )* )
  | (?: (?-i: eyJ ) [\w-]{8,} [\w.-]* )                          # JWT, whole or cut short
  | (?: (?<! [0-9a-f] ) [0-9a-f]{64,}+ )                         # device ids of a checksum
  | (?: crsr_ [\w.-]{8,} )                                       # Cursor API keys
  | (?: (?: \b | (?<= _ ) ) key_ [0-9a-z][\w.-]{15,} )
  | (?: \b sk- [\w.-]{16,} )                                     # the form OpenAI clients expect
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SPACED = " " + MARK
HEX_LENGTH = 64
HEX = re.compile(r"[0-9a-fA-F]{64}")
# Without one of these, in lower case, no shape but the device ids can match.
HINTS = ("eyj", "bearer", "user_", "crsr_", "key_", "sk-")


def redact_shapes(text: str) -> str:
    """The text without anything that is shaped like a credential, a checksum or a bearer key."""
    if not _can_hold_shape(text):
        return text
    return _SHAPES.sub(_mark, text)


def escape_controls(text: str) -> str:
    r"""The text on one line: `\n`, `\x1b` and whatever else cannot be seen is spelled out.

    Stops a value from forging a second log line, colouring a terminal or reversing its text.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def _mark(match: re.Match[str]) -> str:
    # What follows "Bearer" begins with the space in between; keep the two words apart.
    return _SPACED if match[0][0].isspace() else MARK


def _can_hold_shape(text: str) -> bool:
    if len(text) >= HEX_LENGTH and HEX.search(text):
        return True
    lowered = text.lower()
    return any(hint in lowered for hint in HINTS)
