"""How strictly the simulator looks at what only Cursor's requests have."""

from __future__ import annotations

from dataclasses import dataclass

from cursor_api.simulator.cursor.refusals import UPDATE_REQUIRED

# The earlier program's list, and the models of the decoded traces.
KNOWN_MODELS = frozenset(
    {
        "cursor-small",
        "claude-3-opus",
        "cursor-fast",
        "gpt-3.5-turbo",
        "gpt-4-turbo-2024-04-09",
        "gpt-4",
        "gpt-4o",
        "gpt-4o-128k",
        "gemini-1.5-flash-500k",
        "claude-3-haiku-200k",
        "claude-3-5-sonnet-200k",
        "claude-3-5-sonnet-20240620",
        "claude-3-5-sonnet-20241022",
        "claude-3.7-sonnet-thinking",
        "gpt-4o-mini",
        "o1-mini",
        "o1-preview",
        "o1",
        "claude-3.5-haiku",
        "gemini-exp-1206",
        "gemini-2.0-flash-thinking-exp",
        "gemini-2.0-flash-exp",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How strictly a request is looked at.

    `strict_jwt` asks for three JWT parts and an `exp` that has not passed; the gateway's own files
    allow any opaque string, so the default asks only that there is one. `checksum_steps_max` is
    how many steps of 1,000 s the checksum's time may be off, None for any. An empty `models`
    allows every name.
    """

    strict_jwt: bool = False
    client_version_min: str = "0.42.0"
    outdated_number: int = UPDATE_REQUIRED  # or OUTDATED_CLIENT
    checksum_steps_max: int | None = 3
    models: frozenset[str] = KNOWN_MODELS
