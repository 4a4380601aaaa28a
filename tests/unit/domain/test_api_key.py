"""What is kept of an API key, and what it may do."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from msgspec.structs import replace

from cursor_api.domain.api_key import (
    ID_FORM,
    RESERVED_IDS,
    ApiKey,
    KeyState,
    digest_of,
    hint_of,
    make_secret,
)
from cursor_api.domain.periods import Period, Unit
from cursor_api.domain.quota import Budget, Limits, Spent
from cursor_api.options.masking import MARK, redact_shapes

KEY = ApiKey("alice", b"d", "sk-ca-abcd", "Alice", 100.0)


def test_a_secret_has_256_bits_and_is_known_by_its_digest() -> None:
    """Lower-case letters and digits behind a beginning that clients know; the log hides it."""
    asked: list[int] = []

    def random(count: int) -> bytes:
        asked.append(count)
        return bytes(range(count))

    secret = make_secret(random)
    text = secret.reveal()
    assert asked == [32]
    assert text == "sk-ca-aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq"
    assert digest_of(text) == hashlib.sha256(text.encode()).digest()
    assert hint_of(secret) == "sk-ca-aaaq"
    assert redact_shapes(f"key {text}!") == f"key {MARK}!"


def test_a_key_is_let_in_until_it_expires_or_is_revoked() -> None:
    """To be revoked is final, whatever its time."""
    assert KEY.state(1e12) is KeyState.ACTIVE
    short = replace(KEY, expires_at=200.0)
    assert short.state(199.9) is KeyState.ACTIVE
    assert short.state(200.0) is KeyState.EXPIRED
    assert replace(short, revoked_at=150.0).state(199.9) is KeyState.REVOKED


def test_the_old_secret_ends_with_its_time_or_with_the_key() -> None:
    """Nobody is told that it is good for longer than it is."""
    rotated = replace(KEY, previous_until=500.0)
    assert rotated.find_previous_end(499.0) == 500.0
    assert rotated.find_previous_end(500.0) is None
    assert replace(rotated, revoked_at=200.0).find_previous_end(300.0) is None
    assert replace(rotated, expires_at=400.0).find_previous_end(450.0) is None
    assert KEY.find_previous_end(0.0) is None


def test_models_are_allowed_by_name_and_pattern() -> None:
    """An empty list allows all."""
    some = replace(KEY, models=("gpt-4o", "claude-*"))
    assert KEY.allows("anything")
    assert [some.allows(one) for one in ("gpt-4o", "claude-4", "gpt-4o-mini", "GPT-4o")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_request_is_counted_in_the_days_of_the_keys_zone() -> None:
    """In Auckland it is tomorrow already, and with it the next month."""
    at = dt.datetime(2025, 6, 30, 12, 30, tzinfo=dt.UTC).timestamp()
    budget = Limits(budget=Budget(1, Unit.TOKENS, Period.MONTH))
    claim = replace(KEY, zone="Pacific/Auckland", limits=budget).claim("r", Spent(5, 0), at)
    assert (claim.moment.day.name, claim.moment.period and claim.moment.period.name) == (
        "2025-07-01",
        "2025-07",
    )
    assert (claim.moment.at, claim.reserved, claim.key_id) == (at, Spent(5, 0), "alice")
    assert KEY.claim("r", Spent(5, 0), at).moment.period is None
    assert KEY.moment(at).day.name == "2025-06-30"


@pytest.mark.parametrize("name", ["a", "alice-laptop", "team.a_1", "0" * 64])
def test_an_id_is_a_plain_name(name: str) -> None:
    """It stands in addresses and logs."""
    assert ID_FORM.fullmatch(name)


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a-", "a/b", "ä", "0" * 65, "a\n"])
def test_nothing_else_is_an_id(name: str) -> None:
    """Capitals would make two keys that look like one."""
    assert not ID_FORM.fullmatch(name)


def test_some_names_are_taken() -> None:
    """Records call others so."""
    assert all(RESERVED_IDS.fullmatch(one) for one in ("operator", "passthrough", "client-12"))
    assert not RESERVED_IDS.fullmatch("client-a")
