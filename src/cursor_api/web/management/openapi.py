"""The gateway's addresses as an OpenAPI 3.1 document, made from the types that they decode."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from cursor_api.domain.errors import LineProblem
from cursor_api.service.credentials.report import CredentialReport
from cursor_api.service.credentials.trial import Trial
from cursor_api.service.credentials.use_cases import CredentialPage, Order, Preview, Removal
from cursor_api.web.management.credentials import (
    OFFSET_MAX,
    PAGE_COUNT_DEFAULT,
    PAGE_COUNT_MAX,
    AddedOut,
    CredentialPatch,
    CredentialsIn,
    TrialIn,
)
from cursor_api.web.management.tokens import ReloadOut, TokenTextsIn, TokenTextsOut, TokenUpdateOut

JSON = "application/json"
REF = "#/components/schemas/{name}"
Document = dict[str, Any]


class ErrorObject(Struct):
    """OpenAI's error object."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorOut(Struct, omit_defaults=True):
    """What went wrong; `problems` names the lines at fault, where lines are."""

    error: ErrorObject
    problems: list[LineProblem] = []


class ChatMessage(Struct):
    """One turn: text, or parts of text and images. Further fields are as OpenAI has them."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[dict[str, Any]] | None = None


class StreamOptions(Struct):
    """Whether the stream ends with the usage."""

    include_usage: bool | None = None


class ChatCompletionRequest(Struct):
    """OpenAI's request in short. Fields that are not named here are skipped."""

    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[ChatMessage], Meta(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None


class ModelOut(Struct):
    """A model as OpenAI describes one; `created` is unix seconds."""

    id: str
    object: str
    created: int
    owned_by: str


class ModelsOut(Struct):
    """All models."""

    object: str
    data: list[ModelOut]


SCHEMAS: tuple[type, ...] = (
    ErrorOut,
    CredentialPage,
    CredentialReport,
    CredentialsIn,
    CredentialPatch,
    AddedOut,
    Preview,
    Removal,
    TrialIn,
    Trial,
    TokenTextsIn,
    TokenTextsOut,
    TokenUpdateOut,
    ReloadOut,
    ChatCompletionRequest,
    ModelOut,
    ModelsOut,
)

ERRORS = {
    400: "The request is not as it has to be; `error.param` names the part of it.",
    401: "The key is missing or wrong.",
    403: "The key may chat and nothing else.",
    404: "There is no such credential or model.",
    405: "The method is not possible here.",
    409: "An alias or a token is another credential's, or the token files have bad lines.",
    412: "The files are no longer those that `If-Match` names.",
    413: "The body is too large.",
    429: "Asked too often, or too many wrong keys came from the address; see `Retry-After`.",
    500: "The files could not be written, or the gateway failed.",
    502: "The upstream failed.",
    503: "The gateway or the upstream is too busy, or no credential can serve.",
    504: "The upstream was too slow.",
}
UPSTREAM_ERRORS = (400, 401, 403, 404, 413, 429, 500, 502, 503, 504)
_NAME = {"type": "string", "minLength": 1}
OPEN: list[dict[str, list[str]]] = [{}]


class OpenApi:
    """Answers `GET /api/openapi.json`; it holds no secret and asks for no key."""

    def __init__(self, version: str, route_prefix: str) -> None:
        self._body = msgspec.json.encode(describe(version, route_prefix))

    async def show(self, _request: Request) -> Response:
        """The document."""
        return Response(self._body, media_type=JSON)


def describe(version: str, route_prefix: str) -> Document:
    """The whole document; its addresses count from `route_prefix` ("" or "/something")."""
    _, schemas = msgspec.json.schema_components(SCHEMAS, ref_template=REF)
    for schema in schemas.values():
        schema["description"] = inspect.cleandoc(schema["description"])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "cursor-api",
            "version": version,
            "description": "A gateway that puts Cursor accounts behind an OpenAI-compatible API.",
        },
        "servers": [{"url": route_prefix or "/"}],
        "security": [{"bearer": []}, {"apiKey": []}],
        "paths": {**_credential_paths(), **_token_paths(), **_openai_paths()},
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
    }


def _credential_paths() -> Document:
    return {
        "/api/credentials": {
            "get": {
                "summary": "All credentials, masked, with how each stands",
                "parameters": [
                    _parameter("order", "query", {"enum": [order.value for order in Order]}),
                    _parameter("offset", "query", _integer(0, OFFSET_MAX, 0)),
                    _parameter("limit", "query", _integer(1, PAGE_COUNT_MAX, PAGE_COUNT_DEFAULT)),
                ],
                "responses": _responses({200: CredentialPage}, (400, 401, 403)),
            },
            "post": {
                "summary": "Add one or many tokens in any spelling, or see what was recognised",
                "requestBody": _body(CredentialsIn),
                "responses": _responses(
                    {200: Preview, 201: AddedOut}, (400, 401, 403, 409, 413, 500)
                ),
            },
        },
        **_one_credential_paths([{**_parameter("alias", "path", _NAME), "example": "work"}]),
    }


