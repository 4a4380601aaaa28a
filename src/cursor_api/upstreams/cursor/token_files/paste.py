"""What people paste when they are asked for a token, brought to the spelling of a token file.

Rules of this file:
- Lines keep their numbers, so that a problem found later is found by the person as well.
- What is not recognised goes on as it is: the store refuses it, with its own words.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from cursor_api.domain.credential import GivenCredential, Spelling, find_unusual
from cursor_api.domain.problems import Problem, ProblemCode
from cursor_api.upstreams.cursor.forms import (
    API_KEY,
    BLANKS,
    COOKIE_NAME,
    SESSION_TOKEN,
    is_checksum,
    read_token,
    unquote,
    unwrap,
    why_no_token,
)

_ACCOUNT = "user_"
_FORMS = (API_KEY, SESSION_TOKEN)
_ALONE = Problem(ProblemCode.BINDING_ALONE, "a token with its checksum has to be added alone")
_OTHER = Problem(ProblemCode.OTHER_BINDING, "another checksum than the one given for it")


def read_paste(text: str, checksum: str | None = None) -> Iterator[GivenCredential]:
    """The lines that say something: neither blank nor a comment.

    `checksum` was given beside the text, for a single token.
    """
    lines = _lines(text)
    first, second = next(lines, None), next(lines, None)
    has_many = second is not None
    for line in itertools.chain((first, second), lines):
        if line is not None:
            yield replace(line, problem=_find_problem(line, checksum, has_many=has_many))


class PasteReader:
    """What every store of these credentials makes of a paste: see `ports.CredentialStore`."""

    __slots__ = ()

    def recognise(self, text: str, binding: str | None = None) -> Iterator[GivenCredential]:
        """See `read_paste`."""
        return read_paste(text, binding)

    def spell(self, given: Sequence[GivenCredential]) -> str:
        """The lines as a token file has them."""
        return spell_lines(given)


def _lines(text: str) -> Iterator[GivenCredential]:
    for line, raw in enumerate(text.split("\n"), start=1):
        stripped = raw.strip(BLANKS)
        if stripped and not stripped.startswith("#"):
            yield _read_line(line, stripped)


def _find_problem(line: GivenCredential, checksum: str | None, *, has_many: bool) -> Problem | None:
    if line.binding and has_many:
        return _ALONE
    if line.binding and checksum and line.binding != checksum:
        return _OTHER
    return None


def spell_lines(lines: Sequence[GivenCredential]) -> str:
    """The lines as the text of a token file, each at its own number."""
    texts = {line.line: line.text for line in lines}
    return "\n".join(texts.get(number, "") for number in range(1, max(texts, default=0) + 1))


def _read_line(line: int, text: str) -> GivenCredential:
    text, checksum = _split_checksum(text)
    alias, bearer = read_token(text)
    if why_no_token(bearer) is None:
        text = f"{alias}::{bearer}" if alias else bearer
    is_named = alias is not None and not alias.lower().startswith(_ACCOUNT)
    spelling = Spelling.ALIAS if is_named else Spelling.COOKIE if alias else Spelling.BARE
    is_usual = not find_unusual(bearer, _FORMS)
    return GivenCredential(line, text, alias, is_named, bearer, checksum, spelling, is_usual)


def _split_checksum(text: str) -> tuple[str, str | None]:
    """A line of the token list in two. A Cookie header may have commas of its own."""
    token, comma, after = unwrap(text).partition(",")
    checksum = unquote(after)
    if not comma or (COOKIE_NAME in token and not is_checksum(checksum)):
        return text, None
    return token, checksum
