"""How good the keys are that callers present: `AUTH_TOKEN` and those of `CLIENT_TOKENS`.

Rules of this file:
- What everybody may know is no key, wherever the gateway listens.
- A short one is judged only where others reach the listener. There it can be guessed over the
  network, though not fast: wrong keys are slowed down.
- No finding holds a key, or says more of it than how long it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cursor_api.domain.credential import Secret
from cursor_api.options.addresses import is_loopback
from cursor_api.options.rules import Facts, Finding
from cursor_api.options.said import tell

# OWASP ASVS 5.0, 6.2.1 asks 8 of a person's password: below that, guessing comes to an end.
KEY_LENGTH_MIN: Final = 8
# A key that a program keeps can be longer; 16 random characters are never guessed over a network.
KEY_LENGTH_GOOD: Final = 16

MAKE_ONE: Final = tell("Make a good one with: openssl rand -hex 24")

# What callers present to the gateway.
OWN_KEYS: Final = ("AUTH_TOKEN", "CLIENT_TOKENS")

_JOINTS: Final = re.compile(r"[-_ .]+")
# Without what joins words: of documents, of examples, and what is tried first.
_EXAMPLE: Final = re.compile(
    r"(?:sk)?(?:"
    r"change(?:me|this)(?:please|now|\d*)"
    r"|(?:replace|insert|put|enter)(?:with|me|this|a|an|my|your|the|own|secret|auth|api|here)*"
    r"(?:key|token|secret)?(?:here)?"
    r"|(?:insert|put|enter)?(?:my|your)(?:own|super|secret|auth|api|access|bearer|gateway)*"
    r"(?:key|token|secret|password)(?:here)?"
    r"|(?:super)?(?:secret|auth|api|access|bearer)(?:key|token)"
    r"|thevalueofauthtoken|x{3,}|\*{3,})"
    r"|<.*>|sk123456\d*|123456\d*|password\d*|passw0rd|qwerty\w{0,6}|admin\d{1,4}",
    re.IGNORECASE,
)


def is_example(key: str) -> bool:
    """Whether it is the text of an example or one of the keys that everybody tries first."""
    return _EXAMPLE.fullmatch(_JOINTS.sub("", key)) is not None


def key_is_no_example(facts: Facts) -> Finding | None:
    """A key that stands in documents is known to everybody."""
    for variable, key, which in _keys(facts):
        if is_example(key.reveal()):
            return facts.finding(
                variable,
                tell(
                    "{which}is the text of an example, or a key that everybody tries"
                    " first. {advice}",
                    which=which,
                    advice=MAKE_ONE,
                ),
            )
    return None


def key_is_long_enough(facts: Facts) -> Finding | None:
    """Where others reach the listener; the example's finding is enough where it is one."""
    short = _find_short(facts, KEY_LENGTH_MIN)
    if short is None:
        return None
    variable, which = short
    return facts.finding(
        variable,
        tell(
            "{which}has fewer than {count} characters, and the listener on {host}"
            " can be reached from other machines. {advice}",
            which=which,
            count=KEY_LENGTH_MIN,
            host=facts.find("HOST"),
            advice=MAKE_ONE,
        ),
    )


def key_is_good(facts: Facts) -> Finding | None:
    """A key that serves, and could be better where others reach the listener."""
    short = _find_short(facts, KEY_LENGTH_GOOD)
    if short is None or _find_short(facts, KEY_LENGTH_MIN) is not None:
        return None
    variable, which = short
    return facts.finding(
        variable,
        tell(
            "{which}has fewer than {count} characters, and the listener on {host}"
            " can be reached from other machines: it serves, and a longer one is"
            " safer. {advice}",
            which=which,
            count=KEY_LENGTH_GOOD,
            host=facts.find("HOST"),
            advice=MAKE_ONE,
        ),
    )


def key_can_be_tried_at_will(facts: Facts) -> Finding | None:
    """Beside pass-through no wrong key of a chat is counted."""
    key = facts.find("AUTH_TOKEN")
    if not key or not facts.find("PASSTHROUGH") or len(key.reveal()) >= KEY_LENGTH_GOOD:
        return None
    return facts.finding(
        "AUTH_TOKEN",
        tell(
            "has fewer than {count} characters, and with PASSTHROUGH a chat takes"
            " every wrong key for somebody's token, so that trying locks nobody"
            " out. {advice}",
            count=KEY_LENGTH_GOOD,
            advice=MAKE_ONE,
        ),
    )


def _find_short(facts: Facts, length: int) -> tuple[str, str] | None:
    """The first one below this length where others reach the listener, and which it is."""
    host = facts.find("HOST")
    if not host or is_loopback(host):
        return None
    return next(
        (
            (variable, which)
            for variable, key, which in _keys(facts)
            if len(key.reveal()) < length and not is_example(key.reveal())
        ),
        None,
    )


def _keys(facts: Facts) -> Iterator[tuple[str, Secret, str]]:
    """Each with its variable and the words that say which of several it is."""
    key = facts.find("AUTH_TOKEN")
    if key:
        yield "AUTH_TOKEN", key, ""
    for place, one in enumerate(facts.find("CLIENT_TOKENS") or (), start=1):
        yield "CLIENT_TOKENS", one, tell("key number {place} ", place=place)
