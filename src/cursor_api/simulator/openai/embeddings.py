"""Vectors of texts: texts that share words are near each other, and the same text is the same."""

from __future__ import annotations

import base64
import math
import random
import re
import struct
from typing import Any, Final

from cursor_api.simulator.json_api import Json
from cursor_api.simulator.model.tokens import count_tokens
from cursor_api.simulator.openai.errors import invalid

DIMENSIONS: Final = 1536
DIMENSIONS_MAX: Final = 3072
INPUTS_MAX: Final = 2048
# Each word moves so many of the dimensions; of a long text the first words speak for all.
_DIMENSIONS_PER_WORD: Final = 16
_WORDS_MAX: Final = 512
_WORD: Final = re.compile(r"[^\W_]+")


def embed(body: Json) -> Json:
    """The answer to a request for embeddings; raises Refusal."""
    dimensions = body.get("dimensions") or DIMENSIONS
    if not isinstance(dimensions, int) or not 1 <= dimensions <= DIMENSIONS_MAX:
        raise invalid(f"Invalid 'dimensions': expected 1 to {DIMENSIONS_MAX}.", "dimensions")
    texts = _read_inputs(body.get("input"))
    is_base64 = body.get("encoding_format") == "base64"
    vectors = [vector_of(text, dimensions) for text in texts]
    tokens = sum(count_tokens(text) for text in texts)
    return {
        "object": "list",
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": _pack(vector) if is_base64 else vector,
            }
            for index, vector in enumerate(vectors)
        ],
        "model": body["model"],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def vector_of(text: str, dimensions: int) -> list[float]:
    """A vector of length 1."""
    vector = [0.0] * dimensions
    for word in _WORD.findall(text.lower())[:_WORDS_MAX] or [text]:
        chance = random.Random(word)  # noqa: S311 - reproducible, not secret
        for _ in range(_DIMENSIONS_PER_WORD):
            vector[chance.randrange(dimensions)] += chance.choice((-1.0, 1.0))
    length = math.hypot(*vector) or 1.0
    if not any(vector):
        vector[0] = length
    return [value / length for value in vector]


def _read_inputs(given: Any) -> list[str]:
    """Texts, or tokens as numbers, one of them or a list."""
    if isinstance(given, str) or (isinstance(given, list) and given and isinstance(given[0], int)):
        given = [given]
    if not isinstance(given, list) or not given or len(given) > INPUTS_MAX:
        raise invalid("'input' is a required property", "input")
    texts = []
    for one in given:
        text = " ".join(str(token) for token in one) if isinstance(one, list) else one
        if not isinstance(text, str) or not text:
            raise invalid("'$.input' is invalid. Please check the API reference.", "input")
        texts.append(text)
    return texts


def _pack(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
