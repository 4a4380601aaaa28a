"""What a session token looks like, in each of the spellings in which people have it.

Rules of this file:
- This is the one parser of a token: for files, the console, the command line, the editor's database
  and what callers bring along. What is unmistakable is cleaned: quotes, `Bearer`, the name of the
  cookie, an encoded separator, one colon in front of a JWT.
- What cannot be a token is refused in words that never show it. Any other text is one, for tokens
  are opaque.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from cursor_api.domain.credential import CredentialForm
from cursor_api.domain.problems import Problem, ProblemCode
from cursor_api.options.said import tell

# Any spelling of a checksum that a header can carry: wider than the known form, since people write
# them by hand. The longest known one has 137 characters.
CHECKSUM = re.compile(r"[A-Za-z0-9+/_=-]{1,256}")

# Eight characters of time, then one or two device ids (`wire.checksum` takes them apart; here
# only the form matters, and ten thousand of them have to be checked in passing).
_DEVICE_CHECKSUM: Final = re.compile(
    r"(?:[A-Za-z0-9+/]{8}|[A-Za-z0-9_-]{8})[0-9a-fA-F]{64}(?:/[0-9a-fA-F]{64})?"
)

# The name of the kind, and of the endpoint that session tokens belong to.
ENDPOINT: Final = "cursor"

# A key of Cursor's dashboard is for the official way, which this kind does not speak: it belongs
# there, and is not shown to the private one.
_API_KEY: Final = re.compile(r"(?:crsr|key)_[A-Za-z0-9_-]{8,}")
API_KEY: Final = CredentialForm(
    "cursor-sdk",
    lambda secret: _API_KEY.fullmatch(secret) is not None,
    is_bound=False,
    title=tell("an API key (crsr_…)"),
)
_JWT: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
# Tokens are opaque: what is of no other form is taken for one.
SESSION_TOKEN: Final = CredentialForm(
    ENDPOINT,
    lambda _secret: True,
    is_bound=True,
    title=tell("a session token (a JWT: it begins with eyJ and has two dots)"),
    is_usual=lambda secret: _JWT.fullmatch(secret) is not None,
)

# What editors, web pages and spreadsheets leave around a line, seen or not.
BLANKS: Final = "\ufeff\u200b \t\r\u00a0"
_QUOTES: Final = ('""', "''", "``", "“”", "‘’")
# A token goes into an HTTP header: visible ASCII, and no comma, which ends it in the token list.
_TOKEN: Final = re.compile(r"[!-+\--~]+")
# Nothing is around it and nothing in it: most tokens, and there may be ten thousand.
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~+/-]+")

# `::` as a browser, or a program that encodes once more, writes it.
_ENCODED: Final = r"(?:%(?:25)*3A){2}"
_COOKIE: Final = re.compile(rf"^(user_[^:%\s]+)(?:::|{_ENCODED})(.+)$", re.IGNORECASE)
# Another name in front, with one colon or an encoded separator. A JWT has neither in it.
_NAMED_JWT: Final = re.compile(
    rf"^([^:%]+)(?::|{_ENCODED})"
    rf"((?:user_[^:%\s]+(?:::|{_ENCODED}))?(?-i:eyJ)[\w-]+\.[\w-]+\.[\w-]*)$",
    re.IGNORECASE,
)
# The browser's cookie by name, in a Cookie header or in a row of the browser's table of cookies.
COOKIE_NAME: Final = "WorkosCursorSessionToken"
_NAMED_COOKIE: Final = re.compile(rf"{COOKIE_NAME}[\s=:\"']+([^\s=:\"';,][^\s\"';,]*)")
_BEARER: Final = re.compile(r"^(?:authorization\s*:\s*)?bearer\s+", re.IGNORECASE)

# Keys of other services, which would be shown to this one.
_OTHER_KEY: Final = re.compile(
    r"^(?:sk-(?:ant|proj|or|svcacct|admin)-[\w-]{16,}|sk-[A-Za-z0-9]{32,}|AIza[\w-]{35}"
    r"|(?:gsk|hf|gh[pousr]|github_pat)_\w{20,}|xai-\w{20,}|AKIA[0-9A-Z]{16})"
)
_OTHER_SERVICE: Final = Problem(
    ProblemCode.OTHER_SERVICE, "the API key of another service, which is not sent to this one"
)
_NO_TOKEN: Final = Problem(
    ProblemCode.NOTHING, "no token: there is nothing after the `::` or before the comma"
)
_TWO_COLONS: Final = Problem(
    ProblemCode.TWO_COLONS, "more than one `::`: a line here is `token` or `alias::token`"
)
# In a session token or a JWT none of these can be.
_WRONG: Final = (
    (re.compile("^#"), Problem(ProblemCode.HASH, "a token that begins with `#`")),
    (
        re.compile("[\"'`]"),
        Problem(ProblemCode.QUOTE, "a quote inside the token: leave only the token"),
    ),
    (
        re.compile("[;|]"),
        Problem(ProblemCode.SEVERAL, "more than a token (`;` or `|`): write one token a line"),
    ),
    (
        re.compile(_ENCODED, re.IGNORECASE),
        Problem(
            ProblemCode.ENCODED,
            "an encoded `::` (%3A%3A) inside the token: write `alias::token`",
        ),
    ),
    (
        re.compile(r"^[\w.-]+=(?:eyJ|user_)"),
        Problem(ProblemCode.NAMED, "a name and `=` in front of the token"),
    ),
    (_OTHER_KEY, _OTHER_SERVICE),
    (
        re.compile("sealed:", re.IGNORECASE),
        Problem(
            ProblemCode.SEALED,
            "a sealed token, which can only be read in its own file: write the token itself",
        ),
    ),
)


def read_token(text: str) -> tuple[str | None, str]:
    """A token as somebody has it, as (alias or None, bearer). Nothing is refused here.

    The cookie's `user_X` is the alias where there is no other.
    """
    if _PLAIN.fullmatch(text):
        return None, text
    text = unwrap(text)
    cookie = _NAMED_COOKIE.search(text)
    if cookie:
        name, separator, _ = text[: cookie.start()].rstrip().rpartition("::")
        alias, bearer = split_token(cookie[1])
        return (name.strip() or alias) if separator else alias, bearer
    alias, bearer = split_token(text)
    return alias.strip() or None if alias else None, unwrap(bearer)


def split_token(text: str) -> tuple[str | None, str]:
    """Split a token, with nothing around it, into (alias or None, bearer).

    Accepts `alias::token`, the browser cookie's `user_X::JWT` and `user_X%3A%3AJWT` (percent
    signs in either case, encoded once more or not), `alias:JWT`, and a bare token.
    """
    cookie = _COOKIE.match(text)
    if cookie:
        return cookie[1], cookie[2]
    alias, separator, token = text.partition("::")
    named = None if separator else _NAMED_JWT.match(text)
    if named:
        alias, token = named[1], named[2]
    elif not separator:
        return None, text
    # `alias::user_X%3A%3AJWT`: the cookie again, with a name in front of it.
    inner = _COOKIE.match(token)
    return alias or None, inner[2] if inner else token


def unwrap(text: str) -> str:
    """Without what stands around a token in code and in tables: quotes, `Bearer`, a last comma."""
    text = unquote(text.strip(BLANKS).rstrip(",; \t"))
    bare = _BEARER.sub("", text, count=1)
    return text if bare == text else unquote(bare.rstrip(",; \t"))


def unquote(text: str) -> str:
    """Without the quotes around it, if there is one pair of them."""
    text = text.strip(BLANKS)
    if text[:1] + text[-1:] in _QUOTES and len(text) > 1:
        inner = text[1:-1]
        if text[0] not in inner and text[-1] not in inner:
            return inner.strip(BLANKS)
    return text


def why_no_token(text: str) -> Problem | None:
    """What keeps a text from being a token; None when nothing does. Shows one character at most.

    Each token must be able to stand alone on a line and be read as the same token again.
    """
    if not text:
        return _NO_TOKEN
    if _PLAIN.fullmatch(text):
        return _OTHER_SERVICE if _OTHER_KEY.match(text) else None
    if not _TOKEN.fullmatch(text):
        wrong = next(char for char in text if not _TOKEN.fullmatch(char))
        name = name_of(wrong)
        if wrong.isspace():
            return Problem(ProblemCode.SPACE, f"a space inside the token ({name})", name)
        return Problem(ProblemCode.CHARACTER, f"a character that no token has ({name})", name)
    problem = next((problem for pattern, problem in _WRONG if pattern.search(text)), None)
    if problem is None and read_token(text) != (None, text):
        return _TWO_COLONS
    return problem


def is_checksum(text: str) -> bool:
    """Whether it has the form that the upstream takes: 8 characters and one or two device ids."""
    return _DEVICE_CHECKSUM.fullmatch(text) is not None


def name_of(char: str) -> str:
    """A character in words that can be read even where it cannot be seen."""
    name = unicodedata.name(char, "")
    return f"U+{ord(char):04X} {name}".rstrip()
