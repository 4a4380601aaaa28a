"""What must hold between settings, and what is allowed but worth a word: the form of such rules.

Rules of this file:
- A rule looks at parsed values and gives its finding or None; a value that could not be parsed is
  missing, and rules about it say nothing: it has its own finding.
- Each finding says what to do, and holds no secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from cursor_api.options.setting import fields_of, is_options


class Finding(Struct, frozen=True):
    """Something that is wrong, or looks wrong, and what to do about it.

    `variable` is the setting's name, or "" when it is about a file; `where` says which place,
    like "environment", ".env:3" or "cursor-api.toml:7". Holds no secret.
    """

    variable: str
    where: str
    message: str

    def __str__(self) -> str:
        if not self.variable:
            return f"{self.where}: {self.message}" if self.where else self.message
        where = f" ({self.where})" if self.where else ""
        return f"{self.variable}{where}: {self.message}"


class Facts(Struct, frozen=True):
    """Parsed values by name, and for those somebody gave the place where they stand.

    The names are those of variables; about one upstream they are those of its keys in TOML, and
    `labels` says what to call them.
    """

    values: Mapping[str, Any]
    places: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Any:
        """The value; None when it is unset or could not be parsed."""
        return self.values.get(name)

    def label(self, name: str) -> str:
        """What users know it by."""
        return self.labels.get(name, name)

    def finding(self, name: str, message: str) -> Finding:
        """About this value, where it stands."""
        return Finding(self.label(name), self.places.get(name, ""), message)


Rule = Callable[[Facts], Finding | None]


class Rules(Struct, frozen=True):
    """Problems and warnings. An options class has its own in the class variable `RULES`."""

    must: tuple[Rule, ...] = ()
    should: tuple[Rule, ...] = ()


def check(rules: tuple[Rule, ...], facts: Facts) -> tuple[Finding, ...]:
    """The findings of all rules, in their order."""
    return tuple(finding for rule in rules if (finding := rule(facts)))


def rules_of(options: type) -> Rules:
    """The rules of an options class and of those in its fields."""
    own: Rules = getattr(options, "RULES", Rules())
    for one in fields_of(options):
        if is_options(one.type):
            inner = rules_of(one.type)
            own = Rules(own.must + inner.must, own.should + inner.should)
    return own


def find_mode(path: Path) -> int:
    """The file's mode, 0 for whatever cannot be looked at (pathlib's own questions raise)."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0
