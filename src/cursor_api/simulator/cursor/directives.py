"""The words of the simulator's language that StreamChat can play: all, and one of its own."""

from __future__ import annotations

from cursor_api.simulator.cursor.refusals import UPDATE_REQUIRED
from cursor_api.simulator.directives import (
    ERROR_DIRECTIVES,
    FRAME_DIRECTIVES,
    NUMBERED_DIRECTIVES,
    STREAM_DIRECTIVES,
    Directive,
    DirectiveLanguage,
    always,
)

OUTDATED = Directive(
    "outdated",
    "outdated",
    'the refusal "Update Required"',
    always(error_before_text=1.0, error_number=UPDATE_REQUIRED),
)

LANGUAGE = DirectiveLanguage(
    (*ERROR_DIRECTIVES, *NUMBERED_DIRECTIVES, OUTDATED, *STREAM_DIRECTIVES, *FRAME_DIRECTIVES),
    "a session token",
)
