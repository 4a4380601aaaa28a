"""Session tokens in every spelling."""

from __future__ import annotations

import pytest

from cursor_api.upstreams.cursor.forms import SESSION_TOKEN, split_token

JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ4In0.c2ln"


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


def test_whatever_is_of_no_other_form_is_a_session_token() -> None:
    """Tokens are opaque; each belongs to the editor's endpoint and has a device of its own."""
    assert all(map(SESSION_TOKEN.is_form_of, (JWT, "opaque", "")))
    assert (SESSION_TOKEN.endpoint, SESSION_TOKEN.is_bound) == ("cursor", True)
