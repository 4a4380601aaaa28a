"""OpenAI's embeddings in short, for the gateway's OpenAPI document."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from cursor_api.dialects.openai.models import ModelOut, ModelsOut
from cursor_api.ports.dialect import DialectDescription


class EmbeddingsRequest(Struct):
    """OpenAI's request in short. Fields that are not named here reach the upstream too."""

    model: Annotated[str, Meta(min_length=1)]
    input: str | list[str | int | list[int]]
    encoding_format: str | None = None
    dimensions: int | None = None


DESCRIPTION = DialectDescription(
    summary="OpenAI's embeddings, for models of an OpenAI-compatible upstream",
    request=EmbeddingsRequest,
    answers={"application/json": {"type": "object", "required": ["object", "data"]}},
    model=ModelOut,
    models=ModelsOut,
)
