"""What a messages request asks for that not every upstream has.

It runs for every request, before anything is known of its routes.
"""

from __future__ import annotations

from typing import Final

from msgspec import Raw

from cursor_api.dialects.anthropic_messages.blocks import Blocks
from cursor_api.dialects.anthropic_messages.parameters import (
    CALLERS_TOOLS,
    FORCED,
    read_effort,
    read_output,
    read_tool_choice,
)
from cursor_api.dialects.anthropic_messages.schema import MessagesIn
from cursor_api.domain.features import Feature, RequestedFeature
from cursor_api.wire.json_lenient import NOTHING

# Each asks by being given. A value of the wrong type asks as any other does, since an upstream of
# this dialect gets it as it came.
FIELDS: Final = {
    "max_tokens": Feature.OUTPUT_MAX,
    "stop_sequences": Feature.STOP,
    "thinking": Feature.REASONING,
    "temperature": Feature.TEMPERATURE,
    "top_p": Feature.TOP_P,
    "top_k": Feature.TOP_K,
    "service_tier": Feature.SERVICE_TIER,
    "output_format": Feature.OUTPUT_FORM,
    "inference_geo": Feature.PLACE,
    "speed": Feature.OWN,
    "container": Feature.OWN,
    "mcp_servers": Feature.OWN,
    "context_management": Feature.OWN,
}
# Values that ask for nothing.
NEUTRAL: Final = frozenset({b"null", b"[]", b'"auto"', b'"standard"', b'"global"'})
# A longer value cannot be one of them and is not copied.
_SHORT_BYTES: Final = max(map(len, NEUTRAL))
_ITEMS: Final = tuple(FIELDS.items())


def read_features(asked: MessagesIn, blocks: Blocks) -> tuple[RequestedFeature, ...]:
    """What it asks for; `blocks` knows the first of its images and documents."""
    found: list[RequestedFeature] = []
    if asked.tools:
        _add_tools(asked, found)
    for name, feature in _ITEMS:
        raw = getattr(asked, name)
        if raw is not NOTHING and _asks(raw):
            found.append(RequestedFeature(feature, name))
    if asked.output_config is not NOTHING:
        _add_output(asked.output_config, found)
    found += [RequestedFeature(feature, place) for feature, place in blocks.places.items()]
    return tuple(found)


def _asks(raw: Raw) -> bool:
    value = memoryview(raw)
    return len(value) > _SHORT_BYTES or bytes(value) not in NEUTRAL


def _add_tools(asked: MessagesIn, found: list[RequestedFeature]) -> None:
    if all(tool.type not in CALLERS_TOOLS for tool in asked.tools or ()):
        return
    found.append(RequestedFeature(Feature.TOOLS, "tools"))
    choice = read_tool_choice(asked.tool_choice)
    if choice is not None and choice.kind in FORCED:
        found.append(RequestedFeature(Feature.FORCED_TOOLS, "tool_choice"))


def _add_output(output_config: Raw, found: list[RequestedFeature]) -> None:
    if read_effort(output_config) is not None:
        found.append(RequestedFeature(Feature.REASONING, "output_config.effort"))
    if read_output(output_config) is not None:
        found.append(RequestedFeature(Feature.OUTPUT_FORM, "output_config.format"))
