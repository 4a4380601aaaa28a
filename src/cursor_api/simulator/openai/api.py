"""OpenAI's addresses, and what is answered there."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

import msgspec

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
from cursor_api.simulator.model.limits import Limited, limit
from cursor_api.simulator.model.tokens import PromptCache, count_tokens
from cursor_api.simulator.openai import chunks
from cursor_api.simulator.openai.asks import find_question, read_ask
from cursor_api.simulator.openai.checks import check_chat, check_context, check_model
from cursor_api.simulator.openai.directives import LANGUAGE
from cursor_api.simulator.openai.embeddings import embed
from cursor_api.simulator.openai.errors import (
    INVALID,
    encode_refusal,
    invalid,
    named_refusal,
    refusal_of,
)
from cursor_api.simulator.playing import Fate, Script
from cursor_api.simulator.request import RawRequest
from cursor_api.simulator.scripts import Orders

CHAT: Final = "/v1/chat/completions"
EMBEDDINGS: Final = "/v1/embeddings"
MODELS: Final = "/v1/models"
CREATED: Final = 1_767_225_600  # 2026-01-01
# OpenAI's cache knows prompts from so many tokens on, in steps.
CACHED_MIN: Final = 1024
CACHED_STEP: Final = 128


class OpenAiApi:
    """Implements `simulator.json_api.Api`."""

    language = LANGUAGE
    paths = frozenset({CHAT, EMBEDDINGS, MODELS})
    refusal_of = staticmethod(refusal_of)
    encode_refusal = staticmethod(encode_refusal)
    find_question = staticmethod(find_question)

    def __init__(self, options: ApiOptions) -> None:
        self._options = options
        self._cache = PromptCache()

    def __repr__(self) -> str:
        return f"<OpenAiApi, {len(self._options.models) or 'any'} models, {len(self._cache)} known>"

    def read_credential(self, raw: RawRequest) -> str:
        """The bearer token."""
        return raw.credential

    def check(self, _raw: RawRequest, credential: str) -> None:
        """There must be a key, and it must be one of those that are good."""
        if not credential:
            raise Refusal(
                HTTPStatus.UNAUTHORIZED,
                INVALID,
                "You didn't provide an API key. You need to provide your API key in an"
                " Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or"
                " as the password field (with blank username) if you're accessing the API from your"
                " browser and are prompted for a username and password. You can obtain an API key"
                " from https://platform.openai.com/account/api-keys.",
            )
        keys = self._options.keys
        if keys and credential not in keys and not credential.startswith("sim-"):
            raise named_refusal("wrong-key")

    def is_chat(self, raw: RawRequest) -> bool:
        """Whether a request is for a chat completion."""
        return raw.method == "POST" and raw.path == CHAT

    def headers(self, ordinal: int) -> tuple[tuple[str, str], ...]:
        """What every answer carries."""
        return (
            ("x-request-id", f"req_{ordinal:032x}"),
            ("openai-version", "2020-10-01"),
            ("openai-organization", "simulated"),
            ("openai-processing-ms", "7"),
        )

    def answer(self, request: ApiRequest) -> Json:
        """Models and embeddings; raises Refusal."""
        raw = request.raw
        match raw.method, raw.path:
            case "GET", "/v1/models":
                return {
                    "object": "list",
                    "data": [self._model(name) for name in self._options.models],
                }
            case "GET", path if path.startswith(f"{MODELS}/"):
                name = unquote(path.removeprefix(f"{MODELS}/"))
                check_model(name, self._options.models)
                return self._model(name)
            case "POST", "/v1/embeddings":
                if not isinstance(request.body.get("model"), str):
                    raise invalid("you must provide a model parameter")
                check_model(request.body["model"], self._options.models)
                return embed(request.body)
            case _:
                text = f"Invalid URL ({raw.method} {raw.path})"
                raise Refusal(HTTPStatus.NOT_FOUND, INVALID, text)

    def chat(self, request: ApiRequest, orders: Orders, fate: Fate) -> Script:
        """A chat completion, streamed or whole; raises Refusal."""
        body = request.body
        check_chat(body)
        check_model(body["model"], self._options.models)
        if Mishap.ERROR_BEFORE_TEXT in fate.mishaps:
            raise named_refusal(fate.faults.error_title)
        prompt, cached = self._count_prompt(request.credential, body)
        check_context(prompt, self._options.context_tokens)
        replies = _replies(body, orders, fate)
        usage = chunks.count_usage(prompt, cached, replies)
        envelope = _envelope(request)
        if not body.get("stream"):
            whole = chunks.whole(envelope, replies, usage)
            return Script.whole(json_head(self, request.ordinal), whole)
        error = encode_refusal(named_refusal(fate.faults.error_title))
        broken = b"data: " + error.replace(b"\n", b"") + b"\n\n"
        is_refused = fate.faults.error_title == REFUSAL
        return Script(
            event_head(self, request.ordinal),
            chunks.pieces(envelope, replies, fate.chance),
            opening=chunks.opening(envelope, replies),
            ending=chunks.ending(envelope, replies, usage),
            error=chunks.refusal_ending(envelope) if is_refused else broken,
            malformed=chunks.MALFORMED,
        )

    def _model(self, name: str) -> Json:
        owner = self._options.owner
        return {"id": name, "object": "model", "created": CREATED, "owned_by": owner}

    def _count_prompt(self, account: str, body: Json) -> tuple[int, int]:
        """Tokens of the prompt, and how many of them are known from earlier requests."""
        parts = [body["model"].encode(), msgspec.json.encode(body.get("tools") or [])]
        parts += [msgspec.json.encode(message) for message in body["messages"]]
        counts = [0, *(count_tokens(part) for part in parts[1:])]
        known = sum(counts[: self._cache.find(account, parts)])
        self._cache.remember(account, parts)
        return sum(counts), known // CACHED_STEP * CACHED_STEP if known >= CACHED_MIN else 0


def _replies(body: Json, orders: Orders, fate: Fate) -> Sequence[Limited]:
    """One for each choice that was asked for."""
    stop = body.get("stop") or ()
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    tokens_max = body.get("max_completion_tokens") or body.get("max_tokens")
    ask = read_ask(body)
    return [
        limit(reply_as_ordered(ask, orders, fate), tokens_max, stops)
        for _ in range(body.get("n") or 1)
    ]


def _envelope(request: ApiRequest) -> chunks.Envelope:
    body = request.body
    options = body.get("stream_options") or {}
    return chunks.Envelope(
        id=f"chatcmpl-{request.ordinal:024x}",
        created=CREATED + request.ordinal,
        model=body["model"],
        tools_free_text=frozenset(
            tool["custom"]["name"]
            for tool in body.get("tools") or ()
            if tool.get("type") == "custom"
        ),
        is_usage_asked=bool(options.get("include_usage")),
        top_count=(body.get("top_logprobs") or 0) if body.get("logprobs") else None,
    )
