"""What comes into an `[[upstream]]` block, and which field is to blame where nothing can."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.domain.errors import StoreError
from cursor_api.installed import SCHEMA
from cursor_api.options.rules import Finding
from cursor_api.ports.configuration import WrongUpstreamError
from cursor_api.ports.upstream_blocks import INVALID, MISSING, TAKEN, NewUpstream
from cursor_api.settings import load_settings
from cursor_api.settings.upstream_blocks import (
    Place,
    add_block,
    describe,
    find_preset,
    parse_keys,
    read_config,
    require_right,
    show_upstreams,
)

KEY = "sk-0123456789abcdefghijkl"
BLOCK = '[[upstream]]\nname = "mine"\nkind = "openai"\napi_key = "-"\n'


def test_a_preset_is_found_by_each_of_its_names() -> None:
    """In any case; a name of its own comes before another one's."""
    kimi = find_preset(SCHEMA.presets, "Kimi")
    assert kimi is not None
    assert kimi.name == "moonshot"
    assert find_preset(SCHEMA.presets, "nobody") is None


def test_an_address_given_makes_a_name_only_a_name() -> None:
    """Else it is the preset of that name, or the one that is named beside it."""
    assert describe(SCHEMA, NewUpstream("groq")).entries["base_url"].startswith("https://api.groq")
    own = describe(SCHEMA, NewUpstream("groq", base_url="https://a.example", models=("a", "b")))
    assert own.preset is None
    assert own.entries == {
        "name": "groq",
        "kind": "openai",
        "base_url": "https://a.example",
        "models": ["a", "b"],
    }
    second = describe(SCHEMA, NewUpstream("second", "Claude", allow_http=True))
    assert (second.entries["kind"], second.entries["allow_http"]) == ("anthropic", True)


@pytest.mark.parametrize(
    ("new", "field", "code"),
    [
        (NewUpstream("a b"), "name", INVALID),
        (NewUpstream(SCHEMA.own_kinds[0]), "name", TAKEN),
        (NewUpstream("x", preset="nobody"), "preset", INVALID),
        (NewUpstream("x", kind="telepathy", base_url="https://a.example"), "kind", INVALID),
        (NewUpstream("x"), "base_url", MISSING),
    ],
)
def test_what_cannot_be_is_told_with_its_field(new: NewUpstream, field: str, code: str) -> None:
    """Before anything is written."""
    with pytest.raises(WrongUpstreamError) as caught:
        describe(SCHEMA, new)
    assert (caught.value.field, caught.value.code) == (field, code)


def test_keys_are_taken_a_line_each() -> None:
    """Once each; what is none is not repeated."""
    assert parse_keys([f" {KEY} ", "", KEY, "other-key"]) == (Secret(KEY), Secret("other-key"))
    for wrong in ("two words", "schlüssel-0123"):
        with pytest.raises(WrongUpstreamError) as caught:
            parse_keys([wrong])
        assert caught.value.field == "keys"
        assert wrong not in str(caught.value)


def test_a_finding_names_the_field_that_it_is_about() -> None:
    """As far as it is one of what was given."""
    for variable, field in (
        ("upstream.x.base_url", "base_url"),
        ("upstream.x.api_key_file", "keys"),
        ("model.m.routes", ""),
    ):
        with pytest.raises(WrongUpstreamError) as caught:
            require_right("x", [Finding(variable, "", "is wrong")])
        assert caught.value.field == field
    require_right("x", [])


def test_keys_come_into_a_file_of_their_owners_or_not_at_all(tmp_path: Path) -> None:
    """A block that is refused leaves no key behind, and somebody else's file stays."""
    place = Place(tmp_path / "cursor-api.toml", tmp_path)
    entries = describe(SCHEMA, NewUpstream("groq")).entries
    keys = (Secret(KEY),)

    def refuse(_draft: object) -> None:
        raise WrongUpstreamError("base_url", "is wrong")

    with pytest.raises(WrongUpstreamError):
        add_block(place, entries, keys, refuse)
    assert not place.key_file("groq").exists()
    assert not place.config.exists()
    add_block(place, entries, keys, lambda _draft: None)
    assert place.key_file("groq").read_text() == f"{KEY}\n"
    assert stat.S_IMODE(place.key_file("groq").stat().st_mode) == 0o600
    assert 'api_key_file = ".groq.key"' in place.config.read_text()
    place.key_file("xai").write_text("old")
    for name in ("groq", "xai"):
        with pytest.raises(WrongUpstreamError, match="already") as caught:
            add_block(place, entries | {"name": name}, keys, lambda _draft: None)
        assert (caught.value.field, caught.value.code) == ("name", TAKEN)
    assert place.key_file("xai").read_text() == "old"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """One that is not there is empty."""
    assert read_config(tmp_path / "none.toml") == ""
    (tmp_path / "a.toml").write_bytes(b"\xff")
    with pytest.raises(StoreError, match="not UTF-8"):
        read_config(tmp_path / "a.toml")


def test_each_upstream_is_shown_with_where_its_keys_are(tmp_path: Path) -> None:
    """And with none of them."""
    (tmp_path / "keys").write_text(f"{KEY}\n{KEY}x\n")
    (tmp_path / "cursor-api.toml").write_text(
        BLOCK + BLOCK.replace("mine", "two").replace('api_key = "-"', 'api_key_file = "keys"')
    )
    loaded = load_settings(SCHEMA, {"AUTH_TOKEN": KEY}, tmp_path)
    shown = {one.name: one for one in show_upstreams(SCHEMA, loaded)}
    assert shown[SCHEMA.own_kinds[0]].keys_from == "token_files"
    assert (shown["mine"].keys_from, shown["mine"].models) == ("toml", None)
    two = shown["two"]
    assert (two.keys_from, two.keys_place, two.key_count) == ("file", str(tmp_path / "keys"), 2)
    assert KEY not in repr(shown)
