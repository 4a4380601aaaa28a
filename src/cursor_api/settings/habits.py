"""What habits leave in a value: quotes, a JSON list, an account's token or an example for a key.

Rules of this file:
- These are warnings: a key may have quotes in it, if somebody wants it so.
- Only what somebody gave is looked at, and no word shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cursor_api.domain.credential import NamedSecret, Secret
from cursor_api.options.rules import Facts, Finding
from cursor_api.options.said import tell
from cursor_api.settings.own_keys import OWN_KEYS, is_example

_QUOTES: Final = "\"'`"
KEPT_QUOTES: Final = tell(
    "has quotes around it, which are part of the value (an env-file of Docker, for one, takes"
    " nothing away); leave them out"
)
_JSON_LIST: Final = tell(
    "looks like a JSON list, whose brackets and quotes are part of the keys; write the keys alone,"
    " with commas between"
)
_NO_KEY: Final = tell(
    "looks like an account's token (a JWT or a browser's cookie), which belongs into TOKEN_FILE;"
    " this is a key of your own, which callers present. Make one with: openssl rand -hex 24"
)
_TOKEN: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.|user_[^:%\s]+(?:::|%(?:25)?3A)|\w+SessionToken=")
_LEFT_OVER: Final = (
    (
        re.compile("^bearer ", re.IGNORECASE),
        tell("begins with `Bearer`, which is no part of a key: programs write it in front of one"),
    ),
    (
        re.compile(r"\s#"),
        tell(
            "has a `#` behind a blank, which is part of the value (an env-file of Docker, for one,"
            " knows no comments behind one); leave the comment out"
        ),
    ),
)
# Of documents and examples, as they are or nearly so.
_PLACEHOLDER: Final = re.compile(
    r"change[-_ ]?(?:me|this)\S*|(?:replace|insert|put|enter)[-_ ].*|.*\byour[-_ ](?:\w+[-_ ])*"
    r"(?:key|token|secret)\b.*|the-value-of-.*|<.*>|(?:sk-)?(?:x{3,}|\.{3}|\*{3,})",
    re.IGNORECASE,
)
_STILL_TO_FILL: Final = tell(
    "looks like the text of an example that was to be replaced; put the real key in its place"
)
_DERIVED: Final = ".api_keys"
_WAYS: Final = (".api_key_env", ".api_key_file")


def find_habits(facts: Facts) -> Iterator[Finding]:
    """A warning for each value that is most likely not what was meant."""
    for name, value in facts.values.items():
        given = _find_given(name, facts.places)
        message = _judge(name, _texts(value)) if given else None
        if message:
            yield Finding(given, facts.places[given], message)


def is_quoted(text: str) -> bool:
    """Whether it begins and ends with the same quote."""
    return len(text) > 1 and text[0] == text[-1] and text[0] in _QUOTES


def _find_given(name: str, places: Mapping[str, str]) -> str:
    """What somebody gave that led to this value; "" where nobody did."""
    if name in places:
        return name
    # An upstream's keys, from a variable or a file that it names.
    base = name.removesuffix(_DERIVED)
    return next((base + way for way in _WAYS if base != name and base + way in places), "")


def _texts(value: Any) -> list[str]:
    """The texts in a value that may hold anything; the other kinds refuse quotes themselves."""
    match value:
        case Secret():
            return [value.reveal()]
        case Path():
            # Relative to the working directory, for it begins with a quote.
            return [part for part in (_quoted_part(str(value)),) if part]
        case tuple():
            return [_as_given(one) for one in value if isinstance(one, Secret)]
        case _:
            return []


def _as_given(secret: Secret) -> str:
    name = secret.name if isinstance(secret, NamedSecret) else ""
    return f"{name}::{secret.reveal()}" if name else secret.reveal()


def _quoted_part(path: str) -> str:
    return path[path.find(path[-1]) :] if path[-1:] in tuple(_QUOTES) else ""


def _judge(name: str, texts: list[str]) -> str | None:
    whole = ",".join(texts)
    if whole.startswith("[") and whole.endswith("]"):
        return _JSON_LIST
    if is_quoted(whole) or any(map(is_quoted, texts)):
        return KEPT_QUOTES
    for pattern, words in _LEFT_OVER:
        if any(map(pattern.search, texts)):
            return words
    # The gateway's own keys are refused where they surely are one.
    suspects = [text for text in texts if name not in OWN_KEYS or not is_example(text)]
    if any(map(_PLACEHOLDER.fullmatch, suspects)):
        return _STILL_TO_FILL
    if name in OWN_KEYS and any(map(_TOKEN.search, texts)):
        return _NO_KEY
    return None
