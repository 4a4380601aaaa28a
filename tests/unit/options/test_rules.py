"""Findings name the value, where it stands and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from msgspec import Struct, field

from cursor_api.options.rules import Facts, Finding, Rules, check, find_mode, rules_of


def _is_loud(facts: Facts) -> Finding | None:
    return facts.finding("volume", "is loud") if facts.find("volume") == "loud" else None


def _is_far(facts: Facts) -> Finding | None:
    return facts.finding("place", "is far") if facts.find("place") == "far" else None


class Inner(Struct, frozen=True):
    """Has a rule of its own."""

    RULES: ClassVar[Rules] = Rules(must=(_is_far,))


class Outer(Struct, frozen=True):
    """Has a rule, and options inside."""

    inner: Inner = field(default_factory=Inner)
    volume: str = "low"

    RULES: ClassVar[Rules] = Rules(should=(_is_loud,))


def test_a_finding_reads_as_one_sentence_with_its_place() -> None:
    """The name, where it stands if somebody gave it, the message; a file stands alone."""
    assert str(Finding("PORT", ".env:3", "is odd")) == "PORT (.env:3): is odd"
    assert str(Finding("PORT", "", "is odd")) == "PORT: is odd"
    assert str(Finding("", ".env:3", "is odd")) == ".env:3: is odd"


def test_facts_name_a_value_as_users_know_it() -> None:
    """By its label where it has one, at the place where it stands."""
    facts = Facts({"volume": "loud"}, {"volume": ".env:3"}, {"volume": "RADIO_VOLUME"})
    (found,) = check((_is_loud,), facts)
    assert str(found) == "RADIO_VOLUME (.env:3): is loud"
    assert (facts.label("volume"), facts.label("other")) == ("RADIO_VOLUME", "other")


def test_rules_say_nothing_about_what_is_missing() -> None:
    """It has a finding of its own."""
    assert check((_is_loud, _is_far), Facts({}, {})) == ()


def test_a_class_has_its_rules_and_those_inside() -> None:
    """Those of the options in its fields come behind its own."""
    assert rules_of(Outer) == Rules(must=(_is_far,), should=(_is_loud,))
    assert rules_of(Inner) == Rules(must=(_is_far,))


def test_what_cannot_be_looked_at_has_no_mode(tmp_path: Path) -> None:
    """A link to itself, a name too long, nothing at all."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path in (tmp_path / "loop", tmp_path / ("x" * 5000), tmp_path / "gone"):
        assert find_mode(path) == 0
    assert find_mode(tmp_path)
