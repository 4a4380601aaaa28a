"""What some vendors' servers refuse of this dialect, made such as they take it.

Rules of this file:
- Only what a host is known to refuse, and only there: every other request goes on as it came.
- It is what agents send by themselves. Claude Code switches thinking off for its helpers, beside
  the effort that its user has chosen, or says nothing of it.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from cursor_api.dialects.anthropic_messages.families import FOREIGN, family_of

Fields = dict[str, Any]

# An effort is refused where thinking is switched off (deepseek-ai/DeepSeek-V3, issue 1397).
_DEEPSEEK: Final = frozenset({"api.deepseek.com"})
_KIMI: Final = frozenset({"api.moonshot.cn", "api.moonshot.ai", "api.kimi.com"})
# Has to be told to think (MoonshotAI/Kimi-K2, issue 141; anthropics/claude-code, issue 69379).
_ALWAYS_THINKS: Final = re.compile(r"\bkimi-k2\.7-code")
# Takes no system turn (MiniMax-AI/MiniMax-M2.7, issue 43).
_MINIMAX: Final = frozenset({"api.minimax.io", "api.minimaxi.com"})


def suit(fields: Fields, model: str, host: str) -> Fields:
    """The fields of a request for this model of a host, as that takes them."""
    if host in _DEEPSEEK and _type_of_thinking(fields) == "disabled":
        return _without_effort(fields)
    is_always_on = host in _KIMI and _ALWAYS_THINKS.search(model.lower()) is not None
    if is_always_on and _type_of_thinking(fields) in (None, "disabled"):
        return {**fields, "thinking": {"type": "enabled"}}
    return fields


def takes_system_turns(model: str, host: str) -> bool:
    """Whether a system message may stand among the turns; of others nothing is known."""
    family = family_of(model)
    return host not in _MINIMAX and (family is FOREIGN or family.has_system_turns)


def _without_effort(fields: Fields) -> Fields:
    rest = {name: value for name, value in fields.items() if name != "reasoning_effort"}
    config = _read(rest.pop("output_config", None))
    if isinstance(config, dict):
        config.pop("effort", None)
    return {**rest, "output_config": config} if config else rest


def _type_of_thinking(fields: Fields) -> object:
    """None where nothing is said of it."""
    thinking = _read(fields.get("thinking"))
    return thinking.get("type") if isinstance(thinking, dict) else None


def _read(value: object) -> Any:
    """A field as it came in JSON, or as it is about to be written, as plain values."""
    return msgspec.json.decode(msgspec.json.encode(value))
