"""Every secret is found, wherever it is."""

from __future__ import annotations

import pytest
from msgspec import Struct

from cursor_api.domain.credential import Credential, Secret
from cursor_api.settings.secrets import find_secrets


class Inner(Struct, frozen=True):
    """Options inside others."""

    keys: tuple[Secret, ...]
    name: str = "canary"


class Outer(Struct, frozen=True):
    """Options."""

    inner: Inner
    key: Secret | None
    headers: tuple[tuple[str, Secret], ...] = ()


def found(value: object) -> list[str]:
    """What is hidden."""
    return [secret.reveal() for secret in find_secrets(value)]


def test_secrets_are_found_in_options_and_tuples() -> None:
    """In the order of the fields; what is unset, empty or plain text is none."""
    assert found((Credential("canary", Secret("four")),)) == ["four"]
    options = Outer(Inner((Secret("one"), Secret(""), Secret("two"))), None, (("x", Secret("3")),))
    assert found(options) == ["one", "two", "3"]


def test_a_password_in_an_address_is_a_secret_by_itself() -> None:
    """As it is written and as it is meant: logs may show either."""
    assert found(Secret("http://me:p%40ss@proxy:1")) == [
        *("http://me:p%40ss@proxy:1", "p%40ss", "p@ss"),
    ]


@pytest.mark.parametrize("text", ["http://proxy:1", "http://[", "plain", "http://me@proxy"])
def test_other_texts_are_one_secret(text: str) -> None:
    """No address, a broken one, or one without a password."""
    assert found(Secret(text)) == [text]
