"""How much a model shall think, in the words of its family.

Rules of this file:
- Where the caller says nothing, nothing is said: each model has its own habit.
- A model that is given a budget cannot be made to call a tool while it thinks, and takes no other
  temperature. What forces a call goes before thinking, and thinking before the temperature.
- With a budget, a round of calls goes on only with the thoughts that led to it. Clients of other
  dialects cannot bring them back: such a round goes on without thinking.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from cursor_api.dialects.anthropic_messages.families import Family, Thinking
from cursor_api.dialects.anthropic_messages.turns import Object, Turn
from cursor_api.domain.chat import Choice, Effort, Reasoning, ToolChoice
from cursor_api.domain.content import Role

# The least that the API takes.
BUDGET_MIN: Final = 1024
# For models that know no effort, in tokens.
BUDGETS: Final = {
    Effort.MINIMAL: BUDGET_MIN,
    Effort.LOW: 4096,
    Effort.MEDIUM: 10_000,
    Effort.HIGH: 24_000,
    Effort.XHIGH: 32_000,
    Effort.MAX: 48_000,
}
_ORDER: Final = tuple(Effort)
_FORCED: Final = frozenset({Choice.ANY, Choice.NAMED})
_THOUGHTS: Final = frozenset({"thinking", "redacted_thinking"})


class ThinkingFields(Struct, frozen=True):
    """What is written: `thinking` and `effort`, each only where it is said."""

    thinking: Object | None = None
    effort: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether the model is told to think."""
        return self.thinking is not None and self.thinking["type"] != "disabled"


def write_thinking(
    asked: Reasoning | None,
    family: Family,
    output_count: int,
    turns: list[Turn],
    choice: ToolChoice | None,
) -> ThinkingFields:
    """What says how much to think, for an answer of so many tokens at the most."""
    if asked is None or family.thinking is Thinking.NONE:
        return ThinkingFields()
    effort, budget = asked
    is_forced = choice is not None and choice.kind in _FORCED
    if effort is Effort.NONE or budget == 0:
        return _without(family)
    if family.thinking is Thinking.ADAPTIVE:
        level = _level(effort or _effort_of(budget), family)
        on: Object = {"type": "adaptive", "display": "summarized"}
        return ThinkingFields(None if is_forced else on, level)
    level = _level(effort, family)
    if is_forced or _is_round_unthought(turns):
        return ThinkingFields(None, level)
    wanted = budget or BUDGETS[effort or Effort.MEDIUM]
    # Half of what the answer may have is left for the answer.
    wanted = min(max(wanted, BUDGET_MIN), max(output_count // 2, BUDGET_MIN))
    if wanted >= output_count:
        return ThinkingFields(None, level)
    return ThinkingFields({"type": "enabled", "budget_tokens": wanted}, level)


def _without(family: Family) -> ThinkingFields:
    if family.thinking is Thinking.BUDGET:
        return ThinkingFields()
    if family.is_always_on:
        return ThinkingFields(None, _level(Effort.LOW, family))
    return ThinkingFields({"type": "disabled"})


def _level(effort: Effort | None, family: Family) -> str | None:
    """The nearest level that the model knows, rather above than below; None for none."""
    if effort is None or not family.efforts:
        return None
    wanted = _ORDER.index(effort)
    fitting = [one for one in family.efforts if _ORDER.index(one) >= wanted]
    return (fitting[0] if fitting else family.efforts[-1]).value


def _effort_of(budget: int | None) -> Effort | None:
    """The effort that a budget stands for; None where there is none."""
    if budget is None:
        return None
    return next((effort for effort, most in BUDGETS.items() if budget <= most), Effort.MAX)


def _is_round_unthought(turns: list[Turn]) -> bool:
    """Whether results come back of calls that no thought led to."""
    if turns[-1].role is not Role.USER or not turns[-1].results:
        return False
    calling = next((turn for turn in reversed(turns) if turn.role is Role.ASSISTANT), None)
    return calling is None or calling.content[0]["type"] not in _THOUGHTS
