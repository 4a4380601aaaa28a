"""What the OpenAPI document says of embeddings."""

from __future__ import annotations

import msgspec
import pytest

from cursor_api.dialects.openai_embeddings.description import DESCRIPTION
from tests.unit.dialects.openai_embeddings.test_request import parse


@pytest.mark.parametrize("given", ["a", ["a"], [1], [[1]]])
def test_what_is_described_is_taken(given: object) -> None:
    """Texts and tokens, in each encoding."""
    for encoding in ("float", "base64"):
        body = {"model": "m", "input": given, "encoding_format": encoding, "dimensions": 8}
        msgspec.convert(body, DESCRIPTION.request)
        assert parse(**body).chat.model == "m"
