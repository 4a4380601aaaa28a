"""What the servers of this dialect take, by a model's name and by who serves it.

Rules of this file:
- It is asked only for requests that are written anew. One that came in this dialect goes on as it
  came.
- OpenAI's models know fields that other servers refuse, and the reverse. What is not known is
  asked for only what every server takes.
- A newer model of OpenAI's than any that is known here is taken for one like the newest.
"""

from __future__ import annotations

import functools
import re
from typing import Final, NamedTuple

from cursor_api.domain.chat import Effort

# More models than an operator uses.
KNOWN_MODELS_MAX: Final = 256

MAX_TOKENS: Final = "max_tokens"
MAX_COMPLETION_TOKENS: Final = "max_completion_tokens"

# `gpt-5.2`, `openai/gpt-4o`, `o3-mini`; gpt-oss is what anybody may serve.
_GPT: Final = re.compile(r"\bgpt-(?!oss)(\d{1,2})(?:\.(\d{1,2}))?")
_O_SERIES: Final = re.compile(r"(?:^|[/:])o\d(?!\w)")
_OPENAI_OTHER: Final = re.compile(r"\bchatgpt|\bcodex")
_OPENAI_HOSTS: Final = ("api.openai.com", ".azure.com")
_MISTRAL: Final = re.compile(r"mistral|mixtral|ministral|codestral|devstral|magistral|pixtral")
_MISTRAL_HOSTS: Final = ("api.mistral.ai",)
# They tell thoughts as `reasoning`, and take them back under that name only.
_REASONING_HOSTS: Final = ("api.groq.com", "api.cerebras.ai")

_LOW_TO_HIGH: Final = (Effort.LOW, Effort.MEDIUM, Effort.HIGH)


class Family(NamedTuple):
    """What models like one take.

    `output_max`: the name of the limit on an answer's tokens. `thoughts`: the field of an
    assistant's message that brings its thoughts back; "" where there is none. `efforts`: the
    levels of `reasoning_effort`, the lowest first. `is_openai`: it takes what only OpenAI has:
    system messages anywhere, `user`, `prompt_cache_key`. `has_sampling`: it takes temperature and
    the like, and stop texts. `has_cache_marks`: it takes Anthropic's.
    """

    output_max: str = MAX_TOKENS
    thoughts: str = "reasoning_content"
    efforts: tuple[Effort, ...] = (Effort.NONE, *_LOW_TO_HIGH)
    is_openai: bool = False
    has_sampling: bool = True
    has_cache_marks: bool = False


@functools.lru_cache(KNOWN_MODELS_MAX)
def family_of(model: str, host: str = "") -> Family:
    """What is known of a model by its name, and by the host that serves it."""
    name = model.lower()
    gpt, is_o_series = _GPT.search(name), _O_SERIES.search(name) is not None
    is_named = gpt is not None or is_o_series or _OPENAI_OTHER.search(name) is not None
    if is_named or host.endswith(_OPENAI_HOSTS):
        version = (int(gpt[1]), int(gpt[2] or 0)) if gpt else None
        return _openai_family(name, version, is_o_series=is_o_series)
    if "claude" in name:
        efforts = (Effort.NONE, Effort.MINIMAL, *_LOW_TO_HIGH, Effort.XHIGH)
        return Family(efforts=efforts, has_cache_marks=True)
    thoughts = "reasoning" if host.endswith(_REASONING_HOSTS) else "reasoning_content"
    if host.endswith(_MISTRAL_HOSTS) or _MISTRAL.search(name):
        return Family(thoughts="", efforts=())
    if "gpt-oss" in name or "gemini" in name:
        # They think in any case.
        return Family(thoughts=thoughts, efforts=_LOW_TO_HIGH)
    return Family(thoughts=thoughts, efforts=() if "llama" in name else Family().efforts)


def level_of(effort: Effort, family: Family) -> str | None:
    """The nearest level that a model knows, rather above than below; None for none."""
    order = list(Effort)
    fitting = [one for one in family.efforts if order.index(one) >= order.index(effort)]
    if not family.efforts:
        return None
    return (fitting[0] if fitting else family.efforts[-1]).value


def _openai_family(name: str, version: tuple[int, int] | None, *, is_o_series: bool) -> Family:
    is_codex = "codex" in name
    thinks = is_o_series or is_codex or (version is not None and version >= (5, 0))
    if "chat" in name:
        thinks = False
    return Family(
        MAX_COMPLETION_TOKENS,
        thoughts="",
        efforts=_openai_efforts(version or (0, 0), is_codex=is_codex) if thinks else (),
        is_openai=True,
        has_sampling=not thinks,
    )


def _openai_efforts(version: tuple[int, int], *, is_codex: bool) -> tuple[Effort, ...]:
    highest = (Effort.XHIGH,) if version >= (5, 2) else ()
    if version < (5, 0) or is_codex:
        return (*_LOW_TO_HIGH, *highest)
    return (Effort.MINIMAL if version < (5, 1) else Effort.NONE, *_LOW_TO_HIGH, *highest)
