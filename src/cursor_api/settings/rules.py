"""What must hold between settings of different parts, and what is allowed but worth a word.

The rules of `options/rules.py` hold here, too. What concerns one upstream alone stands with its
options.
"""

from __future__ import annotations

import os
import stat

from cursor_api.options.addresses import is_loopback
from cursor_api.options.rules import Facts, Finding, Rule, find_mode
from cursor_api.options.said import tell
from cursor_api.settings.own_keys import (
    key_can_be_tried_at_will,
    key_is_good,
    key_is_long_enough,
    key_is_no_example,
)


def _key_is_set(facts: Facts) -> Finding | None:
    if "AUTH_TOKEN" not in facts.values or facts.find("AUTH_TOKEN") or facts.find("PASSTHROUGH"):
        return None
    state = tell("is empty") if "AUTH_TOKEN" in facts.places else tell("is not set")
    return facts.finding(
        "AUTH_TOKEN",
        tell(
            "{state}; it is the key that callers present, and without one anybody"
            " could use your account. Make one with: cursor-api init, or openssl"
            " rand -hex 24",
            state=state,
        ),
    )


def _client_keys_are_others(facts: Facts) -> Finding | None:
    key, keys = facts.find("AUTH_TOKEN"), facts.find("CLIENT_TOKENS")
    if not key or key not in (keys or ()):
        return None
    return facts.finding(
        "CLIENT_TOKENS",
        tell(
            "key number {place} is AUTH_TOKEN, which may do everything; give"
            " callers who shall only chat another one",
            place=keys.index(key) + 1,
        ),
    )


def _differs(variable: str, *others: str) -> Rule:
    def rule(facts: Facts) -> Finding | None:
        path = facts.find(variable)
        for other in others:
            taken = facts.find(other)
            if path and taken and os.path.realpath(path) == os.path.realpath(taken):
                return facts.finding(
                    variable,
                    tell(
                        "is the same file as {other}, which it would overwrite; give each its own",
                        other=other,
                    ),
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
            tell(
                "is a folder; name a file (containers make a folder where a mounted"
                " file is missing)"
            ),
        )

    return rule


def _key_has_a_certificate(facts: Facts) -> Finding | None:
    if not facts.find("TLS_KEY_FILE") or "TLS_CERT_FILE" not in facts.values:
        return None
    if facts.find("TLS_CERT_FILE"):
        return None
    return facts.finding(
        "TLS_KEY_FILE",
        tell(
            "is set and TLS_CERT_FILE is not; name the certificate as well, or"
            " leave both out for plain HTTP"
        ),
    )


def _bodies_hold_one(facts: Facts) -> Finding | None:
    one, together = facts.find("GATEWAY_BODY_BYTES_MAX"), facts.find("GATEWAY_BODIES_BYTES_MAX")
    if not one or not together or one <= together:
        return None
    return facts.finding(
        "GATEWAY_BODIES_BYTES_MAX",
        tell(
            "is less than GATEWAY_BODY_BYTES_MAX: the largest request could never"
            " be taken. Raise it, or lower the other"
        ),
    )


def _log_is_open(facts: Facts) -> Finding | None:
    host = facts.find("HOST")
    if not facts.find("LOGS_PUBLIC") or not host or is_loopback(host):
        return None
    return facts.finding(
        "LOGS_PUBLIC",
        tell("anybody who reaches {host} can read the masked request log without a key", host=host),
    )


MUST: tuple[Rule, ...] = (
    _key_is_set,
    key_is_no_example,
    key_is_long_enough,
    _client_keys_are_others,
    _differs("TOKEN_LIST_FILE", "TOKEN_FILE"),
    _differs("POOL_STATE_FILE", "TOKEN_FILE", "TOKEN_LIST_FILE"),
    _differs("REQUEST_LOG_FILE", "TOKEN_FILE", "TOKEN_LIST_FILE", "POOL_STATE_FILE"),
    _not_a_folder("TOKEN_FILE"),
    _not_a_folder("TOKEN_LIST_FILE"),
    _not_a_folder("POOL_STATE_FILE"),
    _not_a_folder("REQUEST_LOG_FILE"),
    _key_has_a_certificate,
    _bodies_hold_one,
)
SHOULD: tuple[Rule, ...] = (
    _log_is_open,
    key_is_good,
    key_can_be_tried_at_will,
)
