from __future__ import annotations

import base64
import math
import struct

import pytest

from cursor_api.simulator.json_api import Refusal
from cursor_api.simulator.openai.embeddings import embed, vector_of


def nearness(one: str, other: str) -> float:
    """The cosine of two texts' vectors."""
    return sum(a * b for a, b in zip(vector_of(one, 1536), vector_of(other, 1536), strict=True))


def test_texts_that_share_words_are_near() -> None:
    """Vectors have length 1, and the same text has the same."""
    assert math.isclose(nearness("a cup of tea", "a cup of tea"), 1)
    assert nearness("a cup of tea", "a cup of coffee") > 0.5
    assert abs(nearness("a cup of tea", "steam engines rust")) < 0.2
    assert math.isclose(math.hypot(*vector_of("!", 3)), 1)


def test_inputs_of_each_kind() -> None:
    """Texts or tokens, one or many; as numbers or packed."""
    for given, count in (("a", 1), (["a", "b"], 2), ([1, 2], 1), ([[1], [2, 3]], 2)):
        answer = embed({"model": "m", "input": given, "dimensions": 4})
        assert [len(one["embedding"]) for one in answer["data"]] == [4] * count
    packed = embed({"model": "m", "input": "a", "encoding_format": "base64"})
    data = base64.b64decode(packed["data"][0]["embedding"])
    assert struct.unpack(f"<{len(data) // 4}f", data) == pytest.approx(vector_of("a", 1536))
    assert packed["usage"] == {"prompt_tokens": 1, "total_tokens": 1}


@pytest.mark.parametrize(
    "change", [{"input": []}, {"input": ""}, {"input": {}}, {"dimensions": -1}]
)
def test_what_is_no_input(change: dict[str, object]) -> None:
    """Is refused."""
    with pytest.raises(Refusal):
        embed({"model": "m", "input": "a", **change})
