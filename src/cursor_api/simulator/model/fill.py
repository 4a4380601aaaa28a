"""Values that fit a JSON Schema, taken from what the question speaks of where something fits.

What is understood: references within the schema, allOf, anyOf and oneOf (the first that is not
null), const, enum, types, required and optional properties, lengths, ranges, multiples, formats and
the commoner patterns. What nothing fits (a schema that needs itself without end) is None.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cursor_api.simulator.model.asks import Json, Schema
from cursor_api.simulator.model.ranges import is_in_range, number_within
from cursor_api.simulator.model.subjects import Subjects

# How deep a recursive schema is filled, and from which depth optional properties are left out.
DEPTH_MAX: Final = 24
OPTIONAL_DEPTH_MAX: Final = 4
# What a schema may ask for at most; the simulator is no memory test.
ITEMS_MAX: Final = 100
LENGTH_MAX: Final = 10_000

FORMATS: Final[Mapping[str, str]] = {
    "date-time": "2026-01-15T09:30:00Z",
    "date": "2026-01-15",
    "time": "09:30:00Z",
    "duration": "PT1H",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
# Tried in turn on a pattern.
_SAMPLES: Final = (
    *("a", "A", "1", "abc", "ABC", "Abc", "abc-1", "abc_1", "ABC-123", "ABC123", "AB", "12", "123"),
    *("1234", "12345", "123456", "555-0100", "555-555-0100", "+15555550100", "(555) 555-0100"),
    *("1.0", "1.0.0", "v1.0.0", "#a0b1c2", "en", "en-US", "USD", "a1b2c3d4", "2026-01", "09:30"),
    *("#1", "@someone", "10%", "$1.00", "/a", "a b", "0x1f", "12.50", "yes", "true"),
    *FORMATS.values(),
)
_REPEATABLE: Final = ("a", "A", "1", "a1")
_PATTERN_LENGTH_MAX: Final = 64

# What a property's name says about what belongs there: the first row that is found decides.
_PATH: Final = re.compile(r"path|file|(?:^|_)dir(?:ectory)?(?:$|_)|folder")
_COMMAND: Final = re.compile(r"command|(?:^|_)cmd(?:$|_)|script|shell")
_PLACE: Final = re.compile(r"cit(?:y|ies)|location|place|town|destination|region|country|capital")
_URL: Final = re.compile(r"(?:^|_)ur[il](?:$|_)|link|website|href")
_EMAIL: Final = re.compile(r"e_?mail")
_QUERY: Final = re.compile(r"query|(?:^|_)q(?:$|_)|pattern|search|keyword|regex|glob|topic|term")
_NAME: Final = re.compile(r"name|person|user|author|customer|title")
_EXPRESSION: Final = re.compile(r"expression|formula|equation")
_WHOLE: Final = re.compile(
    r"prompt|question|task|input|message|description|text|content|body|answer"
)
_ARITHMETIC: Final = re.compile(r"-?[\d(][\d\s.+*/()^×÷-]*[\d)]")


class Filler:
    """Fills one schema; each number that the question names is used once."""

    def __init__(self, root: Schema, subjects: Subjects, *, is_optional_filled: bool) -> None:
        self._root = root
        self._subjects = subjects
        self._is_optional_filled = is_optional_filled
        self._numbers = list(subjects.numbers)

    def value(self) -> Any:
        """What fits the whole schema."""
        return self._fill(self._root, "", 0)

    def _fill(self, schema: object, name: str, depth: int) -> Any:
        if schema is False or depth > DEPTH_MAX:
            return None
        schema = self._resolve(schema if isinstance(schema, Mapping) else {})
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._choose(schema["enum"])
        for union in ("anyOf", "oneOf"):
            if schema.get(union):
                rest = {key: value for key, value in schema.items() if key != union}
                return self._fill({**rest, **self._first_branch(schema[union])}, name, depth + 1)
        return self._fill_type(_type_of(schema), schema, name, depth)

    def _fill_type(self, kind: str, schema: Schema, name: str, depth: int) -> Any:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer" | "number":
                return self._number(schema, is_whole=kind == "integer")
            case "boolean" | "null":
                return True if kind == "boolean" else None
            case _:
                return self._string(schema, name)

    def _resolve(self, schema: Schema) -> Schema:
        """The schema with its references followed and its `allOf` put together."""
        for _ in range(DEPTH_MAX):
            if "$ref" in schema:
                beside = {key: value for key, value in schema.items() if key != "$ref"}
                schema = {**self._find(str(schema["$ref"])), **beside}
            elif schema.get("allOf"):
                schema = _merge([self._resolve(part) for part in _parts(schema)])
            else:
                return schema
        return {"const": None}

    def _find(self, reference: str) -> Schema:
        found: object = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            else:
                found = found.get(key) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    def _first_branch(self, branches: Sequence[Schema]) -> Schema:
        resolved = [self._resolve(one) for one in branches]
        return next((one for one in resolved if _type_of(one) != "null"), {"type": "null"})

    def _choose(self, values: Sequence[Any]) -> Any:
        """The value that the question names, else the first."""
        asked = self._subjects.question.lower()
        named = (one for one in values if isinstance(one, str) and one and one.lower() in asked)
        return next(named, values[0])

    def _object(self, schema: Schema, depth: int) -> Json:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        required = schema.get("required") or ()
        is_filled = self._is_optional_filled and depth < OPTIONAL_DEPTH_MAX
        names = [name for name in properties if name in required or is_filled]
        names += [name for name in required if name not in properties]
        found = {name: self._fill(properties.get(name, {}), name, depth + 1) for name in names}
        more = schema.get("additionalProperties")
        if not found and isinstance(more, Mapping) and (is_filled or schema.get("minProperties")):
            found["item"] = self._fill(more, "item", depth + 1)
        return found

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        """What is required and one more; of places, all that the question names."""
        most = min(int(schema.get("maxItems", ITEMS_MAX)), ITEMS_MAX)
        first = [self._fill(one, name, depth + 1) for one in schema.get("prefixItems") or ()]
        items = schema.get("items", {})
        # From this depth only what is required, or a recursive schema would not end.
        wanted = max(int(schema.get("minItems", 0)), int(depth < OPTIONAL_DEPTH_MAX))
        if items is False:
            wanted = 0
        items = self._resolve(items) if isinstance(items, Mapping) else {}
        named: Sequence[Any] = ()
        if _type_of(items) == "string" and _PLACE.search(_snake(name)):
            named = self._subjects.places
        count = min(max(wanted - len(first), len(named)), most)
        rest = [*named, *(self._fill(items, name, depth + 1) for _ in range(count - len(named)))]
        if schema.get("uniqueItems"):
            rest = _different(rest, items)
        return (first + rest)[:most]

    def _number(self, schema: Schema, *, is_whole: bool) -> float:
        fits = (one for one in self._numbers if is_in_range(one, schema, is_whole=is_whole))
        named = next(fits, None)
        if named is not None:
            self._numbers.remove(named)
            return int(named) if is_whole or named == int(named) else named
        return number_within(schema, is_whole=is_whole)

    def _string(self, schema: Schema, name: str) -> str:
        kind, pattern = schema.get("format"), schema.get("pattern")
        emails, urls = self._subjects.emails, self._subjects.urls
        if isinstance(kind, str) and kind in FORMATS:
            asked = {"email": emails, "uri": urls, "url": urls}.get(kind, ())
            return asked[0] if asked else FORMATS[kind]
        text = self._text_for(_snake(name), str(schema.get("description", "")).lower())
        least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", LENGTH_MAX))
        if isinstance(pattern, str):
            return _matching(pattern, (text, *self._subjects.quoted), range(least, most + 1))
        return text.ljust(min(least, LENGTH_MAX), ".")[:most]

    def _text_for(self, name: str, description: str) -> str:
        """What belongs into a string of this name."""
        asked = self._subjects
        rest = asked.question or "nothing"
        rows: tuple[tuple[re.Pattern[str], Sequence[str], str], ...] = (
            (_EMAIL, asked.emails, FORMATS["email"]),
            (_URL, asked.urls, FORMATS["uri"]),
            (_PLACE, asked.places, "Paris"),
            (_COMMAND, asked.commands or asked.quoted, "echo simulated"),
            (_PATH, asked.paths, "README.md"),
            (_EXPRESSION, _ARITHMETIC.findall(rest), "1 + 1"),
            (_QUERY, asked.quoted, rest),
            (_NAME, asked.names, "Ada"),
            (_WHOLE, asked.quoted, rest),
        )
        found = next((row for row in rows if row[0].search(name)), None)
        if found is None:
            found = next((row for row in rows[:6] if row[1] and row[0].search(description)), None)
        if found is None:
            return f"simulated {name.replace('_', ' ')}".strip()
        return found[1][0] if found[1] else found[2]


def fill(schema: Schema, subjects: Subjects, *, is_optional_filled: bool) -> Any:
    """A value that fits the schema."""
    return Filler(schema, subjects, is_optional_filled=is_optional_filled).value()


def _different(values: list[Any], items: Schema) -> list[Any]:
    """As many values, no two alike where that can be done."""
    kind = _type_of(items)
    if items.get("enum"):
        return list(items["enum"])[: len(values)]
    if kind in {"integer", "number"}:
        step = items.get("multipleOf") or 1
        return [values[0] + step * at for at in range(len(values))]
    if kind == "string":
        numbered = (f"{values[0]}{number}" for number in range(2, len(values) + 2))
        return list(dict.fromkeys([*values, *numbered]))[: len(values)]
    return values


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\s-]", "_", name).lower()


def _type_of(schema: Schema) -> str:
    """The type, the first that is not null where there are several; guessed where none is named."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    if "minimum" in schema or "maximum" in schema or "multipleOf" in schema:
        return "number"
    return "string"


def _parts(schema: Schema) -> list[Schema]:
    beside = {key: value for key, value in schema.items() if key != "allOf"}
    return [beside, *(one for one in schema["allOf"] if isinstance(one, Mapping))]


def _merge(parts: Sequence[Schema]) -> Schema:
    merged: Json = {}
    for part in parts:
        properties = {**merged.get("properties", {}), **part.get("properties", {})}
        required = [*merged.get("required", ()), *part.get("required", ())]
        merged |= part
        if properties:
            merged["properties"] = properties
        if required:
            merged["required"] = required
    return merged


def _matching(pattern: str, own: Sequence[str], lengths: range) -> str:
    """The first text that a pattern and the lengths allow; the first sample where none is."""
    try:
        search = re.compile(pattern).search
    except re.error:
        return own[0]
    repeated = (part * count for count in range(2, _PATTERN_LENGTH_MAX) for part in _REPEATABLE)
    texts = itertools.chain(own, _SAMPLES, repeated)
    return next((text for text in texts if len(text) in lengths and search(text)), own[0])
