"""What OpenTelemetry calls the parts of a request to a model: its names, in this one table.

The GenAI conventions are still in development there and change; whoever follows them changes this
file. Names without `gen_ai.` or `error.` are the gateway's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
RESPONSE_MODEL: Final = "gen_ai.response.model"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
FIRST_CHUNK_S: Final = "gen_ai.response.time_to_first_chunk"
# The input with what came from a cache and what went into one.
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITTEN_TOKENS: Final = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
ERROR_TYPE: Final = "error.type"

REQUEST_ID: Final = "cursor_api.request.id"
OUTCOME: Final = "cursor_api.outcome"
DIALECT: Final = "cursor_api.dialect"
UPSTREAM: Final = "cursor_api.upstream"
USAGE_SOURCE: Final = "cursor_api.usage.source"

# gen_ai.operation.name by client API; every other one is a chat.
OPERATIONS: Final[Mapping[str, str]] = {
    "openai_completions": "text_completion",
    "openai_embeddings": "embeddings",
}
CHAT: Final = "chat"
# gen_ai.response.finish_reasons by our word, where theirs is another.
FINISHES: Final[Mapping[str, str]] = {"tool_calls": "tool_call", "refused": "content_filter"}
