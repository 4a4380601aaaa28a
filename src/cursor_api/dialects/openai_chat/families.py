"""What the servers of this dialect take, by a model's name and by who serves it.

Rules of this file:
- It is for requests that are written anew. One that came in this dialect goes on as it came; but
  for its usage nobody asks who refuses to be asked.
- OpenAI's models know fields that other servers refuse, and the reverse. What is not known is
  asked for only what every server takes.
- A newer model of OpenAI's than any that is known here is taken for one like the newest.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from msgspec import Struct

from cursor_api.domain.chat import Effort

# More models than an operator uses.
KNOWN_MODELS_MAX: Final = 256

MAX_TOKENS: Final = "max_tokens"
MAX_COMPLETION_TOKENS: Final = "max_completion_tokens"

# `gpt-5.2`, `openai/gpt-4o`, `o3-mini`; gpt-oss is what anybody may serve, and gpt-35 what Azure
# calls gpt-3.5.
_GPT: Final = re.compile(r"\bgpt-(?!oss|35)(\d{1,2})(?:\.(\d{1,2}))?")
_O_SERIES: Final = re.compile(r"(?:^|[/:])o\d(?!\w)")
_OPENAI_OTHER: Final = re.compile(r"\bchatgpt|\bcodex|\bgpt-35")
_OPENAI_HOSTS: Final = ("api.openai.com", ".azure.com")
_MISTRAL: Final = re.compile(r"mistral|mixtral|ministral|codestral|devstral|magistral|pixtral")
# Azure has models of others, too; there a name that says nothing is one that the operator chose.
_NOT_OPENAIS: Final = re.compile(
    rf"claude|deepseek|gpt-oss|grok|kimi|llama|qwen|{_MISTRAL.pattern}"
)
_MISTRAL_HOSTS: Final = ("api.mistral.ai",)
_DEEPSEEK_HOSTS: Final = ("api.deepseek.com",)
# Their models think unless `thinking` says that they shall not; no effort says so.
_SWITCHED_HOSTS: Final = (
    *_DEEPSEEK_HOSTS,
    *("api.moonshot.cn", "api.moonshot.ai", "open.bigmodel.cn", "api.z.ai"),
)
# But for these, which refuse to be told so.
_ALWAYS_ON: Final = re.compile(r"\bkimi-k(?:2\.7-code|3)")
# They think in any case.
_THINKING: Final = re.compile(r"gpt-oss|gemini")
# They refuse calls that come back without the thoughts that led to them, even to none.
_OWING: Final = re.compile(r"deepseek|kimi")
# They tell thoughts as `reasoning`, and take them back under that name only.
_REASONING_HOSTS: Final = ("api.groq.com", "api.cerebras.ai")

# They refuse a round of calls that comes back without a signature of theirs.
_GOOGLE_HOSTS: Final = (".googleapis.com",)
_SIGNING: Final = re.compile(r"gemini-(?![12]\b)")

_LOW_TO_HIGH: Final = (Effort.LOW, Effort.MEDIUM, Effort.HIGH)


class Family(Struct, frozen=True):
    """What models like one take.

    - `output_max`: the name of the limit on an answer's tokens.
    - `thoughts`: the field of an assistant's message that brings its thoughts back; "" for none.
      `owes_thoughts`: a message with calls needs some. `owes_signature`: its first call needs one.
    - `efforts`: the levels of `reasoning_effort`, the lowest first. `is_switched`: that it shall
      not think at all is said in `thinking`.
    - `is_openai`: it takes what only OpenAI has, as system messages anywhere, parts of text, `user`
      and `prompt_cache_key`.
    - `has_sampling`: it takes temperature and the like, and stop texts.
    - `has_cache_marks`: it takes Anthropic's.
    - `has_short_call_ids`: those of calls have nine letters and digits.
    - `has_verbosity`: it can be told how long to answer.
    - `tells_usage`: a stream of its tells the usage unasked, and it refuses to be asked.
    """

    output_max: str = MAX_TOKENS
    thoughts: str = "reasoning_content"
    owes_thoughts: bool = False
    efforts: tuple[Effort, ...] = (Effort.NONE, *_LOW_TO_HIGH)
    is_switched: bool = False
    is_openai: bool = False
    has_sampling: bool = True
    has_cache_marks: bool = False
    has_short_call_ids: bool = False
    has_verbosity: bool = False
    owes_signature: bool = False
    tells_usage: bool = False


@functools.lru_cache(KNOWN_MODELS_MAX)
def family_of(model: str, host: str = "") -> Family:
    """What is known of a model by its name, and by the host that serves it."""
    name = model.lower()
    gpt, is_o_series = _GPT.search(name), _O_SERIES.search(name) is not None
    is_named = gpt is not None or is_o_series or _OPENAI_OTHER.search(name) is not None
    is_others = _NOT_OPENAIS.search(name) is not None
    if is_named or (host.endswith(_OPENAI_HOSTS) and not is_others):
        version = (int(gpt[1]), int(gpt[2] or 0)) if gpt else None
        return _openai_family(name, version, is_o_series=is_o_series)
    if "claude" in name:
        efforts = (Effort.NONE, Effort.MINIMAL, *_LOW_TO_HIGH, Effort.XHIGH)
        return Family(efforts=efforts, has_cache_marks=True)
    if host.endswith(_MISTRAL_HOSTS) or _MISTRAL.search(name):
        return Family(
            thoughts="",
            efforts=(),
            has_short_call_ids=True,
            tells_usage=host.endswith(_MISTRAL_HOSTS),
        )
    return _other_family(name, host)


def level_of(effort: Effort, family: Family) -> str | None:
    """The nearest level that a model knows, rather above than below; None for none."""
    if not family.efforts:
        return None
    order = list(Effort)
    fitting = [one for one in family.efforts if order.index(one) >= order.index(effort)]
    return (fitting[0] if fitting else family.efforts[-1]).value


def _other_family(name: str, host: str) -> Family:
    is_at_home = host.endswith(_SWITCHED_HOSTS)
    if host.endswith(_DEEPSEEK_HOSTS):
        efforts: tuple[Effort, ...] = (Effort.LOW, Effort.HIGH, Effort.MAX)
    elif is_at_home or _THINKING.search(name):
        efforts = _LOW_TO_HIGH
    else:
        efforts = () if "llama" in name else (Effort.NONE, *_LOW_TO_HIGH)
    if host.endswith(_REASONING_HOSTS):
        return Family(thoughts="reasoning", efforts=efforts)
    is_switched = is_at_home and _ALWAYS_ON.search(name) is None
    owes_thoughts = _OWING.search(name) is not None
    return Family(
        owes_thoughts=owes_thoughts,
        efforts=efforts,
        is_switched=is_switched,
        owes_signature=host.endswith(_GOOGLE_HOSTS) and _SIGNING.search(name) is not None,
    )


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
        has_verbosity=thinks and version is not None and version >= (5, 0),
    )


def _openai_efforts(version: tuple[int, int], *, is_codex: bool) -> tuple[Effort, ...]:
    highest = (Effort.XHIGH,) if version >= (5, 2) else ()
    if version < (5, 0) or is_codex:
        return (*_LOW_TO_HIGH, *highest)
    return (Effort.MINIMAL if version < (5, 1) else Effort.NONE, *_LOW_TO_HIGH, *highest)
