"""What the models of this dialect take, by their names: how they think, how much they write.

Rules of this file:
- The figures are Anthropic's own documentation of its models. A name is read for its line and its
  version, so that dates, dots and other vendors' prefixes do not matter.
- A newer Claude than any that is known here is taken for one like the newest.
- A model that is no Claude stands behind somebody's endpoint that speaks this dialect: it is asked
  for nothing that only Claude knows.
"""

from __future__ import annotations

import enum
import functools
import re
from typing import Final

from msgspec import Struct

from cursor_api.domain.chat import Effort

# More models than an operator uses.
KNOWN_MODELS_MAX: Final = 256

_NEWEST: Final = (99, 0)
# `claude-opus-4-5-20251101`, `claude-4.5-opus`, `claude-3-7-sonnet@20250219`; a date is no version.
_LINES: Final = "opus|sonnet|haiku|fable|mythos"
_NUMBER: Final = r"(\d{1,2})(?:[.-](\d{1,2}))?(?!\d)"
_LINE_FIRST: Final = re.compile(rf"claude-({_LINES})-{_NUMBER}")
_VERSION_FIRST: Final = re.compile(rf"claude-{_NUMBER}-({_LINES})")
_LINE_ONLY: Final = re.compile(rf"claude-({_LINES})")


class Thinking(enum.Enum):
    """How a model is told to think: not at all, up to so many tokens, or as it finds right."""

    NONE = "none"
    BUDGET = "budget"
    ADAPTIVE = "adaptive"


class Family(Struct, frozen=True):
    """What models like one take.

    `output_count` is what is allowed where the caller says nothing, and `output_count_max` what
    can be. `efforts` are the levels of `output_config.effort`, the lowest first. `is_always_on`:
    its thinking cannot be switched off. `has_one_sampler`: not temperature and top_p together.
    `has_system_turns`: a system message may stand among the turns. `has_forms`: it can be held to
    a JSON schema.
    """

    output_count: int
    output_count_max: int
    thinking: Thinking
    efforts: tuple[Effort, ...] = ()
    is_always_on: bool = False
    has_sampling: bool = True
    has_one_sampler: bool = False
    has_system_turns: bool = False
    has_forms: bool = False


# Most of them write at least so much, and some refuse to be asked for more.
FOREIGN: Final = Family(8192, 1 << 31, Thinking.BUDGET)

_LOW_TO_HIGH: Final = (Effort.LOW, Effort.MEDIUM, Effort.HIGH)


@functools.lru_cache(KNOWN_MODELS_MAX)
def family_of(model: str) -> Family:
    """What is known of a model by its name."""
    name = model.lower()
    if "claude" not in name:
        return FOREIGN
    line, version = _read_name(name)
    output_count, output_count_max = _output_counts(line, version)
    if version < (3, 7):
        return Family(output_count, output_count_max, Thinking.NONE)
    is_opus = line == "opus"
    return Family(
        output_count,
        output_count_max,
        Thinking.BUDGET if version < (4, 6) else Thinking.ADAPTIVE,
        _efforts(line, version),
        is_always_on=line in {"fable", "mythos"} or (is_opus and version >= (5, 5)),
        has_sampling=version < (4, 7),
        has_one_sampler=version >= (4, 1),
        has_system_turns=version != _NEWEST
        and version >= {"opus": (4, 8), "sonnet": (5, 5)}.get(line, (5, 0)),
        has_forms=version >= (4, 5),
    )


def _read_name(name: str) -> tuple[str, tuple[int, int]]:
    """The model line (`opus`, `sonnet`, …; "" where unknown) and its version."""
    if found := _LINE_FIRST.search(name):
        line, major, minor = found.groups()
    elif found := _VERSION_FIRST.search(name):
        major, minor, line = found.groups()
    else:
        only = _LINE_ONLY.search(name)
        return only[1] if only else "", _NEWEST
    return line, (int(major), int(minor or 0))


def _output_counts(line: str, version: tuple[int, int]) -> tuple[int, int]:
    """The default and the largest output limit. Before 4.5 prompt and limit share the context."""
    if version < (3, 7):
        count = 4096 if version < (3, 5) else 8192
        return count, count
    if version < (4, 5):
        return 32_000, 32_000 if line == "opus" else 64_000
    count = 64_000 if version < (4, 6) else 128_000
    return count, count


def _efforts(line: str, version: tuple[int, int]) -> tuple[Effort, ...]:
    if version < (4, 5) or (version < (4, 6) and line != "opus"):
        return ()
    if version < (4, 6):
        return _LOW_TO_HIGH
    return (*_LOW_TO_HIGH, *((Effort.XHIGH,) if version >= (4, 7) else ()), Effort.MAX)
