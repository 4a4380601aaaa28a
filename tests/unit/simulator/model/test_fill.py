from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from cursor_api.simulator.model.fill import fill
from cursor_api.simulator.model.subjects import find_subjects

STRING = {"type": "string"}
NODE = {
    "type": "object",
    "properties": {"value": {"type": "integer"}, "next": {"$ref": "#/$defs/Node"}},
    "required": ["value"],
}
TREE = {
    "type": "object",
    "properties": {"name": STRING, "children": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["name", "children"],
    "additionalProperties": False,
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "anything": {},
    "types": {
        "type": "object",
        "properties": {
            "text": STRING,
            "count": {"type": "integer", "minimum": 10, "exclusiveMaximum": 12},
            "ratio": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "flag": {"type": "boolean"},
            "nothing": {"type": "null"},
            "maybe": {"type": ["null", "string"]},
            "tags": {"type": "array", "items": STRING, "minItems": 3, "uniqueItems": True},
            "pair": {"prefixItems": [{"type": "integer"}, STRING], "items": False, "minItems": 2},
            "few": {"type": "array", "items": STRING, "maxItems": 0},
        },
        "required": ["text", "other"],
    },
    "choices": {
        "type": "object",
        "properties": {
            "const": {"const": {"a": 1}},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "union": {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 7}]},
            "one": {"oneOf": [{"type": "string", "maxLength": 2}, {"type": "integer"}]},
            "units": {
                "type": "array",
                "items": {"enum": ["a", "b", "c"]},
                "minItems": 2,
                "uniqueItems": True,
            },
        },
    },
    "lengths": {
        "type": "object",
        "properties": {
            "long": {"type": "string", "minLength": 50},
            "short": {"type": "string", "maxLength": 3},
        },
    },
    "formats": {
        "type": "object",
        "properties": {
            name: {"type": "string", "format": name}
            for name in ("date-time", "date", "time", "email", "uri", "ipv4", "ipv6", "uuid")
        },
    },
    "patterns": {
        "type": "object",
        "properties": {
            str(number): {"type": "string", "pattern": pattern}
            for number, pattern in enumerate(
                (r"^\d{5}$", r"^[A-Z]{3}$", r"^#[0-9a-f]{6}$", r"^\d{4}-\d{2}-\d{2}$", "^a{20}$")
            )
        },
    },
    "references": {"$ref": "#/$defs/Node", "$defs": {"Node": NODE}},
    "tree": TREE,
    "old references": {
        "type": "object",
        "properties": {"a": {"allOf": [{"$ref": "#/definitions/A"}], "description": "…"}},
        "definitions": {"A": {"type": "object", "properties": {"x": STRING}, "required": ["x"]}},
    },
    "all of": {
        "allOf": [
            {"type": "object", "properties": {"a": STRING}, "required": ["a"]},
            {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
        ]
    },
    "map": {
        "type": "object",
        "additionalProperties": {"type": "integer"},
        "minProperties": 1,
    },
}


@pytest.mark.parametrize("is_optional_filled", [True, False])
@pytest.mark.parametrize("name", SCHEMAS)
def test_what_is_filled_is_valid(name: str, *, is_optional_filled: bool) -> None:
    """As a validator says that is not ours."""
    schema = SCHEMAS[name]
    found = fill(schema, find_subjects("hello"), is_optional_filled=is_optional_filled)
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(found)


def test_what_the_question_speaks_of_is_taken() -> None:
    """By the names of the properties, their descriptions and the order of numbers."""
    schema = {
        "type": "object",
        "properties": {
            "userName": STRING,
            "age": {"type": "integer"},
            "cities": {"type": "array", "items": STRING},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "where": {"type": "string", "description": "The file's path"},
            "mail": {"type": "string", "format": "email"},
            "score": {"type": "number", "maximum": 9},
        },
    }
    question = (
        "Jason is 25 years old, was at Paris and Oslo, likes Fahrenheit, has a.txt and the score"
        " 8.5; write to jason@example.com"
    )
    assert fill(schema, find_subjects(question), is_optional_filled=True) == {
        "userName": "Jason",
        "age": 25,
        "cities": ["Paris", "Oslo"],
        "unit": "fahrenheit",
        "where": "a.txt",
        "mail": "jason@example.com",
        "score": 8.5,
    }


def test_what_nothing_fits_is_null() -> None:
    """A schema that needs itself without end, or leads nowhere, ends."""
    endless = {"$ref": "#"}
    assert fill(endless, find_subjects(""), is_optional_filled=True) is None
    needs = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    assert fill(needs, find_subjects(""), is_optional_filled=True) is not None
    lost = {"$ref": "#/nowhere/0"}
    assert isinstance(fill(lost, find_subjects(""), is_optional_filled=True), str)
