"""What operators did: who, when, what, and to what. Never a secret, and never what anybody said."""

from __future__ import annotations

import enum
from typing import NamedTuple

# Who works at the command line, on the stores themselves. No API key can be called so.
COMMAND_LINE = "command-line"
# Whoever has changed the files of credentials, by hand or with a command.
FILES = "files"
# Whoever has sent SIGHUP, after a change of the settings.
SIGNAL = "signal"
# A longer subject is cut.
SUBJECT_LENGTH_MAX = 500


class ActKind(enum.Enum):
    """The closed set. The value is what is kept."""

    KEY_CREATED = "key_created"
    KEY_CHANGED = "key_changed"
    KEY_ROTATED = "key_rotated"
    KEY_REVOKED = "key_revoked"
    KEY_DELETED = "key_deleted"
    PRICE_SET = "price_set"
    PRICE_REMOVED = "price_removed"
    SETTING_CHANGED = "setting_changed"
    SETTINGS_RELOADED = "settings_reloaded"
    UPSTREAM_ADDED = "upstream_added"
    CREDENTIAL_ADDED = "credential_added"
    CREDENTIAL_CHANGED = "credential_changed"
    CREDENTIAL_REMOVED = "credential_removed"
    TOKENS_REPLACED = "tokens_replaced"
    RECORDS_DELETED = "records_deleted"


class Act(NamedTuple):
    """One act. `at` is unix seconds; `actor` is the name of the caller, as records have it.

    `kind` is an ActKind's value: a later version may have more of them. `subject` is what it was
    done to: a key's id, the name of a setting, the alias of a credential.
    """

    at: float
    actor: str
    kind: str
    subject: str


class KeptAct(NamedTuple):
    """An act with its number, which counts up in the order in which acts were kept."""

    number: int
    act: Act


class ActQuery(NamedTuple):
    """Which acts are wanted, the last ones first: at most `acts_max`, numbered below `before`.

    Instants are unix seconds, `until` excluded. None is any.
    """

    acts_max: int
    before: int | None = None
    since: float | None = None
    until: float | None = None
    actor: str | None = None
    kind: ActKind | None = None
