"""What is possible over which route, as the run has to find it, and in which words it says no."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from cursor_api.options.said import Words
from tests.clients.programs.client import FEATURES
from tests.clients.routes import ROUTES

NAMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "chat": Words("chat", "对话"),
        "turns": Words("a second turn", "多轮对话"),
        "stream": Words("streamed", "流式"),
        "usage": Words("usage", "用量"),
        "tools": Words("tool round trip", "工具往返"),
        "parallel": Words("parallel tools", "并行工具"),
        "required": Words("required tool", "强制调用工具"),
        "image": Words("image", "图片"),
        "document": Words("document", "文档"),
        "structured": Words("structured output", "结构化输出"),
        "reasoning": Words("reasoning", "思考过程"),
        "sampling": Words("temperature, `top_p`", "temperature、`top_p`"),
        "seed": Words("`seed`", "`seed`"),
        "logprobs": Words("log probabilities", "对数概率"),
        "many": Words("`n` above 1", "`n` 大于 1"),
        "stop": Words("stop texts", "停止词"),
        "output_max": Words("limit on tokens", "token 上限"),
        "error_400": Words("a 400, in the upstream's words", "400 错误，附上游原话"),
        "error_429": Words("a 429, in the upstream's words", "429 错误，附上游原话"),
    }
)


class Expected(NamedTuple):
    """What a feature comes to at a route: works, lacking or refused.

    `said` is how the gateway says so to a client of chat completions. `apis` are those over which
    it works all the same, because they are the upstream's own.
    """

    outcome: str = "works"
    said: str = ""
    apis: tuple[str, ...] = ()

    def over(self, api: str) -> str:
        """The outcome over one client API."""
        return "works" if api in self.apis else self.outcome


def _without(params: str) -> Expected:
    return Expected("lacking", f"x-ignored-params: {params}")


def _no_route(param: str, feature: str, *apis: str) -> Expected:
    said = f"No route of the model … has what '{param}' asks for: {feature}."
    return Expected("refused", said, apis)


_WORKS: Final = Expected()
_DOCUMENT: Final = ("messages[0].content[1].type", "documents")
_TEMPERATURE: Final = _without("temperature, top_p")
_SEED: Final = _without("seed")
_LOGPROBS: Final = _without("logprobs, top_logprobs")
_MANY: Final = _no_route("n", "several answers to one request")
_EXCEPTIONS: Final[Mapping[tuple[str, str], Expected]] = MappingProxyType(
    {
        ("document", "cursor-sdk"): _no_route(*_DOCUMENT),
        ("sampling", "cursor-sdk"): _TEMPERATURE,
        ("seed", "cursor-sdk"): _SEED,
        ("logprobs", "cursor-sdk"): _LOGPROBS,
        ("many", "cursor-sdk"): _MANY,
        ("tools", "cursor"): _without("tools"),
        ("parallel", "cursor"): _without("tools"),
        ("required", "cursor"): _no_route("tool_choice", "tool calls that are required"),
        ("document", "cursor"): _no_route(*_DOCUMENT),
        ("sampling", "cursor"): _TEMPERATURE,
        ("seed", "cursor"): _SEED,
        ("logprobs", "cursor"): _LOGPROBS,
        ("many", "cursor"): _MANY,
        # Of models that are not OpenAI's own.
        ("document", "openai"): Expected("refused", "", ("chat",)),
        # Of the newest models; the others take both.
        ("sampling", "anthropic"): Expected("lacking", _TEMPERATURE.said, ("messages",)),
        ("seed", "anthropic"): _SEED,
        ("logprobs", "anthropic"): _LOGPROBS,
        ("many", "anthropic"): _MANY,
    }
)
EXPECTED: Final[Mapping[tuple[str, str], Expected]] = MappingProxyType(
    {
        (feature, route.kind): _EXCEPTIONS.get((feature, route.kind), _WORKS)
        for feature in FEATURES
        for route in ROUTES
    }
)


def words_of(said: str) -> str:
    """What the gateway said, without the SDK's own words, the model's name and the advice."""
    refusal = re.search(r"No route of the model .*? asks for: [^.]*\.", said)
    return re.sub(r"the model '[^']+'", "the model …", refusal[0]) if refusal else said