def _one_credential_paths(alias: list[Document]) -> Document:
    return {
        "/api/credentials/{alias}": {
            "parameters": alias,
            "get": {
                "summary": "One credential",
                "responses": _responses({200: CredentialReport}, (401, 403, 404)),
            },
            "patch": {
                "summary": "Rename, renew, prefer, limit, switch on or off",
                "requestBody": _body(CredentialPatch),
                "responses": _responses(
                    {200: CredentialReport}, (400, 401, 403, 404, 409, 413, 500)
                ),
            },
            "delete": {
                "summary": "Take it out; the answer holds what brings it back",
                "responses": _responses({200: Removal}, (401, 403, 404, 409, 500)),
            },
        },
        "/api/credentials/{alias}/test": {
            "parameters": alias,
            "post": {
                "summary": "Ask Cursor with it, now",
                "requestBody": _body(TrialIn, is_required=False),
                "responses": _responses({200: Trial}, (400, 401, 403, 404, 413, 503)),
            },
        },
        "/api/credentials/{alias}/clear": {
            "parameters": alias,
            "post": {
                "summary": "End its cooldowns and its quarantine",
                "responses": _responses({200: CredentialReport}, (401, 403, 404)),
            },
        },
    }


def _token_paths() -> Document:
    etag = {"ETag": {"schema": {"type": "string"}, "description": "Of both texts together."}}
    if_match = _parameter("If-Match", "header", {"type": "string"})
    read = _responses({200: TokenTextsOut}, (400, 401, 403, 500))
    replaced = _responses({200: TokenUpdateOut}, (400, 401, 403, 409, 412, 413, 500))
    for responses in (read, replaced):
        responses["200"]["headers"] = etag
    return {
        "/get-tokeninfo": {
            "post": {"summary": "Both token files as text, secrets included", "responses": read}
        },
        "/update-tokeninfo": {
            "get": {
                "summary": "Read the token files again where they changed",
                "security": OPEN,
                "responses": _responses({200: ReloadOut}, (409, 429)),
            },
            "post": {
                "summary": "Replace the token files, whole or not at all",
                "parameters": [if_match],
                "requestBody": _body(TokenTextsIn),
                "responses": replaced,
            },
        },
    }


def _openai_paths() -> Document:
    answer = _responses({200: None}, UPSTREAM_ERRORS)
    answer["200"]["content"] = {
        JSON: {"schema": {"type": "object", "required": ["id", "object", "choices"]}},
        "text/event-stream": {"schema": {"type": "string"}},
    }
    for response in answer.values():
        response["headers"] = {
            "x-request-id": {"schema": {"type": "string"}},
            "x-attempts": {
                "schema": {"type": "string"},
                "description": "What was tried upstream, in order:"
                ' `"alias";fault=rate_limited;ms=120, "other";ms=310`.',
            },
        }
    model_id = {**_parameter("id", "path", _NAME), "example": "gpt-4o-mini"}
    return {
        "/v1/chat/completions": {
            "post": {
                "summary": "OpenAI's chat completions, streamed or not",
                "requestBody": _body(ChatCompletionRequest),
                "responses": answer,
            }
        },
        "/v1/models": {
            "get": {
                "summary": "All models",
                "security": OPEN,
                "responses": _responses({200: ModelsOut}, ()),
            }
        },
        "/v1/models/{id}": {
            "parameters": [model_id],
            "get": {
                "summary": "One model",
                "security": OPEN,
                "responses": _responses({200: ModelOut}, (404,)),
            },
        },
    }


def _parameter(name: str, where: str, schema: Mapping[str, object]) -> Document:
    return {"name": name, "in": where, "required": where == "path", "schema": schema}


def _integer(minimum: int, maximum: int, default: int) -> Document:
    return {"type": "integer", "minimum": minimum, "maximum": maximum, "default": default}


def _body(kind: type, *, is_required: bool = True) -> Document:
    return {"required": is_required, "content": {JSON: {"schema": _schema(kind)}}}


def _responses(good: Mapping[int, type | None], bad: Collection[int]) -> Document:
    """By status, as the document wants them.

    A 405 is possible everywhere, a 429 wherever a key is asked for.
    """
    by_frame = {405, 429} if HTTPStatus.UNAUTHORIZED in bad else {405}
    responses: Document = {}
    for status, kind in good.items():
        responses[str(status)] = {"description": "Done."}
        if kind is not None:
            responses[str(status)]["content"] = {JSON: {"schema": _schema(kind)}}
    for status in sorted({*bad, *by_frame}):
        responses[str(status)] = {
            "description": ERRORS[status],
            "content": {JSON: {"schema": _schema(ErrorOut)}},
        }
    return responses


def _schema(kind: type) -> dict[str, str]:
    return {"$ref": REF.format(name=kind.__name__)}
