"""Names, lists and headers of upstreams and models."""

from __future__ import annotations

from typing import Any

import pytest

from cursor_api.domain.catalog import Route
from cursor_api.domain.credential import Secret
from cursor_api.options.kinds import Kind
from cursor_api.options.names import (
    LIST_MAX,
    api_keys,
    headers,
    model_name,
    model_names,
    plain_name,
    routes,
)

ACCEPTED: list[tuple[Kind, str, Any]] = [
    (plain_name(), "open-router.2_b", "open-router.2_b"),
    (model_name(), "org/model:tag", "org/model:tag"),
    (model_names(), "a, b/c ,,", ("a", "b/c")),
    (routes(), "work/a, work/org/b:c", (Route("work", "a"), Route("work", "org/b:c"))),
    (api_keys(), "key one, key-two", (Secret("key one"), Secret("key-two"))),
    (headers(), '{"X-Team": "red"}', (("X-Team", Secret("red")),)),
    (headers(), "{}", ()),
]

REFUSED: list[tuple[Kind, str]] = [
    *((plain_name(), text) for text in ("", "-a", "a b", "a/b", "ü", "a" * 65)),
    *((model_name(), text) for text in ("a b", "a,b", "模型", "a" * 257)),
    *((model_names(), text) for text in ("a, a", "a b", ",".join(map(str, range(LIST_MAX + 1))))),
    *((routes(), text) for text in ("model", "/model", "work/", "wo rk/a", "a/b, a/b")),
    *((api_keys(), text) for text in ("same,same", "a\nb", "schlüssel")),
    *((headers(), text) for text in ("[]", "nonsense", '{"a b": "x"}', '{"x": 1}')),
    *((headers(), text) for text in ('{"Host": "x"}', '{"x": "a\\nb"}', '{"x": "ü"}')),
]


@pytest.mark.parametrize(("kind", "text", "value"), ACCEPTED)
def test_what_is_accepted(kind: Kind, text: str, value: object) -> None:
    """Whatever upstreams and people call things."""
    assert kind.parse(text) == value


@pytest.mark.parametrize(("kind", "text"), REFUSED)
def test_what_is_refused(kind: Kind, text: str) -> None:
    """With what is wanted, and without what was given."""
    with pytest.raises(ValueError, match=r"^(is|cannot|has)") as caught:
        kind.parse(text)
    assert len(text) <= 6 or text not in str(caught.value)


def test_every_example_parses() -> None:
    """What an error message offers works."""
    for kind in (plain_name(), model_name(), model_names(), routes(), api_keys()):
        for example in kind.examples:
            kind.parse(example)


def test_what_is_secret_is_not_shown() -> None:
    """Keys by their number, headers by their names; what was given not at all."""
    assert api_keys().show((Secret("canary"), Secret("canary-2"))) == "set (2 keys, hidden)"
    assert headers().show((("x-team", Secret("canary")),)) == "x-team (values hidden)"
    assert "canary" not in api_keys().quote("canary") + headers().quote('{"x": "canary"}')


def test_lists_are_shown_as_they_are_written() -> None:
    """So that they can be copied."""
    assert model_names().show(("a", "b")) == "a, b"
    assert routes().show((Route("work", "a"), Route("cursor", "b"))) == "work/a, cursor/b"
