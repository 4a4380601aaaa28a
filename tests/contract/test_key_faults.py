"""What every kind of upstream that is asked with a key makes of a refusal without known words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from cursor_api.domain.errors import Fault, FaultKind, Scope
from cursor_api.transport.refusals import FaultContext
from cursor_api.upstreams.anthropic import faults as anthropic
from cursor_api.upstreams.openai import faults as openai
from tests.openai_stage import CONTEXT

FaultOfAnswer = Callable[[int, Mapping[str, str], bytes, FaultContext], Fault]

JSON = {"content-type": "application/json"}


@pytest.fixture(params=[anthropic, openai], ids=["anthropic", "openai"])
def fault_of_answer(request: pytest.FixtureRequest) -> FaultOfAnswer:
    """How one kind reads an answer with any status but 200."""
    found: FaultOfAnswer = request.param.fault_of_answer
    return found


@pytest.mark.parametrize(
    "body", [b'{"error":{"message":"bad \\ud83d"}}', b'{"detail":"' + b"x" * 65_525]
)
def test_what_cannot_be_read_whole_is_still_the_callers_mistake(
    body: bytes, fault_of_answer: FaultOfAnswer
) -> None:
    """Half an emoji, or an error as long as the conversation: nothing is tried again."""
    fault = fault_of_answer(400, JSON, body, CONTEXT)
    assert (fault.kind, fault.scope) == (FaultKind.INVALID_REQUEST, Scope.REQUEST)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"errors":[{"message":"no"}]}', FaultKind.INVALID_REQUEST),
        (b'{"error_msg":"no"}', FaultKind.INVALID_REQUEST),
        (b"<html>", FaultKind.UPSTREAM_ERROR),
        (b"", FaultKind.UPSTREAM_ERROR),
    ],
)
def test_a_400_in_unknown_json_is_the_callers_mistake(
    body: bytes, kind: FaultKind, fault_of_answer: FaultOfAnswer
) -> None:
    """An API says so; anybody's page on the way to it is none."""
    fault = fault_of_answer(400, JSON, body, CONTEXT)
    assert fault.kind is kind
    assert "HTTP 400 with" in fault.message


def test_json_of_another_status_is_read_by_its_status(fault_of_answer: FaultOfAnswer) -> None:
    """A proxy on the way may answer in JSON, too."""
    assert fault_of_answer(503, JSON, b'{"no":1}', CONTEXT).kind is FaultKind.UPSTREAM_OVERLOADED
