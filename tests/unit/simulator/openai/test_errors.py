from __future__ import annotations

import json

from cursor_api.simulator.openai.errors import (
    encode_refusal,
    invalid,
    named_refusal,
    refusal_of,
)


def test_an_error_has_its_four_members() -> None:
    """Null where it has nothing to say."""
    told = json.loads(encode_refusal(invalid("No.", "messages", "empty_array")))
    assert told == {
        "error": {
            "message": "No.",
            "type": "invalid_request_error",
            "param": "messages",
            "code": "empty_array",
        }
    }
    assert json.loads(encode_refusal(refusal_of(503, "x")))["error"]["code"] is None
    assert refusal_of(429, "x").code == "rate_limit_exceeded"


def test_errors_by_name() -> None:
    """The default is a failure of the server; another name is its message."""
    assert named_refusal("context-too-long").code == "context_length_exceeded"
    assert named_refusal("").status == 500
    assert (named_refusal("Oh.").status, named_refusal("Oh.").message) == (500, "Oh.")
