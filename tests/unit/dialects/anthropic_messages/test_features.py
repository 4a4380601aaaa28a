"""What a request asks for that not every upstream has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.dialects.anthropic_messages.request import parse_request
from cursor_api.domain.features import Feature
from cursor_api.wire.limits import RequestLimits
from tests.steps import finish

PIXEL = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
PDF = {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}
LS = {"name": "ls", "input_schema": {"type": "object"}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"tools": []}, []),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, []),
        ({"tools": [LS], "tool_choice": {"type": "auto"}}, [(Feature.TOOLS, "tools")]),
        (
            {"tools": [LS], "tool_choice": {"type": "any"}},
            [(Feature.TOOLS, "tools"), (Feature.FORCED_TOOLS, "tool_choice")],
        ),
        (
            {"max_tokens": 5, "stop_sequences": [], "top_k": 4, "service_tier": "auto"},
            [(Feature.OUTPUT_MAX, "max_tokens"), (Feature.TOP_K, "top_k")],
        ),
        (
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
            [(Feature.REASONING, "thinking"), (Feature.REASONING, "output_config.effort")],
        ),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {}}}},
            [(Feature.OUTPUT_FORM, "output_config.format")],
        ),
        ({"speed": "standard", "inference_geo": "global", "container": None}, []),
        (
            {"speed": "fast", "inference_geo": "us", "mcp_servers": [{"type": "url"}]},
            [
                *((Feature.PLACE, "inference_geo"), (Feature.OWN, "speed")),
                (Feature.OWN, "mcp_servers"),
            ],
        ),
        (
            {"container": {"skills": []}, "context_management": {"edits": []}},
            [(Feature.OWN, "container"), (Feature.OWN, "context_management")],
        ),
    ],
)
def test_parameters_ask(fields: dict[str, Any], expected: list[tuple[Feature, str]]) -> None:
    """By being given, unless they ask for nothing."""
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **fields}
    parsed = finish(parse_request(json.dumps(body).encode(), RequestLimits()))
    assert [tuple(one) for one in parsed.chat.origin.features] == expected


def test_images_and_documents_ask_by_their_place() -> None:
    """The first of each."""
    result = {"type": "tool_result", "tool_use_id": "a", "content": [PIXEL]}
    link = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    messages = [{"role": "user", "content": [PDF, result, PIXEL, link, PDF]}]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    parsed = finish(parse_request(body, RequestLimits()))
    assert [tuple(one) for one in parsed.chat.origin.features] == [
        (Feature.DOCUMENTS, "messages.0.content.0"),
        (Feature.DOCUMENT_LINKS, "messages.0.content.0.source.url"),
        (Feature.IMAGES, "messages.0.content.1.content.0"),
        (Feature.IMAGE_LINKS, "messages.0.content.3.source"),
    ]


def test_a_document_of_an_earlier_turn_is_needed_no_more() -> None:
    """Who cannot read it answers without, and says so."""
    said = {"role": "assistant", "content": "b"}
    messages = [{"role": "user", "content": [PDF]}, said, {"role": "user", "content": "c"}]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    parsed = finish(parse_request(body, RequestLimits()))
    assert [tuple(one) for one in parsed.chat.origin.features] == [
        (Feature.EARLIER_DOCUMENTS, "messages.0.content.0")
    ]
