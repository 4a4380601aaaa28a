"""Large bodies for every client API and for upstreams of every kind.

Each is written anew for an upstream of another dialect than its own, and passed on to one of its
own. The models are called as the kinds of their upstreams.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from tests.soak.shapes import SAID, Shape, fill

SDK_MODEL: Final = "cursor-sdk"
MODELS: Final = ("openai", "anthropic", SDK_MODEL)
# What a client with all its tools and a repository in its prompt sends at most.
PROMPT_BYTES: Final = 3 << 20
TOOL_COUNT: Final = 128
MESSAGE_COUNT: Final = 10_000
# Of nobody's letters, and with line ends to be escaped.
UNIT: Final = "中文\\n".encode()
SCHEMA: Final = b'{"type":"object","properties":{"path":{"type":"string"}}}'

_PATHS: Final = {
    "chat": b"/v1/chat/completions",
    "messages": b"/v1/messages",
    "responses": b"/v1/responses",
}
_HEADS: Final = {
    "chat": b'{"model":"%b","messages":[',
    "messages": b'{"model":"%b","max_tokens":64,"messages":[',
    "responses": b'{"model":"%b","input":[',
}
_TOOLS: Final = {
    "chat": b'{"type":"function","function":{"name":"tool_%d","parameters":' + SCHEMA + b"}}",
    "messages": b'{"name":"tool_%d","input_schema":' + SCHEMA + b"}",
    "responses": b'{"type":"function","name":"tool_%d","parameters":' + SCHEMA + b"}",
}


def many_messages(api: str, model: str) -> bytes:
    """Ten thousand of a thousand letters."""
    return _HEADS[api] % model.encode() + fill(SAID, MESSAGE_COUNT) + b"]}"


def long_prompt(api: str, model: str) -> bytes:
    """Three megabytes of text, and tools."""
    text = UNIT * (PROMPT_BYTES // len(UNIT))
    tools = b",".join(_TOOLS[api] % number for number in range(TOOL_COUNT))
    message = b'{"role":"user","content":"%b"}' % text
    return _HEADS[api] % model.encode() + message + b'],"tools":[' + tools + b"]}"


_MAKERS: Final[Mapping[str, Callable[[str, str], bytes]]] = {
    "ten thousand messages": many_messages,
    "3 MB and 128 tools": long_prompt,
}
ROUTED: Final[Mapping[str, Shape]] = {
    f"{what}, {api} to {model}": Shape(partial(make, api, model), path=_PATHS[api])
    for model in MODELS
    for api in _PATHS
    for what, make in _MAKERS.items()
}
