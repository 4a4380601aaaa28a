from __future__ import annotations

import json

from cursor_api.simulator.anthropic.errors import (
    encode_refusal,
    invalid,
    named_refusal,
    refusal_of,
)


def test_an_error_says_its_type() -> None:
    """Inside an object that says that it is an error."""
    told = json.loads(encode_refusal(invalid("max_tokens: Field required")))
    assert told["type"] == "error"
    assert told["error"] == {
        "type": "invalid_request_error",
        "message": "max_tokens: Field required",
    }
    assert refusal_of(529, "x").kind == "overloaded_error"
    assert refusal_of(502, "x").kind == "api_error"


def test_errors_by_name() -> None:
    """The default is a failure of the server; another name is its message."""
    assert named_refusal("overloaded").status == 529
    assert named_refusal("").kind == "api_error"
    assert (named_refusal("Oh.").status, named_refusal("Oh.").message) == (500, "Oh.")
