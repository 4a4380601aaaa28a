"""What callers present: API keys of the operator's making, each with what it may do.

The secret itself is shown once, when it is made. What is kept is its SHA-256: of 256 random bits
nobody finds a secret by trying, so that a slow hash would only cost time.
"""

from __future__ import annotations

import base64
import datetime as dt
import enum
import functools
import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cursor_api.domain.credential import Secret
from cursor_api.domain.periods import Moment, Period, Span, find_span
from cursor_api.domain.permission import Permission
from cursor_api.domain.price import fits
from cursor_api.domain.quota import NO_LIMITS, Claim, Limits, Spent
from cursor_api.domain.value import Value

SECRET_BYTES = 32
# The first characters are those by which clients and people know an API key.
SECRET_PREFIX = "sk-ca-"  # noqa: S105 - no secret
SHOWN_LENGTH = len(SECRET_PREFIX) + 4
UTC = "UTC"
# No day begins within one: the clocks of all zones differ by whole quarters of an hour.
SLOT_S = 900
# It stands in records, logs and addresses.
ID_FORM = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
# Whom records know by these names is no API key.
RESERVED_IDS = re.compile(r"operator|passthrough|command-line|files|signal|client-[0-9]+")


class KeyState(enum.Enum):
    """Whether a key is let in."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class KeyTerms(NamedTuple):
    """What the operator says of a key: who has it and what it may do; see ApiKey."""

    name: str
    owner: str = ""
    note: str = ""
    role: Permission = Permission.CHAT
    models: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS
    zone: str = UTC
    expires_at: float | None = None


class ApiKey(Value, frozen=True):
    """One key. Instants are unix seconds.

    `id` is what records call it, the same for its whole life; `name`, `owner` and `note` are any
    words. `models` are names with `*` for any text; () allows all. `hint` is how the secret
    begins. `digest` is that of the secret; the one before it is let in until `previous_until`.
    `zone` is the time zone of its days. `version` counts the changes, from 1.
    """

    id: str
    digest: bytes
    hint: str
    name: str
    created_at: float
    owner: str = ""
    note: str = ""
    role: Permission = Permission.CHAT
    models: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS
    zone: str = UTC
    expires_at: float | None = None
    revoked_at: float | None = None
    previous_digest: bytes | None = None
    previous_until: float | None = None
    version: int = 1

    @property
    def terms(self) -> KeyTerms:
        """What can be changed of it."""
        return KeyTerms._make(getattr(self, name) for name in KeyTerms._fields)

    def state(self, at: float) -> KeyState:
        """Whether it is let in at this instant."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if self.expires_at is not None and self.expires_at <= at:
            return KeyState.EXPIRED
        return KeyState.ACTIVE

    def find_previous_end(self, at: float) -> float | None:
        """Until when its old secret is let in; None where it is not at this instant."""
        until = self.previous_until
        is_let_in = until is not None and until > at and self.state(at) is KeyState.ACTIVE
        return until if is_let_in else None

    def allows(self, model: str) -> bool:
        """Whether it may ask this model, by the name that the request gives."""
        return not self.models or any(fits(one, model) for one in self.models)

    def moment(self, at: float) -> Moment:
        """This instant in the days and periods of the key."""
        slot, budget = int(at // SLOT_S), self.limits.budget
        return Moment(
            at,
            _find_span(Period.DAY, self.zone, slot),
            _find_span(budget.period, self.zone, slot) if budget else None,
        )

    def claim(self, request_id: str, reserved: Spent, at: float) -> Claim:
        """What a request of this key claims of its limits."""
        return Claim(self.id, request_id, self.limits, reserved, self.moment(at))


def make_secret(random: Callable[[int], bytes]) -> Secret:
    """A new one. `random` gives so many unforeseeable bytes."""
    # Lower-case letters and digits alone: it is selected by one double click and read aloud.
    text = base64.b32encode(random(SECRET_BYTES)).decode().rstrip("=").lower()
    return Secret(SECRET_PREFIX + text)


def digest_of(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def hint_of(secret: Secret) -> str:
    """By which its owner knows it again; it tells nothing of the rest."""
    return secret.reveal()[:SHOWN_LENGTH]


@functools.lru_cache(maxsize=1024)
def _find_span(period: Period, zone: str, slot: int) -> Span:
    # Machines without a database of zones know this one.
    found = dt.UTC if zone == UTC else ZoneInfo(zone)
    return find_span(period, found, slot * SLOT_S)
