"""What a simulator is set to, as frozen values with defaults."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cursor_api.simulator.cursor.refusals import UPDATE_REQUIRED
from cursor_api.simulator.faults import Faults
from cursor_api.simulator.scenario import Scenario

# The reference's list, and the models of the decoded traces.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """A simulator's address, manners and limits. Port 0 takes a free one.

    `scripts` gives single credentials faults of their own: one value for every request, or a row
    of them, of which each request uses up one and the last one stays. `choose`, where given, is
    asked for each request instead: from its credential and its question, how it is answered and
    with what text.
    """

    host: str = "127.0.0.1"
    port: int = 0
    faults: Faults = field(default_factory=Faults)
    scripts: Mapping[str, Faults | tuple[Faults, ...]] = field(default_factory=dict)
    choose: Callable[[str, str], tuple[Faults, Scenario]] | None = None
    gate: Gate = field(default_factory=Gate)
    scenario: Scenario = field(default_factory=Scenario)
    tls: ssl.SSLContext | None = None
    now_s: Callable[[], float] = time.time
    # A long conversation with images; the real limit is not known.
    request_bytes_max: int = 32 * 1024 * 1024
    # Whole conversations are kept for tests to look at; a soak run must not keep them all.
    requests_kept_max: int = 1000
    connections_max: int = 4096
    # As the load balancer in front of the real server: longer than a client keeps a connection.
    idle_timeout_s: float = 75.0
    # A request that does not arrive whole is given up after so long.
    request_timeout_s: float = 30.0
