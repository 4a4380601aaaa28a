"""Whether Anthropic's API can hold a model to a JSON schema, in an answer or in a strict tool.

It takes a part of JSON Schema and refuses a request with anything else. What it does not take is
left to whoever checks the answer afterwards.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

# A larger schema is not looked through; real ones have some kilobytes.
SCHEMA_BYTES_MAX: Final = 64 << 10

_ANNOTATIONS: Final = frozenset({"title", "description", "default", "$schema"})
_DEFINITIONS: Final = ("$defs", "definitions")
_FORMATS: Final = frozenset(
    {
        *("date-time", "time", "date", "duration", "email", "hostname", "uri"),
        *("ipv4", "ipv6", "uuid"),
    }
)
# By the type, what may stand beside it.
_BY_TYPE: Final = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "minItems"}),
    "string": frozenset({"format", "enum", "const"}),
    "integer": frozenset({"enum", "const"}),
    "number": frozenset({"enum", "const"}),
    "boolean": frozenset({"enum", "const"}),
    "null": frozenset({"enum", "const"}),
}

# The API's own limits: choices between types, and fields that may be left out.
UNIONS_MAX: Final = 16
OPTIONAL_MAX: Final = 24

Schema = dict[str, Any]


def is_enforceable(schema: bytes) -> bool:
    """Whether every answer to this schema can be made to fit it."""
    if len(schema) > SCHEMA_BYTES_MAX:
        return False
    try:
        root: Any = msgspec.json.decode(schema)
    except (msgspec.DecodeError, RecursionError):
        return False
    return isinstance(root, dict) and root.get("type") == "object" and _Check(root).is_good()


class _Check:
    """One look through a schema and what it defines."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._defined: dict[str, Any] = {}
        for place in _DEFINITIONS:
            inner = root.get(place, {})
            if isinstance(inner, dict):
                self._defined |= {f"#/{place}/{name}": schema for name, schema in inner.items()}
        # By what is defined (the root is ""), what it refers to.
        self._references: dict[str, set[str]] = {}
        self._union_count = self._optional_count = 0

    def is_good(self) -> bool:
        """All keywords are supported, no definition is recursive, the API's limits are kept."""
        parts = {"": self._root, **self._defined}
        return (
            all(self._is_part_good(*part) for part in parts.items())
            and not self._is_circular()
            and self._union_count <= UNIONS_MAX
            and self._optional_count <= OPTIONAL_MAX
        )

    def _is_part_good(self, name: str, schema: Any) -> bool:
        found = self._references.setdefault(name, set())
        todo = [schema]
        while todo:
            one = todo.pop()
            if not isinstance(one, dict):
                return False
            names = one.keys() - _ANNOTATIONS - (set(_DEFINITIONS) if one is self._root else set())
            reference = one.get("$ref")
            if isinstance(reference, str):
                if names != {"$ref"} or reference not in self._defined:
                    return False
                found.add(reference)
            elif not _is_known(one, names):
                return False
            self._count(one)
            todo += _inner(one)
        return True

    def _count(self, schema: Schema) -> None:
        self._union_count += "anyOf" in schema or isinstance(schema.get("type"), list)
        fields, required = schema.get("properties", {}), schema.get("required", [])
        self._optional_count += max(len(fields) - len(required), 0)

    def _is_circular(self) -> bool:
        """Remove definitions that refer to none of the rest; what cannot be removed is a cycle."""
        left = dict(self._references)
        while left:
            done = {name for name, found in left.items() if not found & left.keys()}
            if not done:
                return True
            left = {name: found for name, found in left.items() if name not in done}
        return False


def _is_known(schema: Schema, names: set[str]) -> bool:
    choices = schema.get("anyOf")
    if choices is not None:
        return names == {"anyOf"} and isinstance(choices, list) and bool(choices)
    if "type" not in schema:
        # An `enum` or `const` says it by itself.
        return len(names) == 1 and names <= {"enum", "const"} and _are_values_plain(schema)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    known = {"type"}
    for kind in kinds:
        if not isinstance(kind, str) or kind not in _BY_TYPE:
            return False
        known |= _BY_TYPE[kind]
    return (
        names <= known
        and ("object" not in kinds or _is_closed(schema))
        and ("array" not in kinds or _is_list_known(schema))
        and ("format" not in schema or _is_among(schema["format"], _FORMATS))
        and _are_values_plain(schema)
    )


def _is_closed(schema: Schema) -> bool:
    return (
        schema.get("additionalProperties") is False
        and isinstance(schema.get("properties", {}), dict)
        and isinstance(schema.get("required", []), list)
    )


def _is_list_known(schema: Schema) -> bool:
    least = schema.get("minItems", 0)
    return "items" in schema and type(least) is int and 0 <= least <= 1


def _is_among(value: Any, known: frozenset[str]) -> bool:
    return isinstance(value, str) and value in known


def _are_values_plain(schema: Schema) -> bool:
    values = schema.get("enum", [])
    if not isinstance(values, list) or ("enum" in schema and not values):
        return False
    return not any(isinstance(value, dict | list) for value in (*values, schema.get("const")))


def _inner(schema: Schema) -> list[Any]:
    return [
        *schema.get("properties", {}).values(),
        *([schema["items"]] if "items" in schema else []),
        *schema.get("anyOf", []),
    ]
