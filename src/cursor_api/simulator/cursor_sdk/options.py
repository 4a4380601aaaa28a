"""What the simulated bridge is set to, and what goes wrong with its runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from cursor_api.simulator.scenario import Scenario

# As the genuine bridge lists them: ids, names, and what can be set.
_EFFORT: Final = {
    "id": "effort",
    "displayName": "Effort",
    "values": [{"value": value} for value in ("low", "medium", "high")],
}
_FAST: Final = {
    "id": "fast",
    "displayName": "Fast",
    "values": [{"value": value} for value in ("false", "true")],
}
MODELS: Final[tuple[Mapping[str, Any], ...]] = (
    {"id": "auto", "displayName": "Auto"},
    {"id": "composer-2.5", "displayName": "Composer 2.5", "parameters": [_FAST]},
    {
        "id": "claude-opus-4.5",
        "displayName": "Claude Opus 4.5",
        "parameters": [_EFFORT, _FAST],
        "variants": [
            {
                "params": [{"id": "effort", "value": "high"}],
                "displayName": "Claude Opus 4.5 High",
                "isDefault": True,
            }
        ],
    },
)


class Refusal(NamedTuple):
    """A call that fails, as the bridge says it: an HTTP status and Connect's JSON."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeFaults:
    """What happens to runs. The defaults are a healthy, fast bridge."""

    create: Refusal | None = None
    create_delay_s: float = 0.0
    # The text of a run that ends with the status ERROR, after so many pieces of text.
    run_error: str = ""
    text_count: int = 0
    # In the middle of the run: the connection is reset; or it ends without a result.
    is_reset: bool = False
    is_cut: bool = False
    # Nothing but keep-alives for ever.
    is_silent: bool = False
    keepalive_s: float = 15.0
    # The bridge asks its backend again by itself, and says the beginning twice.
    is_repeated: bool = False
    has_unknown_items: bool = False
    # A call to a tool that nobody gave; the same call twice; so many bytes of arguments more.
    has_unknown_tool: bool = False
    is_call_repeated: bool = False
    argument_bytes: int = 0
    # A demand for a call is answered in words.
    is_demand_ignored: bool = False
    # Ends as CANCELLED though nobody asked for it.
    is_cancelled: bool = False
    # Text frames in a second; 0 is as fast as they are taken.
    tokens_per_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeOptions:
    """The bridge's address, its keys and its models. Port 0 takes a free one.

    An empty `api_keys` accepts any but those of `refusals`, which fail in CreateAgent as told.
    """

    host: str = "127.0.0.1"
    port: int = 0
    token: str = "simulated-bridge-token"  # noqa: S105 - protects nothing
    api_keys: frozenset[str] = frozenset()
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    models: tuple[Mapping[str, Any], ...] = MODELS
    faults: BridgeFaults = field(default_factory=BridgeFaults)
    scenario: Scenario = field(default_factory=Scenario)
    seed: int = 0
    # A long conversation with images.
    request_bytes_max: int = 64 << 20
    requests_kept_max: int = 1000
    # Where the adapter serves tools, as it is told at the start.
    tool_callback_url: str = ""
    tool_callback_token: str = ""
