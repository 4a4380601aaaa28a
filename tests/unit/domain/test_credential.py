"""Secrets hide, tokens split."""

from __future__ import annotations

import pytest

from cursor_api.domain.caller import Caller
from cursor_api.domain.credential import Credential, Secret, split_token

JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ4In0.c2ln"


def test_a_secret_never_shows_itself() -> None:
    """Every ordinary way to turn a secret into text gives its mask."""
    secret = Secret(JWT)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>20}",
        repr(Credential("a", secret, "c")),
    ]
    assert all(JWT not in text for text in shown)
    assert secret.masked == "eyJh…c2ln"
    assert secret.reveal() == JWT


@pytest.mark.parametrize("text", ["", "short", "fifteen-letters"])
def test_a_short_secret_shows_nothing_at_all(text: str) -> None:
    """Edges of a short secret would be most of it."""
    assert Secret(text).masked == "…"


def test_secrets_compare_by_value() -> None:
    """Two spellings of one credential are found to be the same."""
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


@pytest.mark.parametrize(
    ("text", "alias", "token"),
    [
        (JWT, None, JWT),
        (f"user_01AB::{JWT}", "user_01AB", JWT),
        (f"user_01AB%3A%3A{JWT}", "user_01AB", JWT),
        (f"user_01AB%3a%3a{JWT}", "user_01AB", JWT),
        (f"work::{JWT}", "work", JWT),
        (f"work::user_01AB%3A%3A{JWT}", "work", JWT),
        (f"work::user_01AB::{JWT}", "work", JWT),
        (f"::{JWT}", None, JWT),
        ("opaque-thing", None, "opaque-thing"),
        ("工作::opaque", "工作", "opaque"),
    ],
)
def test_all_spellings_of_a_token_are_understood(text: str, alias: str | None, token: str) -> None:
    """Cookie, url-encoded cookie, alias and bare token all give the bearer itself."""
    assert split_token(text) == (alias, token)


def test_a_caller_shows_no_credential() -> None:
    """A caller's repr may end up in a traceback."""
    caller = Caller("passthrough", credentials=(Credential("a", Secret(JWT), ""),))
    assert JWT not in repr(caller)
