"""Records for tests: one after the other, a second apart, as they would be of real requests."""

from __future__ import annotations

from typing import Any

from cursor_api.domain.deltas import FinishReason, Usage, UsageSource
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Attempt, RequestRecord, Status
from cursor_api.domain.record_content import RecordContent, Said, SaidKind

# 2025-10-25, a quarter past two in the morning of UTC.
BEGAN_AT = 1_761_358_500.0


def record_of(number: int, **changes: Any) -> RequestRecord:
    """The `number`th: answered in a second by 9 tokens to 10."""
    at = BEGAN_AT + number
    begun = RequestRecord(
        id=f"{int(at * 1000):012x}{number:020x}",
        started_at=at,
        caller="operator",
        model="gpt-4o",
        is_stream=True,
        status=Status.SUCCESS,
        credential_alias="work",
        credential_masked="user…9xYz",
        usage=Usage(10, 9, UsageSource.UPSTREAM),
        first_delta_ms=250.0,
        duration_ms=1000.0,
        attempts=(Attempt("work", at, None, 250.0, "fake"),),
        dialect="openai_chat",
        client="OpenAI/Python",
        endpoint="fake",
        model_served="gpt-4o",
        finish=FinishReason.STOP,
    )
    return begun._replace(**changes)


class Spoken:
    """Implements `Transcript` with what a test says, which is what is kept."""

    def __init__(
        self, request_id: str, prompt: str = "What is it?", answer: str = "A cat."
    ) -> None:
        self.id = request_id
        self.length = len(prompt) + len(answer)
        self._parts = (
            (Said("user", SaidKind.TEXT, prompt),),
            (Said("assistant", SaidKind.TEXT, answer),),
        )

    def content(self) -> RecordContent:
        """As it was said."""
        return RecordContent(self.id, *self._parts)


def failed_of(number: int, **changes: Any) -> RequestRecord:
    """One that two credentials refused."""
    at = BEGAN_AT + number
    return record_of(
        number,
        **{
            "status": Status.FAILED,
            "error": "The upstream says: slow down.",
            "error_kind": FaultKind.RATE_LIMITED,
            "usage": None,
            "first_delta_ms": None,
            "finish": None,
            "attempts": (
                Attempt("work", at, FaultKind.RATE_LIMITED, 20.0),
                Attempt("home", at + 0.02, FaultKind.RATE_LIMITED, 30.0),
            ),
            **changes,
        },
    )
