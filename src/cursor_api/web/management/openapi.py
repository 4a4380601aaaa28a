"""The gateway's addresses as an OpenAPI 3.1 document, made from the rows that make them."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.errors import LineProblem
from cursor_api.ports.configuration import ShownFinding
from cursor_api.ports.dialect import Dialect
from cursor_api.web.http.operation import Key, Operation, Parameter

JSON_MEDIA_TYPE = "application/json"
REF = "#/components/schemas/{name}"
Document = dict[str, Any]


class ErrorObject(Struct):
    """OpenAI's error object."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorOut(Struct, omit_defaults=True):
    """What went wrong; `problems` names the lines at fault, `findings` the settings."""

    error: ErrorObject
    problems: list[LineProblem] = []
    findings: list[ShownFinding] = []


ERROR_DESCRIPTIONS = {
    400: "The request is not as it has to be; `error.param` names the part of it.",
    401: "The key is missing or wrong.",
    403: "The key may chat and nothing else.",
    404: "There is no such credential or model.",
    405: "The method is not possible here.",
    409: "An alias or token is another's, a token file is broken, or it stands in the settings.",
    412: "The files are no longer those that `If-Match` names.",
    413: "The body is too large.",
    429: "Asked too often, or too many wrong keys came from the address; see `Retry-After`.",
    500: "The files could not be written, or the gateway failed.",
    502: "The upstream failed.",
    503: "The gateway or the upstream is too busy, or no credential can serve.",
    504: "The upstream was too slow.",
}
UPSTREAM_ERRORS = (400, 401, 403, 404, 413, 429, 500, 502, 503, 504)
NO_KEY: list[dict[str, list[str]]] = [{}]
ANY_KEY: list[dict[str, list[str]]] = [{"bearer": []}, {"apiKey": []}]


class OpenApi:
    """Answers `GET /api/openapi.json`; it holds no secret and asks for no key."""

    def __init__(self, make_document: Callable[[], Document]) -> None:
        self._make_document = make_document
        self._body = b""

    async def show(self, _request: Request) -> Response:
        """The document. Few ask for it, and it takes as long as twenty modules to load."""
        if not self._body:
            self._body = await asyncio.to_thread(self._encode)
        return Response(self._body, media_type=JSON_MEDIA_TYPE)

    def _encode(self) -> bytes:
        return msgspec.json.encode(self._make_document())

    def operations(self) -> Sequence[Operation]:
        """The document is not in itself."""
        show = Operation(method="GET", path="/api/openapi.json", handler=self.show, key=Key.NONE)
        return (show,)


def describe(
    version: str, route_prefix: str, operations: Iterable[Operation], dialects: Iterable[Dialect]
) -> Document:
    """The whole document; its addresses count from `route_prefix` ("" or "/something")."""
    described = [one for one in operations if one.summary]
    dialects = tuple(dialects)
    paths: Document = {}
    for one in described:
        _add_operation(paths, one)
    for dialect in dialects:
        for path in dialect.paths:
            paths[path] = {"post": _describe_dialect(dialect)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "cursor-api",
            "version": version,
            "description": "A self-hosted gateway to models behind client APIs that programs know.",
        },
        "servers": [{"url": route_prefix or "/"}],
        "security": ANY_KEY,
        "paths": paths,
        "components": {
            "schemas": _schemas(_types(described, dialects)),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
    }


@functools.cache
def _schemas(types: tuple[type, ...]) -> Document:
    """By their names. Worked out once, as it is most of what a reload of the settings takes."""
    _, schemas = msgspec.json.schema_components(types, ref_template=REF)
    for schema in schemas.values():
        schema["description"] = inspect.cleandoc(schema["description"])
    return schemas


def _types(operations: Iterable[Operation], dialects: Iterable[Dialect]) -> tuple[type, ...]:
    """Each once, in their order."""
    found: dict[type, None] = {ErrorOut: None}
    for one in operations:
        found |= dict.fromkeys(
            [*([one.body] if one.body else []), *filter(None, one.good.values())]
        )
    for dialect in dialects:
        found[dialect.description.request] = None
        found[dialect.description.error or ErrorOut] = None
    return tuple(found)


def _add_operation(paths: Document, operation: Operation) -> None:
    """An address and its parameters are there once, with an entry for each method."""
    in_path = [_parameter(one) for one in operation.parameters if one.where == "path"]
    others = [_parameter(one) for one in operation.parameters if one.where != "path"]
    item = paths.setdefault(operation.path, {"parameters": in_path} if in_path else {})
    entry: Document = {"summary": operation.summary}
    if operation.key is not Key.OPTIONAL and HTTPStatus.UNAUTHORIZED not in operation.bad:
        entry["security"] = NO_KEY
    elif operation.key is Key.OPTIONAL:
        entry["security"] = [*NO_KEY, *ANY_KEY]
    if others:
        entry["parameters"] = others
    if operation.body is not None:
        entry["requestBody"] = _body(operation.body, is_required=operation.is_body_required)
    entry["responses"] = _responses(operation.good, operation.bad, operation.error)
    headers = {
        name: {"schema": {"type": "string"}, "description": description}
        for name, description in operation.headers.items()
    }
    if headers:
        for status in operation.good:
            entry["responses"][str(status)]["headers"] = headers
    item[operation.method.lower()] = entry


def _describe_dialect(dialect: Dialect) -> Document:
    described = dialect.description
    responses = _responses({200: None}, UPSTREAM_ERRORS, described.error)
    responses["200"]["content"] = {
        media_type: {"schema": schema} for media_type, schema in described.answers.items()
    }
    for response in responses.values():
        response["headers"] = {
            **{name.decode(): {"schema": {"type": "string"}} for name in described.id_headers},
            "x-attempts": {
                "schema": {"type": "string"},
                "description": "What was tried upstream, in order:"
                ' `"alias";fault=rate_limited;ms=120, "other";ms=310`.',
            },
            "x-route": {
                "schema": {"type": "string"},
                "description": "Which route served: `upstream/model`.",
            },
            "x-ignored-params": {
                "schema": {"type": "string"},
                "description": "What of the request changed nothing, as the route cannot do it.",
            },
        }
    return {
        "summary": described.summary,
        "requestBody": _body(described.request, is_required=True),
        "responses": responses,
    }


def _parameter(parameter: Parameter) -> Document:
    described: Document = {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.where == "path",
        "schema": parameter.schema,
    }
    return described if parameter.example is None else described | {"example": parameter.example}


def _body(kind: type, *, is_required: bool) -> Document:
    return {"required": is_required, "content": {JSON_MEDIA_TYPE: {"schema": _schema(kind)}}}


def _responses(
    good: Mapping[int, type | None], bad: Collection[int], error: type | None = None
) -> Document:
    """By status, as the document wants them; `error` is the type of errors, or else OpenAI's.

    A 405 is possible everywhere, a 429 wherever a key is asked for.
    """
    by_frame = {405, 429} if HTTPStatus.UNAUTHORIZED in bad else {405}
    responses: Document = {}
    for status, kind in good.items():
        responses[str(status)] = {"description": "Done."}
        if kind is not None:
            responses[str(status)]["content"] = {JSON_MEDIA_TYPE: {"schema": _schema(kind)}}
    for status in sorted({*bad, *by_frame}):
        responses[str(status)] = {
            "description": ERROR_DESCRIPTIONS[status],
            "content": {JSON_MEDIA_TYPE: {"schema": _schema(error or ErrorOut)}},
        }
    return responses


def _schema(kind: type) -> dict[str, str]:
    return {"$ref": REF.format(name=kind.__name__)}
