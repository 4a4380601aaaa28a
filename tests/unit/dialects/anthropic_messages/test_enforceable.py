"""Which schemas the API takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.dialects.anthropic_messages.enforceable import (
    OPTIONAL_MAX,
    SCHEMA_BYTES_MAX,
    UNIONS_MAX,
    is_enforceable,
)


def of(schema: Any, **more: Any) -> bytes:
    """An object with one field of this schema."""
    fields = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return json.dumps({**fields, "additionalProperties": False, **more}).encode()


def closed(**properties: Any) -> dict[str, Any]:
    """An object that has these fields and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "string", "description": "who", "title": "Who", "default": "me"},
        {"type": "string", "format": "date-time"},
        {"type": ["string", "null"]},
        {"enum": ["a", 1, None]},
        {"const": "a"},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "array", "items": {"type": "integer"}, "minItems": 1},
        {"anyOf": [{"type": "number"}, {"type": "null"}]},
        closed(b={"type": "boolean"}),
        {"$ref": "#/$defs/B"},
    ],
)
def test_what_strict_clients_write_is_enforced(schema: Any) -> None:
    """As OpenAI's own clients write it."""
    assert is_enforceable(of(schema, **{"$defs": {"B": closed(c={"type": "string"})}}))


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        3,
        {"type": "string", "minLength": 1},
        {"type": "string", "pattern": "^a"},
        {"type": "string", "format": "colour"},
        {"type": "string", "format": []},
        {"type": "integer", "minimum": 0},
        {"type": "array"},
        {"type": "array", "items": {"type": "string"}, "minItems": 2},
        {"type": "array", "items": {"type": "string"}, "minItems": []},
        {"type": "object", "properties": {}},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "additionalProperties": False, "properties": []},
        {"type": "whatever"},
        {"type": [[]]},
        {"enum": [{"a": 1}]},
        {"enum": []},
        {"enum": 1},
        {"anyOf": []},
        {"anyOf": 1},
        {"anyOf": [{"type": "string"}], "description": "x", "type": "string"},
        {"oneOf": [{"type": "string"}]},
        {"$ref": "#/$defs/C"},
        {"$ref": "https://example.com/schema"},
        {"$ref": []},
        {"$ref": "#/$defs/Loop"},
        {"$ref": "#"},
    ],
)
def test_what_the_api_would_refuse_is_left_to_whoever_checks(schema: Any) -> None:
    """A request with it would be a 400."""
    loop = closed(next={"anyOf": [{"$ref": "#/$defs/Loop"}, {"type": "null"}]})
    assert not is_enforceable(
        of(schema, **{"$defs": {"Loop": loop}} if "$ref" in str(schema) else {})
    )


def test_what_is_no_schema_or_too_much_of_one_is_not() -> None:
    """Each within the API's own limits."""
    for body in (b"", b"{", b"[]", b'{"type":"string"}', b"{}", b"[" * 9999):
        assert not is_enforceable(body)
    assert not is_enforceable(of({"type": "string", "description": "x" * SCHEMA_BYTES_MAX}))

    def unions(count: int) -> bytes:
        return json.dumps(
            closed(**{f"f{i}": {"type": ["string", "null"]} for i in range(count)})
        ).encode()

    def optional(count: int) -> bytes:
        schema = closed(**{f"f{i}": {"type": "string"} for i in range(count)})
        return json.dumps(schema | {"required": []}).encode()

    assert is_enforceable(unions(UNIONS_MAX))
    assert not is_enforceable(unions(UNIONS_MAX + 1))
    assert is_enforceable(optional(OPTIONAL_MAX))
    assert not is_enforceable(optional(OPTIONAL_MAX + 1))
