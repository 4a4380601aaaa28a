"""Anthropic's addresses, and what is answered there."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from cursor_api.simulator.anthropic import events
from cursor_api.simulator.anthropic.asks import find_question, read_ask
from cursor_api.simulator.anthropic.checks import check_context, check_message, check_model
from cursor_api.simulator.anthropic.directives import LANGUAGE
from cursor_api.simulator.anthropic.errors import (
    encode_refusal,
    invalid,
    named_refusal,
    refusal_of,
)
from cursor_api.simulator.anthropic.usage import count_prompt, read_usage
from cursor_api.simulator.directives import REFUSAL
from cursor_api.simulator.faults import Mishap
from cursor_api.simulator.json_api import (
    ApiOptions,
    ApiRequest,
    Json,
    Refusal,
    event_head,
    json_head,
    reply_as_ordered,
)
from cursor_api.simulator.model.limits import limit
from cursor_api.simulator.model.tokens import PromptCache
from cursor_api.simulator.playing import Fate, Script
from cursor_api.simulator.request import RawRequest
from cursor_api.simulator.scripts import Orders

MESSAGES: Final = "/v1/messages"
COUNT: Final = "/v1/messages/count_tokens"
MODELS: Final = "/v1/models"
CREATED_AT: Final = "2026-01-01T00:00:00Z"


class AnthropicApi:
    """Implements `simulator.json_api.Api`."""

    language = LANGUAGE
    paths = frozenset({MESSAGES, COUNT, MODELS})
    refusal_of = staticmethod(refusal_of)
    encode_refusal = staticmethod(encode_refusal)
    find_question = staticmethod(find_question)

    def __init__(self, options: ApiOptions) -> None:
        self._options = options
        self._cache = PromptCache()

    def __repr__(self) -> str:
        models = len(self._options.models) or "any"
        return f"<AnthropicApi, {models} models, {len(self._cache)} known>"

    def read_credential(self, raw: RawRequest) -> str:
        """The key, in its own header or as a bearer token."""
        return raw.headers.get("x-api-key", "") or raw.credential

    def check(self, raw: RawRequest, credential: str) -> None:
        """There must be a good key and a version."""
        if not credential:
            raise Refusal(
                HTTPStatus.UNAUTHORIZED, "authentication_error", "x-api-key header is required"
            )
        keys = self._options.keys
        if keys and credential not in keys and not credential.startswith("sim-"):
            raise named_refusal("wrong-key")
        if "anthropic-version" not in raw.headers:
            raise invalid("anthropic-version: header is required")

    def is_chat(self, raw: RawRequest) -> bool:
        """Whether a request is for a message."""
        return raw.method == "POST" and raw.path == MESSAGES

    def headers(self, ordinal: int) -> tuple[tuple[str, str], ...]:
        """What every answer carries."""
        return (
            ("request-id", f"req_{ordinal:024x}"),
            ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000"),
        )

    def answer(self, request: ApiRequest) -> Json:
        """Models and counts of tokens; raises Refusal."""
        raw = request.raw
        models = self._options.models
        match raw.method, raw.path:
            case "GET", "/v1/models":
                return {
                    "data": [_model(name) for name in models],
                    "has_more": False,
                    "first_id": models[0] if models else None,
                    "last_id": models[-1] if models else None,
                }
            case "GET", path if path.startswith(f"{MODELS}/"):
                name = unquote(path.removeprefix(f"{MODELS}/"))
                check_model(name, models)
                return _model(name)
            case "POST", "/v1/messages/count_tokens":
                check_message(request.body, is_counted_only=True)
                check_model(request.body["model"], models)
                return {"input_tokens": count_prompt(request.body)}
            case _:
                raise Refusal(HTTPStatus.NOT_FOUND, "not_found_error", "Not Found")

    def chat(self, request: ApiRequest, orders: Orders, fate: Fate) -> Script:
        """A message, streamed or whole; raises Refusal."""
        body = request.body
        check_message(body)
        check_model(body["model"], self._options.models)
        if Mishap.ERROR_BEFORE_TEXT in fate.mishaps:
            raise named_refusal(fate.faults.error_title)
        check_context(count_prompt(body), self._options.context_tokens)
        reply = reply_as_ordered(read_ask(body), orders, fate)
        limited = limit(reply, body["max_tokens"], body.get("stop_sequences") or ())
        usage = read_usage(request.credential, body, self._cache)
        message = events.Message(f"msg_{request.ordinal:024x}", body["model"], usage)
        if not body.get("stream"):
            whole = events.whole(message, limited)
            return Script.whole(json_head(self, request.ordinal), whole)
        error = encode_refusal(named_refusal(fate.faults.error_title))
        is_refused = fate.faults.error_title == REFUSAL
        broken = b"event: error\ndata: " + error + b"\n\n"
        return Script(
            event_head(self, request.ordinal),
            events.pieces(message, limited, fate.chance),
            opening=events.opening(message),
            ending=events.ending(message, limited),
            error=events.refusal_ending(message) if is_refused else broken,
            malformed=events.MALFORMED,
        )


def _model(name: str) -> Json:
    words = name.replace("-", " ").title()
    return {"type": "model", "id": name, "display_name": words, "created_at": CREATED_AT}
