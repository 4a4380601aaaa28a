"""What an operator must know, as long as it is so."""

from __future__ import annotations

import enum
from typing import NamedTuple


class AlertKind(enum.Enum):
    """The closed set. The value is what the webhook is told."""

    CREDENTIAL_QUARANTINED = "credential_quarantined"
    CREDENTIAL_EXPIRES = "credential_expires"
    CREDENTIAL_EXPIRED = "credential_expired"
    BUDGET_NEARLY_SPENT = "budget_nearly_spent"
    BUDGET_SPENT = "budget_spent"
    NOBODY_LEFT = "nobody_left"
    UPSTREAM_OPEN = "upstream_open"
    RECORDS_NOT_WRITTEN = "records_not_written"
    RECORDS_DROPPED = "records_dropped"
    SHARED_STATE_AWAY = "shared_state_away"


class Alert(NamedTuple):
    """`subject` is what it is about (an alias, an API key, an upstream), "" for the whole gateway.

    `text` is a sentence for a person, without any secret.
    """

    kind: AlertKind
    subject: str
    text: str


class AlertChange(NamedTuple):
    """An alert that began, or is over. `at` is unix seconds."""

    alert: Alert
    is_over: bool
    at: float
