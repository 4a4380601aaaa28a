"""Secrets hide."""

from __future__ import annotations

import pytest

from cursor_api.domain.caller import Caller
from cursor_api.domain.credential import Credential, CredentialForm, Secret, find_unusual
from cursor_api.domain.value import replace

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


def test_a_caller_shows_no_credential() -> None:
    """A caller's repr may end up in a traceback."""
    caller = Caller("passthrough", credentials=(Credential("a", Secret(JWT), ""),))
    assert JWT not in repr(caller)


def test_a_credential_is_the_same_wherever_it_is_kept() -> None:
    """In the settings or in a file; its name, secret, binding and endpoint make it."""
    one = Credential("a", Secret("s"), "b", "e")
    configured = replace(one, is_configured=True)
    assert one == configured
    assert len({one, configured}) == 1
    others = [replace(one, **{name: "x"}) for name in ("alias", "binding", "endpoint")]
    assert one not in [*others, replace(one, secret=Secret("x")), "a"]


def test_what_nobody_has_seen_is_told_by_what_it_should_be() -> None:
    """Of its own form; a form that says it all is never asked about."""
    exact = CredentialForm("a", lambda text: text.startswith("k_"), is_bound=False, title="a key")
    open_one = CredentialForm(
        "b", lambda _text: True, is_bound=True, title="a token", is_usual=str.isdigit
    )
    forms = (exact, open_one)
    assert find_unusual("k_x", forms) == ()
    assert find_unusual("123", forms) == ()
    assert find_unusual("abc", forms) == ("a key", "a token")
    assert find_unusual("abc", (exact,)) == ()
