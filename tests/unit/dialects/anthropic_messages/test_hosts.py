"""What some hosts refuse, and how it is written for them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from cursor_api.dialects.anthropic_messages.hosts import suit, takes_system_turns

DEEPSEEK, KIMI, OTHER = "api.deepseek.com", "api.moonshot.ai", "api.anthropic.com"
OFF: dict[str, Any] = {"thinking": {"type": "disabled"}}
ON: dict[str, Any] = {"thinking": {"type": "enabled"}}
EFFORT = {"output_config": {"effort": "max"}}
FORM = {"format": {"type": "json_schema"}}


@pytest.mark.parametrize(
    ("host", "model", "given", "expected"),
    [
        (DEEPSEEK, "deepseek-v4-pro", OFF | EFFORT, OFF),
        (DEEPSEEK, "deepseek-v4-pro", OFF | {"reasoning_effort": "max", "x": 1}, OFF | {"x": 1}),
        (
            DEEPSEEK,
            "deepseek-v4-pro",
            OFF | {"output_config": {"effort": "max", **FORM}},
            OFF | {"output_config": FORM},
        ),
        (DEEPSEEK, "deepseek-v4-pro", OFF, OFF),
        (DEEPSEEK, "deepseek-v4-pro", ON | EFFORT, ON | EFFORT),
        (DEEPSEEK, "deepseek-v4-pro", EFFORT, EFFORT),
        (OTHER, "claude-opus-4-8", OFF | EFFORT, OFF | EFFORT),
        (KIMI, "kimi-k2.7-code", OFF, ON),
        (KIMI, "kimi-k2.7-code-highspeed", {}, ON),
        (KIMI, "kimi-k2.7-code", {"thinking": None}, ON),
        (KIMI, "kimi-k2.6", OFF, OFF),
        (OTHER, "kimi-k2.7-code", OFF, OFF),
    ],
)
def test_only_what_a_host_is_known_to_refuse_is_changed(
    host: str, model: str, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    """As it came in JSON, and as it is about to be written."""
    assert suit(given, model, host) == expected
    raw = {name: Raw(json.dumps(value).encode()) for name, value in given.items()}
    found = suit(raw, model, host)
    assert {name: _plain(value) for name, value in found.items()} == expected


def test_what_is_changed_is_a_copy() -> None:
    """The caller's request may be sent to another host next."""
    given = {**OFF, **EFFORT}
    suit(given, "deepseek-v4-pro", DEEPSEEK)
    assert given == {**OFF, **EFFORT}


@pytest.mark.parametrize(
    ("model", "host", "takes"),
    [
        ("claude-opus-4-8", OTHER, True),
        ("claude-sonnet-4-5", OTHER, False),
        ("deepseek-v4-pro", DEEPSEEK, True),
        ("MiniMax-M3", "api.minimaxi.com", False),
    ],
)
def test_some_take_no_system_turn(model: str, host: str, takes: bool) -> None:  # noqa: FBT001 - a case
    """A Claude by its version, others by what is known of their host."""
    assert takes_system_turns(model, host) is takes


def _plain(value: object) -> object:
    return json.loads(bytes(value)) if isinstance(value, Raw) else value
