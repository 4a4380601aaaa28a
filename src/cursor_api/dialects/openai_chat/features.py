"""What a chat request asks for that not every upstream has.

Rules of this file:
- It runs for every request, before anything is known of its routes: a look at each field that was
  given, and at what little of it says whether it asks for anything. A value of the wrong type asks
  as any other does, since an upstream of this dialect gets it as it came.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Final

import msgspec

from cursor_api.dialects.openai_chat.parameters import is_forced
from cursor_api.dialects.openai_chat.schema import ChatIn
from cursor_api.domain.features import Feature, RequestedFeature
from cursor_api.wire.json_lenient import NOTHING

# Each with what it asks for.
FIELDS: Final = {
    "tools": Feature.TOOLS,
    "functions": Feature.TOOLS,
    "tool_choice": Feature.FORCED_TOOLS,
    "function_call": Feature.FORCED_TOOLS,
    "response_format": Feature.OUTPUT_FORM,
    "max_tokens": Feature.OUTPUT_MAX,
    "max_completion_tokens": Feature.OUTPUT_MAX,
    "stop": Feature.STOP,
    "reasoning_effort": Feature.REASONING,
    "reasoning": Feature.REASONING,
    "temperature": Feature.TEMPERATURE,
    "top_p": Feature.TOP_P,
    "top_k": Feature.TOP_K,
    "frequency_penalty": Feature.PENALTIES,
    "presence_penalty": Feature.PENALTIES,
    "seed": Feature.SEED,
    "logprobs": Feature.LOGPROBS,
    "top_logprobs": Feature.LOGPROBS,
    "logit_bias": Feature.LOGIT_BIAS,
    "service_tier": Feature.SERVICE_TIER,
    "verbosity": Feature.VERBOSITY,
    "modalities": Feature.SPEECH,
    "web_search_options": Feature.OWN,
    "moderation": Feature.OWN,
}
# Fields that ask for nothing, besides those without a value.
NEUTRAL: Final[dict[str, frozenset[bytes]]] = {
    "tools": frozenset({b"[]"}),
    "functions": frozenset({b"[]"}),
    "tool_choice": frozenset({b'"auto"', b'"none"'}),
    "function_call": frozenset({b'"auto"', b'"none"'}),
    "stop": frozenset({b"[]"}),
    "frequency_penalty": frozenset({b"0", b"0.0"}),
    "presence_penalty": frozenset({b"0", b"0.0"}),
    "logprobs": frozenset({b"false"}),
    "top_logprobs": frozenset({b"0"}),
    "logit_bias": frozenset({b"{}"}),
    "service_tier": frozenset({b'"auto"', b'"default"'}),
    "verbosity": frozenset({b'"medium"'}),
    "modalities": frozenset({b"[]", b'["text"]'}),
}
# Longer values are not looked at: none of those above is, nor is a form that asks for text.
SHORT_BYTES: Final = 64

_NONE: Final[frozenset[bytes]] = frozenset()
_BRACE: Final = ord("{")
_NULL: Final = b"null"
_ITEMS: Final = tuple(FIELDS.items())
_given_in: Final = operator.attrgetter(*FIELDS)
_NOTHING_GIVEN: Final = (NOTHING,) * len(FIELDS)
_PLAIN: Final = msgspec.json.Decoder(dict[str, object])


def read_features(chat: ChatIn, places: Mapping[Feature, str]) -> tuple[RequestedFeature, ...]:
    """What it asks for; `places` are those of its first part of each kind."""
    found: list[RequestedFeature] = []
    given = _given_in(chat)
    if given != _NOTHING_GIVEN:
        for (name, feature), raw in zip(_ITEMS, given, strict=True):
            if raw is not NOTHING and _asks(name, raw):
                found.append(RequestedFeature(feature, name))
    if chat.n is not None and chat.n != 1:
        found.append(RequestedFeature(Feature.MANY_ANSWERS, "n"))
    if places:
        found += [RequestedFeature(feature, place) for feature, place in places.items()]
    return tuple(found)


def _asks(name: str, raw: msgspec.Raw) -> bool:
    view = memoryview(raw)
    if name == "tool_choice" and view[0] == _BRACE:
        return is_forced(raw)
    if len(view) > SHORT_BYTES:
        return True
    value = bytes(view)
    if value == _NULL or value in NEUTRAL.get(name, _NONE):
        return False
    return name != "response_format" or not _is_text(value)


def _is_text(value: bytes) -> bool:
    """Whether a form is the usual one, `{"type": "text"}`."""
    try:
        return _PLAIN.decode(value).get("type") == "text"
    except msgspec.MsgspecError:
        return False
