"""What must hold between settings, and what is allowed but worth a word.

Rules of this file:
- A rule looks at parsed values and gives its finding or None; a value that could not be parsed is
  missing, and rules about it say nothing: it has its own finding.
- Each finding says what to do, and holds no secret.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cursor_api.options.addresses import is_loopback
from cursor_api.settings.sources import Finding, find_mode

# OWASP ASVS 5.0, 6.2.1 asks 8 of a person's password; a key that a program keeps can be longer.
# 16 random characters are out of reach for guessing over a network.
KEY_LENGTH_MIN = 16


@dataclass(frozen=True, slots=True)
class Facts:
    """Parsed values by variable, and for those somebody gave the place where they stand."""

    values: Mapping[str, Any]
    places: Mapping[str, str]

    def find(self, variable: str) -> Any:
        """The value; None when it is unset or could not be parsed."""
        return self.values.get(variable)

    def finding(self, variable: str, message: str) -> Finding:
        """About this variable, where it stands."""
        return Finding(variable, self.places.get(variable, ""), message)


Rule = Callable[[Facts], Finding | None]


def _key_is_set(facts: Facts) -> Finding | None:
    if "AUTH_TOKEN" not in facts.values or facts.find("AUTH_TOKEN") or facts.find("PASSTHROUGH"):
        return None
    state = "is empty" if "AUTH_TOKEN" in facts.places else "is not set"
    return facts.finding(
        "AUTH_TOKEN",
        f"{state}; it is the key that callers present, and without one anybody could use your"
        " account. Make one with: openssl rand -hex 24",
    )


def _key_is_strong(facts: Facts) -> Finding | None:
    key, host = facts.find("AUTH_TOKEN"), facts.find("HOST")
    if not key or not host or is_loopback(host) or len(key.reveal()) >= KEY_LENGTH_MIN:
        return None
    return facts.finding(
        "AUTH_TOKEN",
        f"has fewer than {KEY_LENGTH_MIN} characters, and the listener on {host} can be reached"
        " from other machines. Make a longer one with: openssl rand -hex 24, or set"
        " HOST=127.0.0.1",
    )


def _client_keys_are_strong(facts: Facts) -> Finding | None:
    keys, host = facts.find("CLIENT_TOKENS"), facts.find("HOST")
    if not keys or not host or is_loopback(host):
        return None
    weak = [place for place, key in enumerate(keys, 1) if len(key.reveal()) < KEY_LENGTH_MIN]
    if not weak:
        return None
    return facts.finding(
        "CLIENT_TOKENS",
        f"key number {weak[0]} has fewer than {KEY_LENGTH_MIN} characters, and the listener on"
        f" {host} can be reached from other machines. Make a longer one with: openssl rand -hex 24",
    )


def _client_keys_are_others(facts: Facts) -> Finding | None:
    key, keys = facts.find("AUTH_TOKEN"), facts.find("CLIENT_TOKENS")
    if not key or key not in (keys or ()):
        return None
    return facts.finding(
        "CLIENT_TOKENS",
        f"key number {keys.index(key) + 1} is AUTH_TOKEN, which may do everything; give callers"
        " who shall only chat another one",
    )


def _differs(variable: str, *others: str) -> Rule:
    def rule(facts: Facts) -> Finding | None:
        path = facts.find(variable)
        for other in others:
            taken = facts.find(other)
            if path and taken and os.path.realpath(path) == os.path.realpath(taken):
                return facts.finding(
                    variable,
                    f"is the same file as {other}, which it would overwrite; give each its own",
                )
        return None

    return rule


def _not_a_folder(variable: str) -> Rule:
    def rule(facts: Facts) -> Finding | None:
        path = facts.find(variable)
        if not path or not stat.S_ISDIR(find_mode(path)):
            return None
        return facts.finding(
            variable,
            "is a folder; name a file (containers make a folder where a mounted file is missing)",
        )

    return rule


def _ca_file_is_there(facts: Facts) -> Finding | None:
    path: Path | None = facts.find("CURSOR_CA_FILE")
    if not path or stat.S_ISREG(find_mode(path)):
        return None
    return facts.finding("CURSOR_CA_FILE", "there is no such file; mend the path or leave it out")


def _bodies_hold_one(facts: Facts) -> Finding | None:
    one, together = facts.find("GATEWAY_BODY_BYTES_MAX"), facts.find("GATEWAY_BODIES_BYTES_MAX")
    if not one or not together or one <= together:
        return None
    return facts.finding(
        "GATEWAY_BODIES_BYTES_MAX",
        "is less than GATEWAY_BODY_BYTES_MAX: the largest request could never be taken. Raise it,"
        " or lower the other",
    )


def _log_is_open(facts: Facts) -> Finding | None:
    host = facts.find("HOST")
    if not facts.find("LOGS_PUBLIC") or not host or is_loopback(host):
        return None
    return facts.finding(
        "LOGS_PUBLIC",
        f"anybody who reaches {host} can read the masked request log without a key",
    )


def _token_is_in_the_clear(facts: Facts) -> Finding | None:
    url = facts.find("CURSOR_BASE_URL") or ""
    if not url.startswith("http://") or is_loopback(urlsplit(url).hostname or ""):
        return None
    return facts.finding(
        "CURSOR_BASE_URL",
        "has no TLS: whoever is on the way can read your Cursor tokens. Use https://, or http://"
        " only within your own network",
    )


def _key_can_be_tried_at_will(facts: Facts) -> Finding | None:
    key = facts.find("AUTH_TOKEN")
    if not key or not facts.find("PASSTHROUGH") or len(key.reveal()) >= KEY_LENGTH_MIN:
        return None
    return facts.finding(
        "AUTH_TOKEN",
        f"has fewer than {KEY_LENGTH_MIN} characters, and with PASSTHROUGH a chat takes every wrong"
        " key for somebody's token, so that trying locks nobody out. Make a longer one with:"
        " openssl rand -hex 24",
    )


def _checksum_is_unused(facts: Facts) -> Finding | None:
    if not facts.find("X_CURSOR_CHECKSUM") or facts.find("PASSTHROUGH") is not False:
        return None
    return facts.finding(
        "X_CURSOR_CHECKSUM",
        "has no effect without PASSTHROUGH=true; checksums of tokens in TOKEN_FILE stand in"
        " TOKEN_LIST_FILE",
    )


MUST: tuple[Rule, ...] = (
    _key_is_set,
    _key_is_strong,
    _client_keys_are_strong,
    _client_keys_are_others,
    _differs("TOKEN_LIST_FILE", "TOKEN_FILE"),
    _differs("POOL_STATE_FILE", "TOKEN_FILE", "TOKEN_LIST_FILE"),
    _differs("REQUEST_LOG_FILE", "TOKEN_FILE", "TOKEN_LIST_FILE", "POOL_STATE_FILE"),
    _not_a_folder("TOKEN_FILE"),
    _not_a_folder("TOKEN_LIST_FILE"),
    _not_a_folder("POOL_STATE_FILE"),
    _not_a_folder("REQUEST_LOG_FILE"),
    _ca_file_is_there,
    _bodies_hold_one,
)
SHOULD: tuple[Rule, ...] = (
    _log_is_open,
    _token_is_in_the_clear,
    _key_can_be_tried_at_will,
    _checksum_is_unused,
)


def check(rules: tuple[Rule, ...], facts: Facts) -> tuple[Finding, ...]:
    """The findings of all rules, in their order."""
    return tuple(finding for rule in rules if (finding := rule(facts)))
