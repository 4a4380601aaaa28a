"""Faults of whole answers, in the dialect of their address."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.dialects.openai_chat.dialect import OpenAiChat
from cursor_api.domain.errors import Fault, FaultKind, LineProblem
from cursor_api.options.said import Words
from cursor_api.ports.configuration import ShownFinding
from cursor_api.web.http.errors import NOTHING, Beside, DialectErrors, add_beside
from tests.unit.web.second_dialect import SecondDialect

PROBLEM = LineProblem("input", 2, "a space inside the token")


@pytest.mark.parametrize("prefix", ["", "/hf"])
def test_an_address_below_a_dialects_own_answers_in_that_dialect(prefix: str) -> None:
    """Whether anything is there or not; every other one answers in the first."""
    errors = DialectErrors((OpenAiChat(), SecondDialect()), prefix)
    fault = Fault(FaultKind.NOT_FOUND, "Nothing.")
    for path in ("/v1/second", "/v1/second/", "/v1/second/a/b", "/second/x"):
        assert errors.render(prefix + path, fault).status == 418, path
    for path in ("/v1/chat/completions", "/v1/secon", "/v1/seconds", "/", "", "/x/v1/second"):
        assert errors.render(prefix + path, fault).status == 404, path


# In words for people, and by a code for programs where the problem has one.
AS_TOLD = {
    "file": "input",
    "line": 2,
    "problem": "a space inside the token",
    "code": "",
    "value": "",
}


def test_lines_at_fault_stand_in_the_rendered_answer() -> None:
    """Beside the dialect's own error."""
    rendered = DialectErrors((OpenAiChat(),), "").render(
        "/", Fault(FaultKind.CONFLICT, "Bad lines."), Beside((PROBLEM,))
    )
    body = json.loads(rendered.body)
    assert body["error"]["code"] == "conflict"
    assert body["problems"] == [AS_TOLD]


def test_problems_stand_beside_the_error() -> None:
    """OpenAI's object stays as it is; programs read the list."""
    finding = ShownFinding("PORT", ".env:3", "is no port", Words("is no port", "不是端口"))
    body = add_beside(b'{"error":{"message":"x"}}', Beside((PROBLEM,), (finding,)))
    decoded: dict[str, Any] = json.loads(body)
    assert decoded == {
        "error": {"message": "x"},
        "problems": [AS_TOLD],
        "findings": [
            {
                "name": "PORT",
                "where": ".env:3",
                "text": "is no port",
                "words": {"en": "is no port", "zh": "不是端口"},
            }
        ],
    }
    assert add_beside(b"{}", NOTHING) == b"{}"
