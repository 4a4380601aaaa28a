"""How long tools may take, and how many conversations keep their agents."""

from __future__ import annotations

from msgspec import Struct

from cursor_api.options.kinds import duration, whole
from cursor_api.options.setting import setting


class RunOptions(Struct, frozen=True):
    """Of runs that outlive a request. Durations are seconds."""

    # A run whose tool asks a person waits as long as that takes; the model's cache is gone after
    # five minutes in any case.
    tool_result_timeout_s: float = setting(
        "CURSOR_SDK_TOOL_RESULT_TIMEOUT_S",
        duration(1, 3600, "300s"),
        "300",
        "How long a tool call waits for the caller's result. A result that comes"
        " later starts a new run with the whole conversation as text.",
    )
    # Every answer with a call is late by this much; a call that comes later is part of the next
    # answer, which costs a round trip and no tokens.
    parallel_calls_wait_s: float = setting(
        "CURSOR_SDK_PARALLEL_CALLS_WAIT_S",
        duration(0.01, 30, "0.3s"),
        "0.3",
        "How long to wait, after a tool call, for another one of the same answer."
        " Later ones are part of the next answer.",
    )
    # Each is a request that Cursor's servers hold open, and an agent in the bridge.
    waiting_calls_max: int = setting(
        "CURSOR_SDK_WAITING_CALLS_MAX",
        whole(1, 10_000, 256),
        "256",
        "How many tool calls may wait for results at the same time. A caller who finds no room"
        " gets that of the one who has most, whose longest wait ends. Further ones are refused,"
        " and the model is told.",
        is_divided=True,
    )
    conversations_max: int = setting(
        "CURSOR_SDK_CONVERSATIONS_MAX",
        whole(0, 10_000, 64),
        "64",
        "How many conversations keep their agent for the next turn, so that history"
        " and prompt cache are real. When there are more, the oldest of the caller who has most"
        " ends. 0 sends each conversation as text.",
        is_divided=True,
    )
    conversation_idle_s: float = setting(
        "CURSOR_SDK_CONVERSATION_IDLE_S",
        duration(1, 86_400, "600s"),
        "600",
        "How long an agent is kept for a next turn.",
    )
