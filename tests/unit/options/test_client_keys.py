"""Keys of callers, with names and without."""

from __future__ import annotations

import pytest

from cursor_api.domain.credential import NamedSecret, Secret
from cursor_api.options.client_keys import CLIENT_KEYS_MAX, client_keys

KIND = client_keys()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("key one, key-two ,,", [("key one", ""), ("key-two", "")]),
        (",", []),
        ("anna::key one, b.ob@home:: key:two", [("key one", "anna"), ("key:two", "b.ob@home")]),
        ("anna::a::b", [("a::b", "anna")]),
    ],
)
def test_what_is_accepted(text: str, keys: list[tuple[str, str]]) -> None:
    """A name ends at the first `::`; the rest is the key."""
    assert [(one.reveal(), one.name) for one in KIND.parse(text)] == keys


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("same-one,same-one", "a key twice: number 2 is number 1"),
        ("a::same-one,b::same-one", "a key twice: number 2 is number 1"),
        ("anna::one,Anna::two", "a name twice"),
        ("one,anna::", "number 2 has nothing after"),
        ("::canary", "of number 1 as a name"),
        ("an na::canary", "of number 1 as a name"),
        ("安娜::canary", "HTTP header"),
        ("operator::canary", "the gateway's own"),
        ("Client-7::canary", "the gateway's own"),
        ("fine,schlüssel", "HTTP header"),
        ("a\nb", "HTTP header"),
        (",".join(str(number) for number in range(CLIENT_KEYS_MAX + 1)), "more than"),
    ],
)
def test_what_is_refused(text: str, words: str) -> None:
    """In words that name the place and never show the key."""
    with pytest.raises(ValueError, match=r"^cannot") as caught:
        KIND.parse(text)
    assert words in str(caught.value)
    assert "canary" not in str(caught.value)


def test_only_names_are_shown() -> None:
    """In the list of settings."""
    assert KIND.show(KIND.parse("canary-1")) == "set (1 key, hidden)"
    assert KIND.show(KIND.parse("canary-1,anna::canary-2")) == "set (2 keys, hidden: anna)"


def test_the_secret_is_the_key() -> None:
    """The name tells two of one text apart, so that a reload sees a change of names."""
    named = NamedSecret("a-key-of-anna-0123", "anna")
    assert named == Secret("a-key-of-anna-0123")
    assert Secret("a-key-of-anna-0123") == named
    assert named != NamedSecret("a-key-of-anna-0123", "bob")
    assert named in (Secret("x"), NamedSecret("a-key-of-anna-0123", "anna"))
    assert "key-of-anna" not in f"{named!r} {named}"


def test_a_message_does_not_show_what_was_given() -> None:
    """It may be a key."""
    assert "canary" not in KIND.quote("canary-1,canary-1")
